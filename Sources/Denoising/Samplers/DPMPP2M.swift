import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// DPM-Solver++(2M): the exact step for a denoised picture that changes evenly in L = −ln σ. Second order, one evaluation.
/// Lu et al. 2022 (DPM-Solver++), algorithm 2, in L as ComfyUI: h = ln(s/t), r = ln(p/s)/h,
/// x ← (t/s)·x + (1 − t/s)·[(1 + 1/2r)·D − D₋₁/2r].
public struct DPMPP2M: Sampler {
  public let name = NamedSampler.dpmpp2M.rawValue
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
    let share = 1 - t / s
    guard t > 0, history.count == 1 else { return .weighted((t / s, x), (share, denoised)) }
    let half = log(s / t) / log(history[0].sigma / s) / 2       // 1/2r
    return .weighted((t / s, x), (share * (1 + half), denoised), (-share * half, history[0].value))
  }
}
