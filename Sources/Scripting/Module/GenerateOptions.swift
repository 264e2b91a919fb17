import Conditioning
import Denoising
import Imaging
import Pipeline
import Tensors

/// What `generate`, `sample` and `steps` take.
struct GenerateOptions {
  /// Only of a branch; elsewhere the prompt is an argument of its own.
  var prompt: PromptList?
  var size: PixelSize?
  var seeds: Seeds?
  var batch: Int?
  var steps: Int?
  var schedule: LuaSchedule?
  var shift = Shift.auto
  var sampler: SamplerChoice?
  var guidance: LuaPerStep<Double>?
  var cfg: CFGOptions?
  var lora: [LuaAdapter] = []
  var control: [LuaControl] = []
  var reference: [Reference] = []
  var redux: LuaRedux?
  var noise: NoiseChoice?
  var eta: LuaPerStep<Double>?, sNoise: LuaPerStep<Double>?
  var rng = NoiseKind.torch
  var image: Image?, mask: Image?, strength: Double?, padding: Int?
  var maskGrow: Int?, maskBlur: Double?, overlay: Bool?
  /// Of a run that goes on from a file: what its mask left as it was.
  var repaint: Repaint?
  /// And what a Fill model saw beside its latents.
  var channels: Tensor?
  /// And which adapters, the model's first, were part of its weights.
  var merged: [Bool] = []
  var checkpoint: CheckpointOptions?
  var cache: CacheOptions?
  var tile = Tile.auto
  var beforeStep: LuaReference?, onStep: LuaReference?

  enum SamplerChoice { case named(NamedSampler), function(LuaReference) }
  enum NoiseChoice { case tensor(Tensor), function(LuaReference) }

  /// How often an unfinished picture is written down.
  struct CheckpointOptions {
    var every = 60.0
    static var options: Options<CheckpointOptions> {
      Options(CheckpointOptions(), [Field("every", .number(in: 0...1e6), \.every, "seconds; 60 by default, 0 is after every step")])
    }
  }

  /// Evaluations that are spared.
  struct CacheOptions {
    var threshold = Double(StepCache.usualThreshold), start = 0.0, stop = 1.0
    static var options: Options<CacheOptions> {
      Options(CacheOptions(), [
        Field("threshold", .number(in: 0...1e6), \.threshold, "how far the first block's contribution may have moved, in shares of itself, for the others to be spared; 0 spares nothing, 0.05 by default"),
        Field("start", .number(in: 0...1), \.start, "the share of the steps after which it begins"),
        Field("stop", .number(in: 0...1), \.stop, "the share of the steps with which it ends"),
      ])
    }

    var cache: StepCache {
      get throws {
        guard start <= stop else { throw LuaError("cache: 'start' (\(start)) must not be above 'stop' (\(stop))") }
        return StepCache(threshold: Float(threshold), start: start, stop: stop)
      }
    }
  }

  /// Two-pass guidance.
  struct CFGOptions {
    var scale: LuaPerStep<Double>?
    var negative: PromptList?
    var from = 0.0, to = 1.0
    var combine: CombineChoice?

    enum CombineChoice { case named(Guidance.Combination, String), function(LuaReference) }

    private static var combine: Reader<CombineChoice> {
      let names = Guidance.Combination.named.map(\.key)
      let expected = "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ") + ", or a function"
      return Reader<CombineChoice>(expected, "flux.Combination|fun(positive: flux.Tensor, negative: flux.Tensor, step: flux.Step): flux.Tensor") { argument in
        guard let name = argument.lua.string(at: argument.index) else { return .function(try Reader<LuaReference>.function.described(expected).read(argument)) }
        guard let found = Guidance.Combination.named.first(where: { $0.key == name }) else { throw Mismatch(expected, argument) }
        return .named(found.value, name)
      }
    }

    static var options: Options<CFGOptions> {
      Options(CFGOptions(), [
        Field("scale", .perStep(.finite, named: "cfg.scale"), \.scale, "how far away from the negative; 1 is not at all").required,
        Field("negative", PromptList.reader, \.negative, "what is not wanted; the empty text by default"),
        Field("from", .number(in: 0...1), \.from, "the share of the steps after which it begins"),
        Field("to", .number(in: 0...1), \.to, "the share of the steps with which it ends"),
        Field("combine", combine, \.combine, "how the two passes become one; function(positive, negative, step) works on velocities"),
      ])
    }
  }

  static var options: Options<GenerateOptions> { Options(GenerateOptions(), beginning + course + keeping) }

  /// Of a run that the recipe does not hold: who holds one saves it.
  private static var keeping: [Field<GenerateOptions>] {
    [Field("checkpoint", .options(CheckpointOptions.options), \.checkpoint, "keeps a picture that is interrupted, so that the same call goes on with it")]
  }

  /// The options of a run that goes on from the middle of another: what belongs to the start stays as it was.
  static func branch(of run: GenerateOptions) -> Options<GenerateOptions> {
    let fixed = beginning.map { Field<GenerateOptions>.refused($0.description.name, "cannot change in the middle of a run") }
    return Options(run, named: "BranchOptions", [Field("prompt", PromptList.reader, \.prompt, "what is painted from here on")] + fixed + course)
  }

  /// What a run starts from.
  private static var beginning: [Field<GenerateOptions>] {
    [
      Field("size", .size, \.size, "of the picture in pixels; the model's own by default"),
      Field("seed", seed, \.seeds, "of the noise; with batch one generator draws on, a list gives one each"),
      Field("batch", .integer(in: 1...1024), \.batch, "pictures at once"),
      Field("rng", NoiseKind.reader, \.rng, "whose random numbers the seeds mean, for the noise at the start and that of stochastic samplers; PyTorch's on a CPU by default"),
      Field("noise", noise, \.noise, "what to start from; a function of {index=, seed=, size=} gives one picture's"),
      Field("image", Reader<Image>.object, \.image, "a picture to start from; of the aspect of the size"),
      Field("strength", .share, \.strength, "the share of the schedule that the picture is noised for; 1 is all"),
      Field("mask", Reader<Image>.object, \.mask, "paint only where this is light"),
      Field("padding", .integer(in: 0...16384), \.padding, "paint just the mask and so many pixels around it, at the full size, and put that back into the picture"),
      Field("mask_grow", .integer(in: -1024...1024), \.maskGrow, "so many pixels more of the mask, or fewer where it is negative"),
      Field("mask_blur", .number(in: 0...1000), \.maskBlur, "the pixels by which its edge is blurred after that, so that an overlay is mixed in there"),
      Field("overlay", .boolean, \.overlay, "whether the picture stays as it was, to the byte, where the mask is black; with padding it always does"),
      Field("reference", LuaReferences.reader, \.reference, "a picture that Kontext looks at and changes by words, or a list of them; snap = false in the list keeps their sizes"),
      Field("redux", .options(LuaRedux.options), \.redux, "pictures behind the words of the prompt, by FLUX.1 Redux"),
    ]
  }

  /// How it goes on.
  private static var course: [Field<GenerateOptions>] {
    [
      Field("steps", .integer(in: 1...Schedule.mostSteps), \.steps, "steps, spaced as the model wants them"),
      Field("schedule", LuaSchedule.reader, \.schedule, "the noise levels to go through, instead of steps; a list is used as it is"),
      Field("shift", shift, \.shift, "\"auto\" is the model's own, for counts and names; a factor is for whatever is given"),
      Field("sampler", sampler, \.sampler, "the integrator; function(x, step, velocity) gives the latents at step.next"),
      Field("eta", .perStep(.number(in: 0...10), named: "eta"), \.eta, "how much noise a stochastic sampler renews; 0 is none"),
      Field("s_noise", .perStep(.number(in: 0...10), named: "s_noise"), \.sNoise, "the size of that noise"),
      Field("guidance", .perStep(.finite, named: "guidance"), \.guidance, "distilled guidance, of models that have it; the model's own by default"),
      Field("cfg", .options(CFGOptions.options), \.cfg, "two-pass guidance, away from a negative prompt"),
      Field("lora", LuaAdapter.reader, \.lora, "adapters beside the weights, after those of the model: { [\"file\"] = scale }, or a list of {file, scale}"),
      Field("control", LuaControl.reader, \.control, "pictures that steer: edges, depth, poses, through ControlNets or a model's own (Canny, Depth); one table, or a list of them"),
      Field("cache", .options(CacheOptions.options), \.cache, "spares blocks of the transformer where the first one says nearly what it said before: faster, and a little off"),
      Field("tile", .tile, \.tile, "pixels along each side of the tiles that the picture is decoded in, false for the whole at once; tiles where memory demands them by default"),
      Field("before_step", hook, \.beforeStep, "sees each step before it is made and may change it; nil carries on, false stops, a Tensor replaces its latents"),
      Field("on_step", hook, \.onStep, "sees each step once it is made and may change its latents; nil carries on, false stops, a Tensor replaces them"),
    ]
  }

  private static var hook: Reader<LuaReference> {
    Reader<LuaReference>.function.described("a function", annotation: "fun(step: flux.Step): flux.Tensor|false|nil")
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
    let names = NamedSampler.allCases.map(\.rawValue)
    let expected = "a function, or one of \(names.joined(separator: ", "))"
    return Reader<SamplerChoice>(expected, "flux.SamplerName|flux.Sampler") { argument in
      guard let name = argument.lua.string(at: argument.index) else { return .function(try Reader<LuaReference>.function.described(expected).read(argument)) }
      if let named = NamedSampler(rawValue: name) { return .named(named) }
      let hint = Suggestion.nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
      throw Mismatch(predicate: Mismatch(expected, argument).predicate + hint)
    }
  }

  private static var noise: Reader<NoiseChoice> {
    Reader<Tensor>.object.map { NoiseChoice.tensor($0) }.or(Reader<LuaReference>.function.map { NoiseChoice.function($0) })
      .described("a Tensor or a function", annotation: "flux.Tensor|fun(about: { index: integer, seed: integer, size: integer[] }): flux.Tensor")
  }
}

extension Reader where Value == Tile {
  /// The tiles of a picture that is decoded.
  static var tile: Reader<Tile> {
    let expected = "a multiple of 16 from 64 to 4096, or false"
    return Reader<Tile>(expected, "integer|false") { argument in
      switch argument.value {
      case .boolean(false): return .whole
      case .integer(let side) where 64...4096 ~= side && side % 16 == 0: return .side(side)
      case .number(let side) where 64...4096 ~= side && side.truncatingRemainder(dividingBy: 16) == 0: return .side(Int(side))
      default: throw Mismatch(expected, argument)
      }
    }
  }
}

extension NoiseKind {
  /// By its name in recipes.
  static var reader: Reader<NoiseKind> {
    let cards = cards.map { "\"cuda:\($0.name)\"" }.joined(separator: ", ")
    let expected = "\"torch\", \"torch-bf16\", \"a1111\", \"cuda:<resident threads>\" or one of \(cards)"
    return Reader<NoiseKind>(expected, "flux.NoiseKind") { argument in
      guard let kind = argument.lua.string(at: argument.index).flatMap({ NoiseKind($0) }) else { throw Mismatch(expected, argument) }
      return kind
    }
  }
}
