import Checkpoints

// How adapters call the layers of FLUX.1, as data.

/// A way to write the name of a layer, or of several that lie in one matrix there: `double_blocks.#.img_attn.qkv`.
struct LayerName: Sendable {
  private let pattern: [UInt8]
  /// What Models call it; `#` are the pattern's own, in order.
  private let targets: [String]
  /// Whether the outputs' halves are the other way round there.
  let swapsHalves: Bool

  init(_ pattern: String, _ targets: [String], swapsHalves: Bool = false) {
    (self.pattern, self.targets, self.swapsHalves) = (Array(pattern.utf8), targets, swapsHalves)
  }

  /// The layers that a name stands for.
  /// - Parameter isFlat: whether the name has underscores for dots
  func layers(of name: [UInt8], isFlat: Bool) -> [String]? {
    var numbers: [String] = [], at = 0
    for sign in pattern {
      if sign == UInt8(ascii: "#") {
        let digits = name[at...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...4).contains(digits.count) else { return nil }
        numbers.append(String(decoding: digits, as: UTF8.self))
        at = digits.endIndex
      } else {
        guard at < name.count, name[at] == (isFlat && sign == UInt8(ascii: ".") ? UInt8(ascii: "_") : sign) else { return nil }
        at += 1
      }
    }
    guard at == name.count else { return nil }
    return targets.map { target in
      var rest = numbers[...]
      return target.split(separator: ".").map { $0 == "#" ? rest.popFirst() ?? "#" : String($0) }.joined(separator: ".")
    }
  }
}

extension LayerName {
  /// Black Forest Labs' names of the transformer's layers.
  static let bfl = KeyMap.transformer.rules.map { rule in
    LayerName(rule.from.joined(separator: "."), rule.to.map { $0.joined(separator: ".") }, swapsHalves: rule.cut == .swapped)
  }

  /// diffusers' names, which are ours.
  static let diffusers = KeyMap.transformer.rules.flatMap(\.to).map { own(Array($0)) }

  /// XLabs names attention processors: 1 is the picture's stream, 2 the text's.
  static let xlabs = [
    LayerName("double_blocks.#.processor.qkv_lora1", ["to_q", "to_k", "to_v"].map { "transformer_blocks.#.attn.\($0)" }),
    LayerName("double_blocks.#.processor.qkv_lora2", ["add_q_proj", "add_k_proj", "add_v_proj"].map { "transformer_blocks.#.attn.\($0)" }),
    LayerName("double_blocks.#.processor.proj_lora1", ["transformer_blocks.#.attn.to_out.0"]),
    LayerName("double_blocks.#.processor.proj_lora2", ["transformer_blocks.#.attn.to_add_out"]),
    LayerName("single_blocks.#.processor.qkv_lora", ["to_q", "to_k", "to_v"].map { "single_transformer_blocks.#.attn.\($0)" }),
    LayerName("single_blocks.#.processor.proj_lora", ["single_transformer_blocks.#.proj_out"]),
  ]

  /// transformers' names of CLIP's layers, with and without what stands before them all.
  static let clip = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2"].flatMap { layer in
    ["text_model.", ""].map { LayerName("\($0)encoder.layers.#.\(layer)", ["text_model.encoder.layers.#.\(layer)"]) }
  }

  /// transformers' names of T5's layers.
  static let t5 = KeyMap.t5.rules.flatMap(\.to).filter { $0.contains("#") }.map { own(Array($0)) }

  private static func own(_ parts: [Substring]) -> LayerName {
    let name = parts.joined(separator: ".")
    return LayerName(name, [name])
  }
}

/// Who wrote an adapter: what stands before the names of its layers, and whose names they are.
struct Dialect: Sendable {
  let name: String
  let prefix: String
  let part: ModelPart
  let layers: [LayerName]
  /// Whether names have underscores for dots.
  var isFlat = false

  /// Read from the top: the first that knows a name counts.
  static let all = [
    Dialect(name: "kohya", prefix: "lora_unet_", part: .transformer, layers: LayerName.bfl + LayerName.diffusers, isFlat: true),
    Dialect(name: "kohya", prefix: "lora_te1_", part: .clip, layers: LayerName.clip, isFlat: true),
    Dialect(name: "kohya", prefix: "lora_te3_", part: .t5, layers: LayerName.t5, isFlat: true),
    Dialect(name: "OneTrainer", prefix: "lora_transformer_", part: .transformer, layers: LayerName.diffusers + LayerName.bfl, isFlat: true),
    Dialect(name: "OneTrainer", prefix: "lora_te2_", part: .t5, layers: LayerName.t5, isFlat: true),
    Dialect(name: "SimpleTuner", prefix: "lycoris_", part: .transformer, layers: LayerName.diffusers + LayerName.bfl, isFlat: true),
    Dialect(name: "ComfyUI", prefix: "diffusion_model.", part: .transformer, layers: LayerName.bfl + LayerName.diffusers),
    Dialect(name: "ComfyUI", prefix: "text_encoders.clip_l.transformer.", part: .clip, layers: LayerName.clip),
    Dialect(name: "ComfyUI", prefix: "text_encoders.t5xxl.transformer.", part: .t5, layers: LayerName.t5),
    Dialect(name: "PEFT", prefix: "transformer.", part: .transformer, layers: LayerName.diffusers + LayerName.bfl),
    Dialect(name: "PEFT", prefix: "text_encoder.", part: .clip, layers: LayerName.clip),
    Dialect(name: "PEFT", prefix: "text_encoder_2.", part: .t5, layers: LayerName.t5),
    Dialect(name: "fal", prefix: "base_model.model.", part: .transformer, layers: LayerName.bfl + LayerName.diffusers),
    Dialect(name: "XLabs", prefix: "", part: .transformer, layers: LayerName.xlabs),
    Dialect(name: "BFL", prefix: "", part: .transformer, layers: LayerName.bfl),
    Dialect(name: "bare diffusers", prefix: "", part: .transformer, layers: LayerName.diffusers),
  ]

  /// The layers of this dialect's part that a name stands for, and whether their halves are swapped.
  func layers(of name: String) -> (names: [String], swapsHalves: Bool)? {
    guard name.hasPrefix(prefix) else { return nil }
    let rest = Array(name.utf8.dropFirst(prefix.utf8.count))
    for layer in layers {
      if let names = layer.layers(of: rest, isFlat: isFlat) { return (names, layer.swapsHalves) }
    }
    return nil
  }
}

/// What a tensor of an adapter is to its layer, by the end of its name.
enum AdapterRole: Sendable {
  case down, up, downBias, bias, alpha, magnitude, whole, wholeBias
  /// What takes the place of a norm's gain.
  case gain
  case w1, w1a, w1b, w2, w2a, w2b, tucker

  static let endings: [(String, AdapterRole)] = [
    (".lora_A.weight", .down), (".lora_down.weight", .down), (".lora.down.weight", .down), (".lora_linear_layer.down.weight", .down), (".down.weight", .down),
    (".lora_B.weight", .up), (".lora_up.weight", .up), (".lora.up.weight", .up), (".lora_linear_layer.up.weight", .up), (".up.weight", .up),
    (".lora_A.bias", .downBias), (".lora_B.bias", .bias), (".alpha", .alpha), (".dora_scale", .magnitude), (".lora_magnitude_vector", .magnitude),
    (".lora_magnitude_vector.weight", .magnitude), (".diff", .whole), (".diff_b", .wholeBias),
    (".hada_w1_a", .w1a), (".hada_w1_b", .w1b), (".hada_w2_a", .w2a), (".hada_w2_b", .w2b), (".hada_t1", .tucker), (".hada_t2", .tucker),
    (".lokr_w1", .w1), (".lokr_w1_a", .w1a), (".lokr_w1_b", .w1b), (".lokr_w2", .w2), (".lokr_w2_a", .w2a), (".lokr_w2_b", .w2b), (".lokr_t2", .tucker),
  ] + norms.map { ("\($0).weight", .gain) } + [(".query_norm.scale", .gain), (".key_norm.scale", .gain)]

  /// How names of norms end that have a gain.
  static let norms = [".norm_q", ".norm_k", ".norm_added_q", ".norm_added_k"]

  /// A name as what stands before its ending, and what the ending says. PEFT puts the adapter's own name between `lora_A` and `weight`.
  static func read(_ name: String) -> (layer: String, role: AdapterRole)? {
    var plain = name
    for half in [".lora_A.", ".lora_B."] {
      if let found = name.range(of: half), name.hasSuffix(".weight") { plain = name[..<found.upperBound] + "weight" }
    }
    guard let (ending, role) = endings.first(where: { plain.hasSuffix($0.0) }) else { return nil }
    if role == .gain { return (String(plain.dropLast(ending.hasSuffix(".scale") ? 6 : 7)), role) }
    var layer = String(plain.dropLast(ending.count))
    // A norm's difference may stand behind its tensor's whole name.
    for more in [".weight", ".scale"] where role == .whole && layer.hasSuffix(more) { layer.removeLast(more.count) }
    return (layer, role)
  }
}

/// Adapters of other families, by a piece of a name that FLUX.1 has nowhere.
enum OtherFamily {
  static let signs: [(String, String)] = [
    ("lora_te2_text_model_", "SDXL"), ("to_qkv_mlp_proj", "FLUX.2"), ("stream_modulation", "FLUX.2"), ("joint_blocks", "Stable Diffusion 3"),
    ("context_block.", "Stable Diffusion 3"), (".img_mod.1", "Qwen-Image"), ("txt_mlp.net", "Qwen-Image"), ("blocks.0.cross_attn", "Wan"), ("blocks_0_cross_attn", "Wan"),
    ("context_refiner", "Z-Image or Lumina"), ("noise_refiner", "Z-Image or Lumina"), ("caption_projection", "PixArt or LTX"),
  ]
  static let unetSigns = ["down_blocks", "up_blocks", "input_blocks", "output_blocks", "mid_block", "middle_block"]
}
