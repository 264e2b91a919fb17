import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// SDE-DPM-Solver++(2M), midpoint form: two steps' denoised pictures and fresh noise. Second order at η = 0, one evaluation.
/// Lu et al. 2022 (DPM-Solver++), appendix on SDE solvers, with η as in k-diffusion: λ = ln((1 − σ)/σ), h = λ(t) − λ(s), H = h·(1 + η),
/// x ← (t/s)·e^(−ηh)·x + (1 − t)·(1 − e^(−H))·[D + (h/2h₋₁)·(D − D₋₁)] + t·√(1 − e^(−2ηh))·z.
public struct DPMPP2MSDE: Sampler {
  public let name = NamedSampler.dpmpp2MSDE.rawValue
  public let eta: PerStep<Double>, sNoise: PerStep<Double>
  private var history = History(depth: 1)
  private var noise: NoiseSource

  public init(eta: PerStep<Double> = 1, sNoise: PerStep<Double> = 1, noise: NoiseSource = NoiseSource()) {
    (self.eta, self.sNoise, self.noise) = (eta, sNoise, noise)
  }

  public var state: SamplerState {
    get { history.state + noise.state }
    set { (history.state, noise.state) = (newValue, newValue) }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let s = step.sigmaBelowOne, t = Double(step.next)
    let denoised = x.denoised(by: try velocity(x, Float(s)), at: s)
    defer { history.remember(denoised, at: s) }
    guard t > 0 else { return denoised }
    let eta = try eta(step)
    let h = logSNR(t) - logSNR(s), share = (1 - t) * -expm1(-h * (1 + eta))
    var terms = [(t / s * exp(-eta * h), x), (share, denoised)]
    if history.count == 1 {
      let slope = share / 2 * h / (logSNR(s) - logSNR(history[0].sigma))
      terms += [(slope, denoised), (-slope, history[0].value)]
    }
    if eta > 0 { terms.append((try sNoise(step) * t * (-expm1(-2 * eta * h)).squareRoot(), try noise.next(for: step))) }
    return .weighted(terms)
  }
}
