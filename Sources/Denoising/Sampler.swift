import Tensors

/// What the transformer predicts: dx/dσ at latents x and noise level σ, [n, 16, height/8, width/8].
public typealias Velocity = (_ x: Tensor, _ sigma: Float) throws -> Tensor

/// An integrator of the flow: carries latents over one step.
public protocol Sampler {
  /// What a picture's metadata calls it.
  var name: String { get }
  /// The latents at `step.next`, from those at `step.sigma`.
  mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor
}

/// The samplers that have a name.
public enum NamedSampler: String, CaseIterable, Sendable {
  case euler, heun

  public var sampler: any Sampler {
    switch self {
    case .euler: Euler()
    case .heun: Heun()
    }
  }
}
