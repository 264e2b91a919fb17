import Checkpoints
import Tensors

/// How a block bends a norm and weighs its result: three vectors that depend on time, guidance and text. [width] each.
struct ModulationOut {
  let shift: Tensor, scale: Tensor, gate: Tensor
}

/// Makes the modulations of a block from the timestep embedding. Reference: diffusers `AdaLayerNormZero`.
struct Modulation: Sendable {
  private var linear: Linear
  private let width: Int

  /// - Parameter count: two for a stream of a double block (attention, feed-forward), one for a single block.
  init(_ weights: Weights, width: Int, count: Int) throws {
    linear = try weights.exactlyMultiplied.linear("linear", inputs: width, outputs: 3 * count * width)
    self.width = width
  }

  /// - Parameter vec: SiLU of the timestep embedding, [1, width].
  func callAsFunction(_ vec: Tensor) throws -> [ModulationOut] {
    let made = try linear(vec)
    return (0..<made.count / (3 * width)).map { index in
      let parts = made.reshaped([made.count / width, width])
      return ModulationOut(shift: parts[3 * index], scale: parts[3 * index + 1], gate: parts[3 * index + 2])
    }
  }
}

/// Layer norm without weights, then · (1 + scale) + shift: written as the next product takes it.
func modulated(_ x: Tensor, shift: Tensor, scale: Tensor, as intake: Intake) -> Operand {
  x.layerNorm(gain: 1 + scale, offset: shift, epsilon: 1e-6, as: intake)
}

extension Modulation: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try change(&linear)
  }
}
