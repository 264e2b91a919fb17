import Checkpoints
import Tensors

/// The sizes of a CLIP text encoder, read from its config.json. Reference: transformers `CLIPTextModel`.
package struct CLIPConfiguration: Sendable, Equatable {
  package let width: Int
  let vocabulary: Int, positions: Int, heads: Int, layers: Int, hidden: Int
  let end: Int
  let epsilon: Float

  package init(_ settings: Settings) throws {
    vocabulary = try settings.whole("vocab_size", 1...10_000_000, standard: 49408)
    positions = try settings.whole("max_position_embeddings", 1...65536, standard: 77)
    width = try settings.whole("hidden_size", 1...65536, standard: 512)
    heads = try settings.whole("num_attention_heads", 1...1024, standard: 8)
    layers = try settings.whole("num_hidden_layers", 0...1024, standard: 12)
    hidden = try settings.whole("intermediate_size", 1...1_048_576, standard: 2048)
    end = try settings.whole("eos_token_id", 0...10_000_000, standard: 49407)
    epsilon = Float(try settings.real("layer_norm_eps", standard: 1e-5))
    try settings.expect("hidden_act", "quick_gelu", standard: "quick_gelu")
    guard width % heads == 0 else { throw CheckpointError.setting(settings.file, "num_attention_heads", "must divide hidden_size (\(width)), got \(heads)") }
  }
}

/// CLIP's text encoder: a prompt's tokens become one pooled vector. Radford et al. 2021; reference: transformers `CLIPTextModel`.
package struct CLIPTextEncoder: Sendable {
  package let configuration: CLIPConfiguration
  private let tokens: Rows, positions: Tensor
  private(set) var layers: [CLIPLayer]
  private let lastGain: Tensor, lastOffset: Tensor

  package init(_ all: Weights, _ c: CLIPConfiguration) throws {
    configuration = c
    let weights = all.has("text_model.embeddings.token_embedding.weight") ? all["text_model"] : all
    tokens = try weights["embeddings"].rows("token_embedding.weight", [c.vocabulary, c.width])
    positions = try weights["embeddings"].tensor("position_embedding.weight", [c.positions, c.width])
    try weights["encoder"].expect(c.layers, of: "layers", "num_hidden_layers")
    let sizes = CLIPLayer.Sizes(width: c.width, heads: c.heads, hidden: c.hidden, epsilon: c.epsilon, activation: .quick)
    layers = try (0..<c.layers).map { try CLIPLayer(weights["encoder"]["layers", $0], sizes) }
    lastGain = try weights.tensor("final_layer_norm.weight", [c.width])
    lastOffset = try weights.tensor("final_layer_norm.bias", [c.width])
  }

  /// Every token's last state, [ids.count, width]. `observe` sees the state after each layer.
  package func states(_ ids: [Int], cancellation: Cancellation? = nil, observe: (Tensor) -> Void = { _ in }) throws -> Tensor {
    guard ids.count <= configuration.positions else {
      throw CheckpointError.malformed("the CLIP tokenizer", "gives \(ids.count) tokens, but the text encoder has \(configuration.positions) positions")
    }
    let mask = causalMask(ids.count)
    var x = try embedded(ids, tokens)
    x.add(positions[0..<ids.count])
    for layer in layers {
      try cancellation?.check()
      try layer(&x, mask: mask)
      observe(x)
    }
    return x.layerNorm(gain: lastGain, offset: lastOffset, epsilon: configuration.epsilon, as: .f32).tensor
  }

  /// The state at the end of the text, [width].
  package func callAsFunction(_ ids: [Int], cancellation: Cancellation? = nil) throws -> Tensor {
    try states(ids, cancellation: cancellation)[end(of: ids)]
  }

  /// Published configurations say `eos_token_id: 2`, which is wrong; for those the end is the first of the greatest ids.
  private func end(of ids: [Int]) -> Int {
    let wanted = configuration.end == 2 ? ids.max() : configuration.end
    return ids.firstIndex { $0 == wanted } ?? 0
  }

  /// A token sees itself and what came before. [1, tokens, tokens]
  private func causalMask(_ tokens: Int) -> Tensor {
    Tensor([1, tokens, tokens], (0..<tokens * tokens).map { $0 % tokens > $0 / tokens ? -.greatestFiniteMagnitude : 0 })
  }
}

/// Attention, then a feed-forward, each behind a layer norm: of CLIP, and of the towers that came after it.
struct CLIPLayer: Sendable {
  struct Sizes: Sendable {
    /// Of GELU: by a sigmoid or by a hyperbolic tangent.
    enum Activation { case quick, tanh }
    let width: Int, heads: Int, hidden: Int
    let epsilon: Float
    let activation: Activation
  }

  private let sizes: Sizes
  private let norm1: (gain: Tensor, offset: Tensor), norm2: (gain: Tensor, offset: Tensor)
  private var qkv: Linear, out: Linear, up: Linear, down: Linear

  init(_ weights: Weights, _ c: Sizes) throws {
    sizes = c
    func norm(_ name: String) throws -> (Tensor, Tensor) {
      (try weights.tensor("\(name).weight", [c.width]), try weights.tensor("\(name).bias", [c.width]))
    }
    norm1 = try norm("layer_norm1")
    norm2 = try norm("layer_norm2")
    let attention = weights["self_attn"]
    qkv = try attention.linear([("q_proj", c.width), ("k_proj", c.width), ("v_proj", c.width)], inputs: c.width)
    out = try attention.linear("out_proj", inputs: c.width, outputs: c.width)
    up = try weights["mlp"].linear("fc1", inputs: c.width, outputs: c.hidden)
    down = try weights["mlp"].linear("fc2", inputs: c.hidden, outputs: c.width)
  }

  func callAsFunction(_ x: inout Tensor, mask: Tensor? = nil) throws {
    let c = sizes, depth = c.width / c.heads
    let made = try qkv(x.layerNorm(gain: norm1.gain, offset: norm1.offset, epsilon: c.epsilon, as: qkv.intake))
    let heads = (0..<3).map { index in
      let heads = Heads(heads: c.heads, tokens: x.rows, depth: depth, encoding: qkv.intake.heads)
      heads.write(made, column: index * c.width, first: 0)
      return heads
    }
    x.add(try out(Attention(scale: 1 / Float(depth).squareRoot(), bias: mask)(heads[0], heads[1], heads[2])))

    let normed = x.layerNorm(gain: norm2.gain, offset: norm2.offset, epsilon: c.epsilon, as: up.intake)
    let hidden = try up(normed)
    x.add(try down(c.activation == .quick ? hidden.geluQuick(as: down.intake) : hidden.geluTanh(as: down.intake)))
  }
}

extension CLIPTextEncoder: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    for index in layers.indices { try layers[index].changeLayers(change) }
  }
}

extension CLIPLayer: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try change(&qkv)
    try change(&out)
    try change(&up)
    try change(&down)
  }
}
