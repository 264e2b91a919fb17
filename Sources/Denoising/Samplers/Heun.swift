import Tensors

/// Heun's method, second order: step with the velocity here, look at the velocity there, use their mean.
/// Karras et al. 2022, algorithm 1, with no added noise.
public struct Heun: Sampler {
  public let name = NamedSampler.heun.rawValue
  public init() {}

  public func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let here = try velocity(x, step.sigma)
    let guess = x + step.width * here
    guard step.next > 0 else { return guess }          // nothing to look at once the noise is gone
    let there = try velocity(guess, step.next)
    return x + (step.width / 2) * (here + there)
  }
}
