import Conditioning
import Denoising
import Pipeline
import Tensors

/// What `generate`, `sample` and `steps` take.
struct GenerateOptions {
  var size: PixelSize?
  var seeds: Seeds?
  var batch: Int?
  var steps: Int?
  var schedule: LuaSchedule?
  var shift = Shift.auto
  var sampler: SamplerChoice?
  var guidance: LuaPerStep<Double>?
  var cfg: CFGOptions?
  var noise: NoiseChoice?
  var beforeStep: LuaReference?, onStep: LuaReference?

  enum SamplerChoice { case named(NamedSampler), function(LuaReference) }
  enum NoiseChoice { case tensor(Tensor), function(LuaReference) }

  /// Two-pass guidance.
  struct CFGOptions {
    var scale: LuaPerStep<Double>?
    var negative: PromptList?

    static var options: Options<CFGOptions> {
      Options(CFGOptions(), [
        Field("scale", .perStep(.finite, named: "cfg.scale"), \.scale, "how far away from the negative; 1 is not at all").required,
        Field("negative", PromptList.reader, \.negative, "what is not wanted; the empty text by default"),
        .later("from", "a window of steps"), .later("to", "a window of steps"), .later("combine", "other ways to combine"),
      ])
    }
  }

  static var options: Options<GenerateOptions> {
    Options(GenerateOptions(), [
      Field("size", .size, \.size, "pixels: a number for a square, or {width, height}; multiples of 16"),
      Field("seed", seed, \.seeds, "of the noise; with batch one generator draws on, a list gives one each"),
      Field("batch", .integer(in: 1...1024), \.batch, "pictures at once"),
      Field("steps", .integer(in: 1...Schedule.mostSteps), \.steps, "steps, spaced as the model wants them"),
      Field("schedule", LuaSchedule.reader, \.schedule, "a Schedule or a list of sigmas, used as they are"),
      Field("shift", shift, \.shift, "\"auto\" (the model's own, for counts), a factor for whatever is given, or false"),
      Field("sampler", sampler, \.sampler, "the integrator: a name, or function(x, step, velocity) that gives the latents at step.next"),
      Field("guidance", .perStep(.finite, named: "guidance"), \.guidance, "distilled guidance: a number, a list, or a function of the step"),
      Field("cfg", .options(CFGOptions.options), \.cfg, "two-pass guidance: { scale =, negative = }"),
      Field("noise", noise, \.noise, "what to start from: a Tensor, or a function of {index=, seed=, size=} that gives one picture's"),
      Field("before_step", .function, \.beforeStep, "sees each step before it is made and may change it"),
      Field("on_step", .function, \.onStep, "sees each step once it is made and may change its latents"),
    ] + later)
  }

  private static var later: [Field<GenerateOptions>] {
    [.later("eta", "stochastic samplers"), .later("s_noise", "stochastic samplers"), .later("rng", "other random number generators"),
     .later("image", "starting from a picture"), .later("strength", "starting from a picture"), .later("mask", "inpainting"),
     .later("padding", "inpainting"), .later("control", "ControlNet"), .later("reference", "Kontext"), .later("redux", "Redux"),
     .later("lora", "LoRA"), .later("checkpoint", "checkpoints within a picture"), .later("cache", "step caching"), .later("tile", "tiled decoding")]
  }

  private static var seed: Reader<Seeds> {
    Reader<Int>.integer.map { Seeds.one(Int64($0)) }
      .or(Reader<[Int]>.list(of: .integer, atLeast: 1).map { Seeds.each($0.map { Int64($0) }) })
      .described("a whole number, or a list of them", annotation: "integer|integer[]")
  }

  private static var shift: Reader<Shift> {
    Reader<Shift>("\"auto\", a factor above 0, or false", "\"auto\"|number|false") { argument in
      switch argument.value {
      case .string("auto"): return .auto
      case .boolean(false): return .off
      case .integer(let factor) where factor > 0: return .factor(Float(factor))
      case .number(let factor) where factor > 0 && factor.isFinite: return .factor(Float(factor))
      default: throw Mismatch("\"auto\", a factor above 0, or false", argument)
      }
    }
  }

  private static var sampler: Reader<SamplerChoice> {
    let later = ["dpm_2", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_sde", "lcm", "uni_pc", "deis", "ipndm", "res_multistep",
                 "gradient_estimation", "lms", "er_sde"]
    return Reader<SamplerChoice>("a sampler", "\"euler\"|\"heun\"|fun(x: flux.Tensor, step: flux.Step, velocity: fun(x: flux.Tensor, sigma: number): flux.Tensor): flux.Tensor") { argument in
      guard let name = argument.lua.string(at: argument.index) else {
        return .function(try Reader<LuaReference>.function.described("a name (\"euler\", \"heun\") or a function").read(argument))
      }
      if let named = NamedSampler(rawValue: name) { return .named(named) }
      if later.contains(name) { throw Mismatch(predicate: "is \"\(name)\", which is not in this version yet; it has \"euler\" and \"heun\", or write it as a function") }
      let known = NamedSampler.allCases.map(\.rawValue)
      let hint = Suggestion.nearest(to: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      throw Mismatch(predicate: "must be \"euler\", \"heun\" or a function, got \"\(name)\"\(hint)")
    }
  }

  private static var noise: Reader<NoiseChoice> {
    Reader<Tensor>.object.map { NoiseChoice.tensor($0) }.or(Reader<LuaReference>.function.map { NoiseChoice.function($0) })
  }
}
