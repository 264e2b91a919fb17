import Tensors

/// DPM-Solver-2 as the midpoint rule: go with the velocity seen halfway in log σ. Second order, two evaluations.
/// Lu et al. 2022 (DPM-Solver), algorithm 1; Karras et al. 2022 take the middle so: m = √(s·t), x += (t − s)·v(x + (m − s)·v, m).
public struct DPM2: Sampler {
  public let name = NamedSampler.dpm2.rawValue
  public init() {}

  public func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let here = try velocity(x, step.sigma)
    guard step.next > 0 else { return x + step.width * here }       // log σ has no middle on the way to 0
    let middle = (step.sigma * step.next).squareRoot()
    let there = try velocity(x + (middle - step.sigma) * here, middle)
    return x + step.width * there
  }
}
