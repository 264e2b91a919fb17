import Tensors

/// One file of weights in any format that FLUX.1 is published in: which parts of a model it holds, under the names that Models
/// ask for.
package struct ModelFile: Sendable {
  /// safetensors or GGUF, found by the first bytes.
  package enum Format: String, Sendable { case safetensors, gguf = "GGUF" }

  package let name: String
  package let format: Format
  package let byteCount: Int
  package let parts: [ModelPart: Checkpoint]
  /// Who named the tensors of a part: "BFL", "llama.cpp", or "diffusers" for names that are ours already.
  package let layouts: [ModelPart: String]
  /// Tensors that belong to no part of FLUX.1.
  package let strangers: [String]
  /// Every tensor, as the file names it.
  package let entries: [String: Checkpoint.Entry]
  /// The same without those that only scale others.
  package let weights: [String: Checkpoint.Entry]
  package let metadata: [String: String]

  package init(_ file: FileBytes) throws {
    let isGGUF = withExtendedLifetime(file.storage) { Array(file.bytes.prefix(4)) == GGUF.magic }
    if isGGUF {
      let contents = try GGUF.contents(of: file)
      (format, entries, metadata) = (.gguf, contents.entries, contents.metadata.compactMapValues(\.text))
    } else {
      (format, entries, metadata) = (.safetensors, try Safetensors.entries(of: file), try Safetensors.metadata(of: file))
    }
    (name, byteCount) = (file.name, file.count)
    weights = try ScaledWeights.resolved(entries, metadata, file.name)
    let sorted = Self.sorted(weights)
    strangers = sorted.strangers
    var parts: [ModelPart: Checkpoint] = [:], layouts: [ModelPart: String] = [:]
    for (part, entries) in sorted.parts {
      let (map, layout) = Self.map(part, entries)
      parts[part] = Checkpoint(name: file.name, entries: try map.mapped(entries, file.name), original: map.original)
      layouts[part] = layout
    }
    (self.parts, self.layouts) = (parts, layouts)
  }

  package init(path: String) throws { try self.init(FileBytes(mapping: path)) }

  /// Endings of files that may be opened by this.
  package static let endings = [".safetensors", ".gguf", ".sft"]
  package static func mayBe(_ path: String) -> Bool { endings.contains { path.lowercased().hasSuffix($0) } }

  /// What stands before the names of a part, where a file holds several or one came out of such a file.
  private static let prefixes: [(String, ModelPart)] = [
    ("model.diffusion_model.", .transformer), ("diffusion_model.", .transformer), ("model.model.diffusion_model.", .transformer),
    ("text_encoders.clip_l.transformer.", .clip), ("text_encoders.clip_l.", .clip), ("conditioner.embedders.0.transformer.", .clip),
    ("cond_stage_model.transformer.", .clip),
    ("text_encoders.t5xxl.transformer.", .t5), ("text_encoders.t5xxl.", .t5), ("first_stage_model.", .vae), ("vae.", .vae),
  ]

  /// How names of a part begin without a prefix; the first that fits counts.
  private static let beginnings: [(String, ModelPart)] = [
    ("double_blocks.", .transformer), ("single_blocks.", .transformer), ("img_in.", .transformer), ("txt_in.", .transformer),
    ("time_in.", .transformer), ("vector_in.", .transformer), ("guidance_in.", .transformer), ("final_layer.", .transformer),
    ("transformer_blocks.", .transformer), ("single_transformer_blocks.", .transformer), ("x_embedder.", .transformer),
    ("context_embedder.", .transformer), ("time_text_embed.", .transformer), ("norm_out.", .transformer), ("proj_out.", .transformer),
    ("text_model.", .clip), ("enc.", .t5), ("token_embd.", .t5), ("shared.", .t5), ("encoder.block.", .t5), ("encoder.final_layer_norm.", .t5),
    ("encoder.embed_tokens.", .t5), ("encoder.", .vae), ("decoder.conv", .vae), ("decoder.mid", .vae), ("decoder.up", .vae), ("decoder.norm_out.", .vae),
    ("quant_conv.", .vae), ("post_quant_conv.", .vae),
  ]

  private static func sorted(_ entries: [String: Checkpoint.Entry]) -> (parts: [ModelPart: [String: Checkpoint.Entry]], strangers: [String]) {
    var parts: [ModelPart: [String: Checkpoint.Entry]] = [:], strangers: [String] = []
    for (name, entry) in entries {
      if let (prefix, part) = prefixes.first(where: { name.hasPrefix($0.0) }) { parts[part, default: [:]][String(name.dropFirst(prefix.count))] = entry }
      else if let (_, part) = beginnings.first(where: { name.hasPrefix($0.0) }) { parts[part, default: [:]][name] = entry }
      else { strangers.append(name) }
    }
    if entries.keys.contains(where: { $0.contains("controlnet_") }), let transformer = parts.removeValue(forKey: .transformer) {
      strangers += transformer.values.map(\.origin)      // a ControlNet has blocks of the same names
    }
    // A few names in common are no part: each has a tensor that it cannot be without.
    let core: [ModelPart: [String]] = [
      .transformer: ["img_in.weight", "x_embedder.weight"], .clip: ["text_model.embeddings.token_embedding.weight"],
      .t5: ["token_embd.weight", "shared.weight", "encoder.embed_tokens.weight"], .vae: ["decoder.conv_in.weight"],
    ]
    for (part, entries) in parts where !(core[part] ?? []).contains(where: { entries[$0] != nil }) {
      strangers += entries.values.map(\.origin)
      parts[part] = nil
    }
    return (parts, strangers.sorted())
  }

  private static func map(_ part: ModelPart, _ entries: [String: Checkpoint.Entry]) -> (KeyMap, String) {
    switch part {
    case .transformer: entries["img_in.weight"] == nil ? (.ours, "diffusers") : (.transformer, "BFL")
    case .t5: entries["token_embd.weight"] == nil ? (.ours, "transformers") : (.t5, "llama.cpp")
    case .clip: (.ours, "transformers")
    case .vae: entries.keys.contains { $0.hasPrefix("decoder.up.") } ? (.vae, "BFL") : (.ours, "diffusers")
    }
  }

  /// Bytes by encoding, the most first.
  package var encodings: [(type: String, tensors: Int, bytes: Int)] {
    var sums: [String: (Int, Int)] = [:]
    for entry in entries.values {
      let (tensors, bytes) = sums[entry.type] ?? (0, 0)
      sums[entry.type] = (tensors + 1, bytes + entry.byteCount)
    }
    return sums.map { ($0.key, $0.value.0, $0.value.1) }.sorted { ($1.2, $0.0) < ($0.2, $1.0) }
  }
}
