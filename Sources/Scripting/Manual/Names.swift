import Denoising
import Pipeline

// Words that options take, and what each stands for.

extension AliasDescription {
  static var all: [AliasDescription] {
    [
      AliasDescription(name: "SamplerName", summary: "A sampler that is inside.", words: NamedSampler.allCases.map { ($0.rawValue, $0.summary) }),
      AliasDescription(name: "ControlMode", summary: "A kind of picture that a Union ControlNet knows.", words: ControlMode.allCases.map { ($0.name, $0.summary) }),
      AliasDescription(name: "ScheduleName", summary: "A way to space the noise levels.", words: NamedSchedule.allCases.map { ($0.rawValue, $0.summary) }),
      AliasDescription(name: "Combination", summary: "How the two passes of cfg become one velocity.", words: combinations),
      AliasDescription(name: "NoiseKind", summary: "Whose random numbers a seed means.", words: noiseKinds),
      AliasDescription(name: "Sampler", summary: "A sampler of your own: it gives the latents at step.next from x, those at step.sigma.", words: [],
                       annotation: "fun(x: flux.Tensor, step: flux.Step, velocity: flux.Velocity): flux.Tensor"),
    ]
  }

  private static var combinations: [(word: String, summary: String)] {
    [("plain", "negative + scale × (positive − negative)"),
     ("rescale", "the same with the spread of the positive pass, so that high scales do not burn"),
     ("cfg_zero", "CFG-Zero*: the negative is first scaled to fit the positive one"),
     ("apg", "adaptive projected guidance: only what is new in direction counts in full")]
  }

  private static var noiseKinds: [(word: String, summary: String)] {
    [("torch", "PyTorch's CPU generator in float32: diffusers on a CPU generator, ComfyUI"), ("torch-bf16", "the same, rounded to bfloat16"),
     ("a1111", "AUTOMATIC1111's NV: each picture of a batch has the next seed")]
      + NoiseKind.cards.map { ("cuda:\($0.name)", "PyTorch on that card") }
      + [("cuda:<threads>", "PyTorch on a card that keeps this many threads resident")]
  }
}

extension NamedSampler {
  /// One line for the manual.
  package var summary: String {
    switch self {
    case .euler: "first order, one call a step: FLUX.1's own"
    case .heun: "second order, two calls a step"
    case .dpm2: "second order by the midpoint, two calls a step"
    case .eulerAncestral: "euler with fresh noise in each step; takes eta"
    case .dpmpp2M: "second order from the last two steps, one call a step"
    case .dpmpp2MSDE: "the same with fresh noise; takes eta"
    case .dpmppSDE: "second order with fresh noise, two calls a step; takes eta"
    case .lcm: "to the clean picture and noised again: for models distilled to few steps"
    case .uniPC: "predicts and corrects, one call a step"
    case .deis: "an exponential integrator with a polynomial through the last steps"
    case .ipndm: "a linear multistep of up to fourth order"
    case .resMultistep: "a multistep with refined exponential weights"
    case .gradientEstimation: "euler along a velocity that the last one corrects"
    case .lms: "linear multistep, fourth order"
    case .erSDE: "extended reverse-time SDE, third order; takes eta"
    }
  }
}

extension NamedSchedule {
  /// One line for the manual.
  package var summary: String {
    switch self {
    case .flux: "even, then shifted: the model's own, as diffusers has it"
    case .simple: "even picks from the model's table"
    case .normal: "even from the highest to the lowest level of the table, shifted once more"
    case .sgmUniform: "as normal with a step more, which is left out"
    case .karras: "even in the seventh root"
    case .exponential: "even in the logarithm"
    case .beta: "even in the quantiles of Beta(0.6, 0.6), which has most at both ends"
    case .linearQuadratic: "half of the steps for the first fortieth, the rest falling ever faster"
    case .klOptimal: "even in the arctangent"
    case .ddimUniform: "every q-th level of the table: begins below 1"
    }
  }
}
