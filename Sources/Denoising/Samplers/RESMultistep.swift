import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// Refined exponential solver, two steps: an exponential Adams method in L = −ln σ whose order conditions hold exactly. One evaluation.
/// Zhang et al. 2023 (Improved Order Analysis and Design of Exponential Integrator for Diffusion Models Sampling):
/// h = ln(s/t), c = −ln(p/s)/h, φ₁ = (1 − e^(−h))/h, φ₂ = (1 − φ₁)/h, x ← (t/s)·x + h·[(φ₁ − φ₂/c)·D + (φ₂/c)·D₋₁].
public struct RESMultistep: Sampler {
  public let name = NamedSampler.resMultistep.rawValue
  private var history = History(depth: 1)
  public init() {}

  public var state: SamplerState {
    get { history.state }
    set { history.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let s = Double(step.sigma), t = Double(step.next)
    let denoised = x.denoised(by: try velocity(x, step.sigma), at: s)
    defer { history.remember(denoised, at: s) }
    guard t > 0, history.count == 1 else { return .weighted((t / s, x), (1 - t / s, denoised)) }
    let h = log(s / t), c = log(s / history[0].sigma) / h
    let phi1 = (1 - t / s) / h, phi2 = (1 - phi1) / h
    return .weighted((t / s, x), (h * (phi1 - phi2 / c), denoised), (h * phi2 / c, history[0].value))
  }
}
