import Tensors

/// Euler's method past the next noise level, then as much fresh noise as leads back up to it. First order.
/// Song et al. 2021 (score SDE), ancestral sampling, in the form that keeps a rectified flow's signal and noise:
/// d = t·(1 + (t/s − 1)·η), c = (1 − t)/(1 − d), x ← c·[(d/s)·x + (1 − d/s)·D] + √(t² − c²d²)·z.
public struct EulerAncestral: Sampler {
  public let name = NamedSampler.eulerAncestral.rawValue
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
    let s = Double(step.sigma), t = Double(step.next), eta = try eta(step)
    let denoised = x.denoised(by: try velocity(x, step.sigma), at: s)
    let down = t * (1 + (t / s - 1) * eta)
    guard eta > 0, t > 0 else { return .weighted((t / s, x), (1 - t / s, denoised)) }
    let kept = (1 - t) / (1 - down)
    let fresh = max(0, t * t - kept * kept * down * down).squareRoot()
    return .weighted((kept * down / s, x), (kept * (1 - down / s), denoised), (try sNoise(step) * fresh, try noise.next(for: step)))
  }
}
