import Checkpoints
import Tensors

/// The last norm, modulated, and the projection to velocities. Reference: diffusers `AdaLayerNormContinuous` and `proj_out`.
package struct LastLayer: Sendable {
  private var modulation: Linear
  private var linear: Linear
  private let width: Int

  init(_ weights: Weights, _ configuration: FluxConfiguration) throws {
    width = configuration.width
    let weights = weights.unquantised
    modulation = try weights["norm_out"].linear("linear", inputs: width, outputs: 2 * width)
    linear = try weights.linear("proj_out", inputs: width, outputs: configuration.outputs)
  }

  package func callAsFunction(_ x: Tensor, vec: Tensor) throws -> Tensor {
    // diffusers keeps (scale, shift) here; BFL's adaLN_modulation keeps (shift, scale).
    let parts = try modulation(vec).reshaped([2, width])
    return try linear(modulated(x, shift: parts[1], scale: parts[0], as: linear.intake))
  }
}

extension LastLayer: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try change(&modulation)
    try change(&linear)
  }
}
