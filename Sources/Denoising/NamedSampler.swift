/// The samplers that have a name: recipes choose by it and metadata record it. Names and numbers are ComfyUI's.
public enum NamedSampler: String, CaseIterable, Sendable {
  case euler, heun
  case dpm2 = "dpm_2"
  case eulerAncestral = "euler_ancestral"
  case dpmpp2M = "dpmpp_2m"
  case dpmpp2MSDE = "dpmpp_2m_sde"
  case dpmppSDE = "dpmpp_sde"
  case lcm
  case uniPC = "uni_pc"
  case deis, ipndm
  case resMultistep = "res_multistep"
  case gradientEstimation = "gradient_estimation"
  case lms
  case erSDE = "er_sde"

  /// The sampler as it is without options.
  public var sampler: any Sampler { sampler() }

  /// The sampler with its options; those that it has no use for are passed over.
  /// - Parameters:
  ///   - eta: how much noise is renewed in each step: 0 is none, 1 (usual) all that the paper renews. For er_sde, nil is the paper's
  ///     own scale, and a number the power of the plain reverse-time SDE.
  ///   - sNoise: the size of that noise, usually 1.
  ///   - noise: where it comes from.
  public func sampler(eta: PerStep<Double>? = nil, sNoise: PerStep<Double> = 1, noise: NoiseSource = NoiseSource()) -> any Sampler {
    switch self {
    case .euler: Euler()
    case .heun: Heun()
    case .dpm2: DPM2()
    case .eulerAncestral: EulerAncestral(eta: eta ?? 1, sNoise: sNoise, noise: noise)
    case .dpmpp2M: DPMPP2M()
    case .dpmpp2MSDE: DPMPP2MSDE(eta: eta ?? 1, sNoise: sNoise, noise: noise)
    case .dpmppSDE: DPMPPSDE(eta: eta ?? 1, sNoise: sNoise, noise: noise)
    case .lcm: LCM(sNoise: sNoise, noise: noise)
    case .uniPC: UniPC()
    case .deis: DEIS()
    case .ipndm: IPNDM()
    case .resMultistep: RESMultistep()
    case .gradientEstimation: GradientEstimation()
    case .lms: LMS()
    case .erSDE: ERSDE(scale: eta?.map { .reverse(eta: $0) } ?? .constant(.extended), sNoise: sNoise, noise: noise)
    }
  }

  /// Whether it draws noise as it goes, and so has a use for `sNoise`.
  public var isStochastic: Bool { self == .lcm || takesEta }

  /// Whether `eta` changes what it does; at 0 it is deterministic.
  public var takesEta: Bool {
    switch self {
    case .eulerAncestral, .dpmpp2MSDE, .dpmppSDE, .erSDE: true
    default: false
    }
  }
}
