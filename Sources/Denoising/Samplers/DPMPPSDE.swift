import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// DPM-Solver++(2S) with fresh noise: look at the middle of the step in λ, then go with what is seen there. Second order at η = 0,
/// two evaluations, two draws.
/// Lu et al. 2022 (DPM-Solver++), algorithm 1, made stochastic as in k-diffusion: λ = ln((1 − σ)/σ), κ = e^(−λ), middle m at r = ½;
/// to any κ: up = min(κ, η·κ·√(1 − κ²/κₛ²)), dn = √(κ² − up²), x ← (1 − σ)·[(dn/κₛ)·x/(1 − s) + (1 − dn/κₛ)·D + up·z].
public struct DPMPPSDE: Sampler {
  public let name = NamedSampler.dpmppSDE.rawValue
  public let eta: PerStep<Double>, sNoise: PerStep<Double>
  private var noise: NoiseSource

  public init(eta: PerStep<Double> = 1, sNoise: PerStep<Double> = 1, noise: NoiseSource = NoiseSource()) {
    (self.eta, self.sNoise, self.noise) = (eta, sNoise, noise)
  }

  public var state: SamplerState {
    get { noise.state }
    set { noise.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let s = step.sigmaBelowOne, t = Double(step.next)
    let here = x.denoised(by: try velocity(x, Float(s)), at: s)
    guard t > 0 else { return here }
    let middle = sigma(logSNR: (logSNR(s) + logSNR(t)) / 2)
    let halfway = try moved(x, from: s, to: middle, denoised: here, step)
    let there = halfway.denoised(by: try velocity(halfway, Float(middle)), at: middle)
    return try moved(x, from: s, to: t, denoised: there, step)      // at r = ½ the picture here has no weight left
  }

  private mutating func moved(_ x: Tensor, from s: Double, to t: Double, denoised: Tensor, _ step: Step) throws -> Tensor {
    let start = s / (1 - s), end = t / (1 - t), eta = try eta(step)
    let up = min(end, eta * end * (1 - end * end / (start * start)).squareRoot()), down = (end * end - up * up).squareRoot()
    var terms = [((1 - t) * down / s, x), ((1 - t) * (1 - down / start), denoised)]
    if eta > 0 { terms.append((try sNoise(step) * (1 - t) * up, try noise.next(for: step))) }
    return .weighted(terms)
  }
}
