import Tensors

/// What the transformer predicts: dx/dσ at latents x and noise level σ, [n, 16, height/8, width/8].
public typealias Velocity = (_ x: Tensor, _ sigma: Float) throws -> Tensor

/// An integrator of the flow: carries latents over one step.
public protocol Sampler {
  /// What a picture's metadata calls it.
  var name: String { get }
  /// What it remembers of the steps made: set on a new sampler, it goes on where the other stopped.
  var state: SamplerState { get set }
  /// The latents at `step.next`, from those at `step.sigma`.
  mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor
}

extension Sampler {
  /// Of a sampler that remembers nothing.
  public var state: SamplerState {
    get { SamplerState() }
    set {}
  }
}

/// What a checkpoint must keep of a sampler: tensors and numbers by name.
public struct SamplerState: Sendable {
  public var tensors: [String: Tensor]
  public var numbers: [String: Double]

  public init(tensors: [String: Tensor] = [:], numbers: [String: Double] = [:]) {
    (self.tensors, self.numbers) = (tensors, numbers)
  }

  /// Both together; their names must differ.
  static func + (a: SamplerState, b: SamplerState) -> SamplerState {
    SamplerState(tensors: a.tensors.merging(b.tensors) { $1 }, numbers: a.numbers.merging(b.numbers) { $1 })
  }
}
