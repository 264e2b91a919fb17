/// What other layouts call the tensors that Models ask for, as data: one rule a line.
///
/// `#` stands for an index, `~` for the same index counted from the end, `*` for the rest of the name. Names are matched without
/// their last part (weight, bias, scale), which stays; `scale`, as BFL calls a norm's weight, becomes `weight`.
package struct KeyMap: Sendable {
  /// What becomes of a tensor that several names share, or that is read otherwise.
  package enum Cut: Sendable { case whole, thirds, single, swapped }

  package struct Rule: Sendable {
    package let from: [Substring], to: [[Substring]], cut: Cut

    init(_ from: String, _ to: String..., cut: Cut = .whole) {
      self.from = from.split(separator: ".")
      self.to = to.map { $0.split(separator: ".") }
      self.cut = cut
    }
  }

  package let rules: [Rule]

  /// A rule that is for a name, with what its signs stand for, and the last part of the new names.
  private func match(_ name: String, _ pattern: (Rule) -> [[Substring]]) -> (rule: Rule, side: Int, signs: [Substring], rest: [Substring], last: Substring)? {
    var parts = name.split(separator: ".")
    guard let last = parts.popLast() else { return nil }
    for rule in rules {
      for (side, wanted) in pattern(rule).enumerated() {
        guard let (signs, rest) = Self.fit(parts, wanted) else { continue }
        return (rule, side, signs, rest, last)
      }
    }
    return nil
  }

  private static func fit(_ parts: [Substring], _ wanted: [Substring]) -> ([Substring], [Substring])? {
    var signs: [Substring] = []
    for (index, want) in wanted.enumerated() {
      if want == "*" { return (signs, Array(parts[min(index, parts.count)...])) }
      guard index < parts.count else { return nil }
      if want == "#" || want == "~" {
        guard !parts[index].isEmpty, parts[index].allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        signs.append(parts[index])
      } else if parts[index] != want { return nil }
    }
    return parts.count == wanted.count ? (signs, []) : nil
  }

  private static func filled(_ target: [Substring], _ signs: [Substring], _ rest: [Substring], _ last: Substring, count: Int) -> String {
    var signs = signs[...]
    var made: [Substring] = []
    for part in target {
      switch part {
      case "#": made.append(signs.popFirst() ?? "?")
      case "~": made.append(signs.popFirst().flatMap { Int($0) }.map { Substring("\(count - 1 - $0)") } ?? "?")
      case "*": made += rest
      default: made.append(part)
      }
    }
    return (made + [last == "scale" ? "weight" : last]).joined(separator: ".")
  }

  /// How many different indices stand where a rule's first sign is: what `~` counts from.
  private func count(_ names: some Sequence<String>, of pattern: [Substring]) -> Int {
    guard let sign = pattern.firstIndex(where: { $0 == "#" || $0 == "~" }) else { return 0 }
    let start = pattern[..<sign].joined(separator: ".") + "."
    return Set(names.filter { $0.hasPrefix(start) }.map { $0.dropFirst(start.count).prefix { $0 != "." } }).count
  }

  /// The entries under the names that Models ask for; what no rule knows keeps its name.
  func mapped(_ entries: [String: Checkpoint.Entry], _ file: String) throws -> [String: Checkpoint.Entry] {
    var made: [String: Checkpoint.Entry] = [:], counts: [[Substring]: Int] = [:]
    for (name, entry) in entries {
      guard let (rule, _, signs, rest, last) = match(name, { [$0.from] }) else { made[name] = entry; continue }
      var total = 0
      if rule.to[0].contains("~") {
        total = counts[rule.from] ?? count(entries.keys, of: rule.from)
        counts[rule.from] = total
      }
      let names = rule.to.map { Self.filled($0, signs, rest, last, count: total) }
      let cuts = try cut(entry, rule, names.count) {
        let stem = name.dropLast(last.count)
        return entries[stem + "weight"]?.shape.last
      }
      guard let cuts else { throw CheckpointError.malformed(file, "tensor '\(entry.origin)' of shape \(entry.shape) cannot be cut into \(names.count) parts; is the file damaged?") }
      for (name, part) in zip(names, cuts) { made[name] = part }
    }
    return made
  }

  /// The pieces of a tensor; nil where it cannot be cut so.
  private func cut(_ entry: Checkpoint.Entry, _ rule: Rule, _ count: Int, width: () -> Int?) throws -> [Checkpoint.Entry]? {
    let length = entry.shape.first ?? 0
    switch rule.cut {
    case .whole:
      var whole = entry
      // A 1×1 convolution is a matrix to us.
      if rule.to[0].contains("attentions"), entry.shape.count == 4, entry.shape[2...] == [1, 1] { whole.shape = Array(entry.shape[..<2]) }
      return [whole]
    case .thirds:
      guard length > 0, length % 3 == 0, entry.count % length == 0 else { return nil }
      return (0..<3).map { entry.slices($0 * length / 3..<($0 + 1) * length / 3) }
    case .single:
      guard let width = width(), width > 0, 3 * width < length, entry.count % length == 0 else { return nil }
      return (0..<3).map { entry.slices($0 * width..<($0 + 1) * width) } + [entry.slices(3 * width..<length)]
    case .swapped:
      guard length > 0, length % 2 == 0, entry.count % 2 == 0 else { return nil }
      var swapped = entry
      swapped.swapsHalves = true
      return [swapped]
    }
  }

  /// What the file would call a tensor that Models ask for.
  func original(_ name: String) -> String {
    guard let (rule, _, signs, rest, last) = match(name, \.to) else { return name }
    let isNorm = rule.from.last.map { $0.hasSuffix("_norm") && rule.from.contains("norm") } ?? false
    // An index counted from the end is counted from the end again; FLUX.1's autoencoder has four resolutions.
    let reversed = rule.to[0].contains("~") && signs.count > 0 ? [Substring("\(3 - (Int(signs[0]) ?? 0))")] + signs.dropFirst() : signs
    let made = Self.filled(rule.from, reversed, rest, last, count: 0)
    return isNorm && last == "weight" ? String(made.dropLast(6)) + "scale" : made
  }
}

// The layouts.
extension KeyMap {
  /// Names that are ours already: diffusers' and transformers'.
  static let ours = KeyMap(rules: [])

  /// BFL's transformer, which ComfyUI, city96 and stable-diffusion.cpp keep.
  package static let transformer = KeyMap(rules: [
    Rule("img_in", "x_embedder"), Rule("txt_in", "context_embedder"),
    Rule("time_in.in_layer", "time_text_embed.timestep_embedder.linear_1"), Rule("time_in.out_layer", "time_text_embed.timestep_embedder.linear_2"),
    Rule("vector_in.in_layer", "time_text_embed.text_embedder.linear_1"), Rule("vector_in.out_layer", "time_text_embed.text_embedder.linear_2"),
    Rule("guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_1"), Rule("guidance_in.out_layer", "time_text_embed.guidance_embedder.linear_2"),
    Rule("double_blocks.#.img_mod.lin", "transformer_blocks.#.norm1.linear"),
    Rule("double_blocks.#.txt_mod.lin", "transformer_blocks.#.norm1_context.linear"),
    Rule("double_blocks.#.img_attn.qkv", "transformer_blocks.#.attn.to_q", "transformer_blocks.#.attn.to_k", "transformer_blocks.#.attn.to_v", cut: .thirds),
    Rule("double_blocks.#.txt_attn.qkv", "transformer_blocks.#.attn.add_q_proj", "transformer_blocks.#.attn.add_k_proj", "transformer_blocks.#.attn.add_v_proj", cut: .thirds),
    Rule("double_blocks.#.img_attn.norm.query_norm", "transformer_blocks.#.attn.norm_q"),
    Rule("double_blocks.#.img_attn.norm.key_norm", "transformer_blocks.#.attn.norm_k"),
    Rule("double_blocks.#.txt_attn.norm.query_norm", "transformer_blocks.#.attn.norm_added_q"),
    Rule("double_blocks.#.txt_attn.norm.key_norm", "transformer_blocks.#.attn.norm_added_k"),
    Rule("double_blocks.#.img_attn.proj", "transformer_blocks.#.attn.to_out.0"), Rule("double_blocks.#.txt_attn.proj", "transformer_blocks.#.attn.to_add_out"),
    Rule("double_blocks.#.img_mlp.0", "transformer_blocks.#.ff.net.0.proj"), Rule("double_blocks.#.img_mlp.2", "transformer_blocks.#.ff.net.2"),
    Rule("double_blocks.#.txt_mlp.0", "transformer_blocks.#.ff_context.net.0.proj"), Rule("double_blocks.#.txt_mlp.2", "transformer_blocks.#.ff_context.net.2"),
    Rule("single_blocks.#.modulation.lin", "single_transformer_blocks.#.norm.linear"),
    Rule("single_blocks.#.linear1", "single_transformer_blocks.#.attn.to_q", "single_transformer_blocks.#.attn.to_k", "single_transformer_blocks.#.attn.to_v",
         "single_transformer_blocks.#.proj_mlp", cut: .single),
    Rule("single_blocks.#.linear2", "single_transformer_blocks.#.proj_out"),
    Rule("single_blocks.#.norm.query_norm", "single_transformer_blocks.#.attn.norm_q"), Rule("single_blocks.#.norm.key_norm", "single_transformer_blocks.#.attn.norm_k"),
    Rule("final_layer.linear", "proj_out"),
    // BFL keeps (shift, scale) here, diffusers (scale, shift).
    Rule("final_layer.adaLN_modulation.1", "norm_out.linear", cut: .swapped),
  ])

  /// A ControlNet as XLabs publishes it: BFL's blocks, and convolutions with SiLU between them counted, too.
  package static let xlabsControlNet = KeyMap(rules: transformer.rules + [
    Rule("pos_embed_input", "controlnet_x_embedder"), Rule("input_hint_block.0", "input_hint_block.conv_in"), Rule("input_hint_block.14", "input_hint_block.conv_out"),
  ] + (0..<6).map { Rule("input_hint_block.\(2 * $0 + 2)", "input_hint_block.blocks.\($0)") })

  /// llama.cpp's T5.
  package static let t5 = KeyMap(rules: [
    Rule("token_embd", "shared"), Rule("enc.output_norm", "encoder.final_layer_norm"),
    Rule("enc.blk.#.attn_q", "encoder.block.#.layer.0.SelfAttention.q"), Rule("enc.blk.#.attn_k", "encoder.block.#.layer.0.SelfAttention.k"),
    Rule("enc.blk.#.attn_v", "encoder.block.#.layer.0.SelfAttention.v"), Rule("enc.blk.#.attn_o", "encoder.block.#.layer.0.SelfAttention.o"),
    Rule("enc.blk.#.attn_rel_b", "encoder.block.#.layer.0.SelfAttention.relative_attention_bias"),
    Rule("enc.blk.#.attn_norm", "encoder.block.#.layer.0.layer_norm"), Rule("enc.blk.#.ffn_norm", "encoder.block.#.layer.1.layer_norm"),
    Rule("enc.blk.#.ffn_gate", "encoder.block.#.layer.1.DenseReluDense.wi_0"), Rule("enc.blk.#.ffn_up", "encoder.block.#.layer.1.DenseReluDense.wi_1"),
    Rule("enc.blk.#.ffn_down", "encoder.block.#.layer.1.DenseReluDense.wo"),
  ])

  /// BFL's autoencoder, `ae.safetensors`.
  static let vae = KeyMap(rules: ["encoder", "decoder"].flatMap { half in [
    Rule("\(half).norm_out", "\(half).conv_norm_out"),
    Rule("\(half).mid.block_1.*", "\(half).mid_block.resnets.0.*"), Rule("\(half).mid.block_2.*", "\(half).mid_block.resnets.1.*"),
    Rule("\(half).mid.attn_1.norm", "\(half).mid_block.attentions.0.group_norm"),
    Rule("\(half).mid.attn_1.q", "\(half).mid_block.attentions.0.to_q"), Rule("\(half).mid.attn_1.k", "\(half).mid_block.attentions.0.to_k"),
    Rule("\(half).mid.attn_1.v", "\(half).mid_block.attentions.0.to_v"), Rule("\(half).mid.attn_1.proj_out", "\(half).mid_block.attentions.0.to_out.0"),
  ] } + [
    Rule("encoder.down.#.block.#.nin_shortcut", "encoder.down_blocks.#.resnets.#.conv_shortcut"), Rule("encoder.down.#.block.#.*", "encoder.down_blocks.#.resnets.#.*"),
    Rule("encoder.down.#.downsample.conv", "encoder.down_blocks.#.downsamplers.0.conv"),
    Rule("decoder.up.#.block.#.nin_shortcut", "decoder.up_blocks.~.resnets.#.conv_shortcut"), Rule("decoder.up.#.block.#.*", "decoder.up_blocks.~.resnets.#.*"),
    Rule("decoder.up.#.upsample.conv", "decoder.up_blocks.~.upsamplers.0.conv"),
  ])
}
