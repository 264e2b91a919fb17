import Checkpoints
import Tensors

/// The sizes of a SigLIP vision tower, read from its config.json. Reference: transformers `SiglipVisionModel`.
package struct SigLIPConfiguration: Sendable, Equatable {
  package let width: Int
  /// Pixels of a side of the pictures that it takes, and of the patches that they are cut into.
  package let side: Int, patch: Int
  let heads: Int, layers: Int, hidden: Int
  let epsilon: Float

  package init(_ settings: Settings) throws {
    width = try settings.whole("hidden_size", 1...65536, standard: 768)
    side = try settings.whole("image_size", 1...4096, standard: 224)
    patch = try settings.whole("patch_size", 1...1024, standard: 16)
    heads = try settings.whole("num_attention_heads", 1...1024, standard: 12)
    layers = try settings.whole("num_hidden_layers", 0...1024, standard: 12)
    hidden = try settings.whole("intermediate_size", 1...1_048_576, standard: 3072)
    epsilon = Float(try settings.real("layer_norm_eps", standard: 1e-6))
    try settings.expect("hidden_act", "gelu_pytorch_tanh", standard: "gelu_pytorch_tanh")
    guard width % heads == 0 else { throw CheckpointError.setting(settings.file, "num_attention_heads", "must divide hidden_size (\(width)), got \(heads)") }
    guard patch <= side else { throw CheckpointError.setting(settings.file, "patch_size", "must not be above image_size (\(side)), got \(patch)") }
  }

  /// Patches of a side; pixels that are no whole patch are left out.
  package var patches: Int { side / patch }
  package var tokens: Int { patches * patches }

  /// Operations of one picture: 4·width² for attention and 2·width·hidden for each token and layer, and tokens²·width twice.
  package var operations: Double {
    let (tokens, width) = (Double(tokens), Double(width))
    return Double(layers) * 2 * tokens * (4 * width * width + 2 * width * Double(hidden) + 2 * tokens * width)
  }
}

/// SigLIP's vision tower: a picture becomes a state for each of its patches. Zhai et al. 2023; reference: transformers `SiglipVisionModel`.
package struct SigLIPEncoder: Sendable {
  package let configuration: SigLIPConfiguration
  private let patches: Linear, positions: Tensor
  private let layers: [CLIPLayer]
  private let lastGain: Tensor, lastOffset: Tensor

  package init(_ all: Weights, _ c: SigLIPConfiguration) throws {
    configuration = c
    let weights = all.has("vision_model.embeddings.patch_embedding.weight") ? all["vision_model"] : all
    let embeddings = weights["embeddings"]
    let kernel = try embeddings.rows("patch_embedding.weight", [c.width, 3, c.patch, c.patch])
    patches = Linear(try Matrix([kernel], precision: weights.precision), bias: try embeddings.tensor("patch_embedding.bias", [c.width]))
    positions = try embeddings.tensor("position_embedding.weight", [c.tokens, c.width])
    try weights["encoder"].expect(c.layers, of: "layers", "num_hidden_layers")
    let sizes = CLIPLayer.Sizes(width: c.width, heads: c.heads, hidden: c.hidden, epsilon: c.epsilon, activation: .tanh)
    layers = try (0..<c.layers).map { try CLIPLayer(weights["encoder"]["layers", $0], sizes) }
    lastGain = try weights.tensor("post_layernorm.weight", [c.width])
    lastOffset = try weights.tensor("post_layernorm.bias", [c.width])
  }

  /// Every patch's last state, [tokens, width], of a picture [side, side, 3] in [−1, 1].
  package func callAsFunction(_ picture: Tensor, cancellation: Cancellation? = nil) throws -> Tensor {
    var x = try patches(cut(picture))
    x.add(positions)
    for layer in layers {
      try cancellation?.check()
      try layer(&x)
    }
    return x.layerNorm(gain: lastGain, offset: lastOffset, epsilon: configuration.epsilon, as: .f32).tensor
  }

  /// Patches row by row, each as (channel, row, column).
  private func cut(_ picture: Tensor) -> Tensor {
    let (side, patch, count) = (configuration.side, configuration.patch, configuration.patches), area = patch * patch
    precondition(picture.shape == [side, side, 3], "a picture \(picture.shape) for a tower of \(side)")
    var rows = Tensor.zeros([configuration.tokens, 3 * area])
    picture.withFloats { from in
      rows.withMutableFloats { to in
        for token in 0..<count * count {
          for inside in 0..<area {
            let row = token / count * patch + inside / patch, column = token % count * patch + inside % patch
            for channel in 0..<3 { to[(token * 3 + channel) * area + inside] = from[(row * side + column) * 3 + channel] }
          }
        }
      }
    }
    return rows
  }
}

/// FLUX.1 Redux's two layers: states of a picture's patches become tokens that stand behind those of a text.
/// Reference: diffusers `ReduxImageEncoder`.
package struct ReduxEmbedder: Sendable {
  private let up: Linear, down: Linear

  /// - Parameters:
  ///   - inputs: the vision tower's width
  ///   - outputs: T5's
  package init(_ weights: Weights, inputs: Int, outputs: Int) throws {
    up = try weights.linear("redux_up", inputs: inputs, outputs: 3 * outputs)
    down = try weights.linear("redux_down", inputs: 3 * outputs, outputs: outputs)
  }

  package func callAsFunction(_ states: Tensor) throws -> Tensor { try down(up(states).silu(as: down.intake)) }
}
