import Checkpoints

// Sizes of text encoders whose file comes without a config.json, read from the tensors.

extension T5Configuration {
  package static func sizes(of weights: Checkpoint) throws -> KnownSizes {
    let table = try weights.shape(of: weights.entries["shared.weight"] == nil ? "encoder.embed_tokens.weight" : "shared.weight", axes: 2)
    let first = "encoder.block.0.layer"
    let bias = try weights.shape(of: "\(first).0.SelfAttention.relative_attention_bias.weight", axes: 2)
    let query = try weights.shape(of: "\(first).0.SelfAttention.q.weight", axes: 2), gate = try weights.shape(of: "\(first).1.DenseReluDense.wi_0.weight", axes: 2)
    guard query[0] % bias[1] == 0 else { throw CheckpointError.malformed(weights.name, "has queries of \(query[0]), which are no whole number of channels for \(bias[1]) heads") }
    return KnownSizes(["vocab_size": table[0], "d_model": table[1], "num_heads": bias[1], "d_kv": query[0] / bias[1], "d_ff": gate[0],
                       "num_layers": weights.count(of: "encoder.block"), "relative_attention_num_buckets": bias[0]],
                      assumed: ["feed_forward_proj": .text("gated-gelu")])
  }
}

extension CLIPConfiguration {
  /// How a layer's channels are cut into heads cannot be seen; CLIP-L's heads have 64.
  private static let published = (width: 768, depth: 64)

  package static func sizes(of weights: Checkpoint) throws -> KnownSizes {
    let start = weights.entries["text_model.embeddings.token_embedding.weight"] == nil ? "" : "text_model."
    let table = try weights.shape(of: "\(start)embeddings.token_embedding.weight", axes: 2), positions = try weights.shape(of: "\(start)embeddings.position_embedding.weight", axes: 2)
    let up = try weights.shape(of: "\(start)encoder.layers.0.mlp.fc1.weight", axes: 2), width = table[1]
    let values = ["vocab_size": table[0], "hidden_size": width, "max_position_embeddings": positions[0], "intermediate_size": up[0],
                  "num_hidden_layers": weights.count(of: "\(start)encoder.layers")]
    guard width == published.width else {
      return KnownSizes(values, complaint: "is no CLIP-L (768 channels): it has \(width), and how they are cut into heads is not in the file; put its config.json beside it, or name a base folder that has it")
    }
    return KnownSizes(values, assumed: ["num_attention_heads": .number(Double(width / published.depth))])
  }
}
