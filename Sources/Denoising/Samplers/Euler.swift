import Tensors

/// Euler's method: follow the velocity here in a straight line. Exact where the flow is straight.
/// Reference: diffusers `FlowMatchEulerDiscreteScheduler.step`.
public struct Euler: Sampler {
  public let name = NamedSampler.euler.rawValue
  public init() {}

  public func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    try x + step.width * velocity(x, step.sigma)
  }
}
