import Checkpoints

// Sizes of parts whose file comes without a config.json, read from the tensors.

extension FluxConfiguration {
  /// How a head's channels are shared between the axes cannot be seen; FLUX.1 has heads of 128, shared so.
  private static let published = (depth: 128, axes: [16, 56, 56])

  package static func sizes(of weights: Checkpoint) throws -> KnownSizes {
    try sizes(of: weights, ["out_channels": weights.shape(of: "proj_out.weight", axes: 2)[0]])
  }

  /// - Parameter more: what is not common to a transformer and a ControlNet
  static func sizes(of weights: Checkpoint, _ more: [String: Int]) throws -> KnownSizes {
    let input = try weights.shape(of: "x_embedder.weight", axes: 2), text = try weights.shape(of: "context_embedder.weight", axes: 2)
    let pooled = try weights.shape(of: "time_text_embed.text_embedder.linear_1.weight", axes: 2)
    let double = weights.count(of: "transformer_blocks"), single = weights.count(of: "single_transformer_blocks")
    let norm = try weights.shape(of: double > 0 ? "transformer_blocks.0.attn.norm_q.weight" : "single_transformer_blocks.0.attn.norm_q.weight", axes: 1)
    let width = input[0], depth = norm[0]
    guard width % depth == 0 else { throw CheckpointError.malformed(weights.name, "has a width of \(width), which is no whole number of heads of \(depth)") }
    let values = ["num_attention_heads": width / depth, "attention_head_dim": depth, "num_layers": double, "num_single_layers": single,
                  "in_channels": input[1], "joint_attention_dim": text[1], "pooled_projection_dim": pooled[1]].merging(more) { $1 }
    let guidance = ["guidance_embeds": weights.entries["time_text_embed.guidance_embedder.linear_1.weight"] != nil]
    guard depth == published.depth else {
      return KnownSizes(values, flags: guidance, complaint: "has heads of \(depth), and how those turn with a position is not in the file: put the model's config.json beside it, or name a base folder that has it")
    }
    return KnownSizes(values, flags: guidance, assumed: ["axes_dims_rope": .list(published.axes.map { .number(Double($0)) })])
  }

  /// What kind of FLUX.1 it is: seen by its inputs, and by whether it is told the guidance.
  package var kind: String {
    switch inputs {
    case 2 * outputs: "control"
    case 6 * outputs: "fill"
    default: hasGuidance ? "dev" : "schnell"
    }
  }
}

extension ControlNetConfiguration {
  package static func sizes(of weights: Checkpoint) throws -> KnownSizes {
    let hint = "\(ControlHint.name).conv_out.weight"
    var more: [String: Int] = [:]
    if weights.entries[ControlNet.modeName] != nil { more["num_mode"] = try weights.shape(of: ControlNet.modeName, axes: 2)[0] }
    if weights.entries[hint] != nil { (more["conditioning_embedding_channels"], more["patch_size"]) = (try weights.shape(of: hint, axes: 4)[0], 2) }
    return try FluxConfiguration.sizes(of: weights, more)
  }
}

extension AutoEncoderConfiguration {
  /// Reference: config.json of FLUX.1's autoencoder.
  private static let published = (latents: 16, groups: 32, scale: 0.3611, shift: 0.1159)

  package static func sizes(of weights: Checkpoint) throws -> KnownSizes {
    let blocks = weights.count(of: "decoder.up_blocks")
    guard blocks > 0 else { throw CheckpointError.malformed(weights.name, "holds no decoder of an autoencoder") }
    let channels = try (0..<blocks).reversed().map { try weights.shape(of: "decoder.up_blocks.\($0).resnets.0.conv1.weight", axes: 4)[0] }
    let latents = try weights.shape(of: "decoder.conv_in.weight", axes: 4)[1], picture = try weights.shape(of: "decoder.conv_out.weight", axes: 4)[0]
    let values = ["layers_per_block": weights.count(of: "decoder.up_blocks.0.resnets") - 1, "latent_channels": latents, "out_channels": picture]
    let flags = ["mid_block_add_attention": weights.count(of: "decoder.mid_block.attentions") > 0, "use_quant_conv": weights.entries["quant_conv.weight"] != nil,
                 "use_post_quant_conv": weights.entries["post_quant_conv.weight"] != nil]
    guard latents == published.latents, channels.allSatisfy({ $0 % published.groups == 0 }) else {
      return KnownSizes(values, flags: flags, lists: ["block_out_channels": channels],
                        complaint: "is no autoencoder of FLUX.1 (16 latent channels, others in 32 groups): it has \(latents) latent channels, and \(channels) others; put its config.json beside it if it should be used")
    }
    return KnownSizes(values, flags: flags, lists: ["block_out_channels": channels], assumed: [
      "norm_num_groups": .number(Double(published.groups)), "scaling_factor": .number(published.scale), "shift_factor": .number(published.shift),
    ])
  }
}
