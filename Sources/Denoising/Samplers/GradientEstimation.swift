import Tensors

/// Euler's method with the velocity pushed on by its last change. First order, one evaluation.
/// Permenter and Yuan 2024 (Interpreting and Improving Diffusion Models from an Optimization Perspective), γ = 2:
/// x += (t − s)·[γ·v − (γ − 1)·v₋₁].
public struct GradientEstimation: Sampler {
  public let name = NamedSampler.gradientEstimation.rawValue
  private var history = History(depth: 1)
  private static let gamma = 2.0
  public init() {}

  public var state: SamplerState {
    get { history.state }
    set { history.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let here = try velocity(x, step.sigma), width = Double(step.width)
    defer { history.remember(here, at: Double(step.sigma)) }
    guard step.next > 0, history.count == 1 else { return .weighted((1, x), (width, here)) }
    return .weighted((1, x), (Self.gamma * width, here), ((1 - Self.gamma) * width, history[0].value))
  }
}
