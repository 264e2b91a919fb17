import Tensors

/// The consistency model's way: paint the picture at once, then noise it again up to the next level.
/// Luo et al. 2023 (Latent Consistency Models), multistep sampling, on the flow: x ← (1 − t)·D + t·z.
public struct LCM: Sampler {
  public let name = NamedSampler.lcm.rawValue
  public let sNoise: PerStep<Double>
  private var noise: NoiseSource

  public init(sNoise: PerStep<Double> = 1, noise: NoiseSource = NoiseSource()) { (self.sNoise, self.noise) = (sNoise, noise) }

  public var state: SamplerState {
    get { noise.state }
    set { noise.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let t = Double(step.next), denoised = x.denoised(by: try velocity(x, step.sigma), at: Double(step.sigma))
    guard t > 0 else { return denoised }
    return .weighted((1 - t, denoised), (try sNoise(step) * t, try noise.next(for: step)))
  }
}
