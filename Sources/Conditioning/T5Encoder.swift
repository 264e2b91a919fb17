import Checkpoints
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// The sizes of a T5 encoder, read from its config.json. Reference: transformers `T5EncoderModel`.
package struct T5Configuration: Sendable, Equatable {
  package let width: Int
  let vocabulary: Int, headDepth: Int
  package let heads: Int
  package let hidden: Int
  package let layers: Int
  let buckets: Int, maxDistance: Int
  let epsilon: Float

  package init(_ settings: Settings) throws {
    vocabulary = try settings.whole("vocab_size", 1...10_000_000)
    width = try settings.whole("d_model", 1...65536)
    headDepth = try settings.whole("d_kv", 1...4096)
    heads = try settings.whole("num_heads", 1...1024)
    layers = try settings.whole("num_layers", 0...1024)
    hidden = try settings.whole("d_ff", 1...1_048_576)
    buckets = try settings.whole("relative_attention_num_buckets", 4...4096, standard: 32)
    maxDistance = try settings.whole("relative_attention_max_distance", 2...1_048_576, standard: 128)
    epsilon = Float(try settings.real("layer_norm_epsilon", standard: 1e-6))
    // T5 v1.1; version 1.0 has one ReLU matrix instead of two gated ones.
    try settings.expect("feed_forward_proj", "gated-gelu", standard: "relu")
  }
}

extension T5Configuration {
  /// Operations for a prompt, multiplications and additions each, by its products.
  package func operations(tokens: Int, layers: Int? = nil) -> Double {
    let inner = Double(heads * headDepth), matrices = Double(width) * (4 * inner + 3 * Double(hidden))
    return 2 * Double(min(layers ?? self.layers, self.layers)) * Double(tokens) * (matrices + 2 * Double(tokens) * inner)
  }
}

/// The encoder of T5 v1.1: a prompt's tokens, padding included, become a sequence of vectors.
/// Raffel et al. 2020; reference: transformers `T5EncoderModel`.
package struct T5Encoder: Sendable {
  package let configuration: T5Configuration
  private let embeddings: Rows
  private let bias: Tensor                // [buckets, heads]
  private(set) var blocks: [T5Block]
  private let lastNorm: Tensor

  /// - Parameter layers: fewer than there are, for whoever only wants to know how long they take
  package init(_ weights: Weights, _ c: T5Configuration, layers: Int? = nil, progress: (Double) throws -> Void = { _ in }) throws {
    let layers = min(layers ?? c.layers, c.layers)
    configuration = c
    let shared = weights.has("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight"
    embeddings = try weights.rows(shared, [c.vocabulary, c.width])
    let stack = weights["encoder"]
    bias = try stack["block", 0]["layer", 0]["SelfAttention"].tensor("relative_attention_bias.weight", [c.buckets, c.heads])
    try stack.expect(c.layers, of: "block", "num_layers")
    blocks = try (0..<layers).map {
      try progress(Double($0) / Double(layers))
      return try T5Block(stack["block", $0], c)
    }
    lastNorm = try stack.tensor("final_layer_norm.weight", [c.width])
  }

  /// - Parameter ids: token ids, padded: padding takes part in attention, as FLUX.1 was trained.
  /// - Parameter observe: sees the state after each block.
  /// - Returns: [ids.count, width]
  package func callAsFunction(_ ids: [Int], cancellation: Cancellation? = nil, observe: (Tensor) -> Void = { _ in }) throws -> Tensor {
    let bias = positionBias(ids.count)
    var x = try embedded(ids, embeddings)
    for block in blocks {
      try cancellation?.check()
      try block(&x, bias: bias)
      observe(x)
    }
    return x.rmsNorm(gain: lastNorm, epsilon: configuration.epsilon, as: .f32).tensor
  }

  /// What is added to the scores of query i and key j: learned, by the bucket that j − i falls in. [heads, tokens, tokens]
  package func positionBias(_ tokens: Int) -> Tensor {
    let c = configuration, values = bias.values
    let byDistance = (1 - tokens..<max(tokens, 1)).map { bucket($0) }        // distance d at index d + tokens − 1
    var made = Tensor(uninitialized: [c.heads, tokens, tokens])
    made.withMutableFloats { floats in
      for head in 0..<c.heads { for i in 0..<tokens { for j in 0..<tokens {
        floats[(head * tokens + i) * tokens + j] = values[byDistance[j - i + tokens - 1] * c.heads + head]
      } } }
    }
    return made
  }

  /// Half of the buckets for keys after the query; of each half, one half exact and the rest logarithmic, in f32.
  private func bucket(_ distance: Int) -> Int {
    let half = configuration.buckets / 2, exact = half / 2, far = abs(distance)
    let side = distance > 0 ? half : 0
    if far < exact { return side + far }
    let share = logf(Float(far) / Float(exact)) / Float(log(Double(configuration.maxDistance) / Double(exact)))
    return side + min(exact + Int(share * Float(half - exact)), half - 1)
  }
}

/// Attention, then a gated feed-forward, each behind an RMS norm.
struct T5Block: Sendable {
  private let configuration: T5Configuration
  private let attentionNorm: Tensor, feedNorm: Tensor
  private var qkv: Linear, out: Linear
  private var gates: Linear, down: Linear         // gates: [wi_0 | wi_1]

  init(_ weights: Weights, _ c: T5Configuration) throws {
    configuration = c
    let attention = weights["layer", 0]["SelfAttention"], feed = weights["layer", 1]["DenseReluDense"], inner = c.heads * c.headDepth
    attentionNorm = try weights["layer", 0].tensor("layer_norm.weight", [c.width])
    qkv = try attention.linear([("q", inner), ("k", inner), ("v", inner)], inputs: c.width, bias: false)
    out = try attention.linear("o", inputs: inner, outputs: c.width, bias: false)
    feedNorm = try weights["layer", 1].tensor("layer_norm.weight", [c.width])
    gates = try feed.linear([("wi_0", c.hidden), ("wi_1", c.hidden)], inputs: c.width, bias: false)
    down = try feed.linear("wo", inputs: c.hidden, outputs: c.width, bias: false)
  }

  func callAsFunction(_ x: inout Tensor, bias: Tensor) throws {
    let c = configuration
    let made = try qkv(x.rmsNorm(gain: attentionNorm, epsilon: c.epsilon, as: qkv.intake))
    let heads = (0..<3).map { index in
      let heads = Heads(heads: c.heads, tokens: x.rows, depth: c.headDepth, encoding: qkv.intake.heads)
      heads.write(made, column: index * c.heads * c.headDepth, first: 0)
      return heads
    }
    // T5 does not divide by √depth.
    x.add(try out(Attention(scale: 1, bias: bias)(heads[0], heads[1], heads[2])))

    let gated = try gates(x.rmsNorm(gain: feedNorm, epsilon: c.epsilon, as: gates.intake))
    x.add(try down(gated.geluGated(c.hidden, as: down.intake)))
  }
}

/// Rows of an embedding table, in f32.
func embedded(_ ids: [Int], _ table: Rows) throws -> Tensor {
  if let wrong = ids.first(where: { !(0..<table.count).contains($0) }) {
    throw CheckpointError.malformed("the tokenizer", "gives token \(wrong), but the text encoder knows \(table.count); do the two belong together?")
  }
  return try Tensor.concatenated(ids.map { try table[$0..<$0 + 1].tensor() })
}

extension T5Encoder: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    for index in blocks.indices { try blocks[index].changeLayers(change) }
  }
}

extension T5Block: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try change(&qkv)
    try change(&out)
    try change(&gates)
    try change(&down)
  }
}
