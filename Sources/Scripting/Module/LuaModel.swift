import Conditioning
import Denoising
import Imaging
import Pipeline
import Tensors

/// A model as recipes hold it.
package final class LuaModel: LuaObject {
  package static let luaName = "Model"
  let pipeline: FluxPipeline
  unowned let flux: FluxModule
  /// Beside its weights, in the order in which they are applied.
  let adapters: [LuaAdapter.Loaded]

  init(_ pipeline: FluxPipeline, _ flux: FluxModule, adapters: [LuaAdapter.Loaded] = []) { (self.pipeline, self.flux, self.adapters) = (pipeline, flux, adapters) }

  /// A model with more adapters, that shares the weights.
  func with(_ more: [LuaAdapter]) throws -> LuaModel { LuaModel(pipeline, flux, adapters: adapters + (try flux.loaded(more, on: pipeline))) }

  static var type: LuaType<LuaModel> {
    described
      .method("encode", "What a prompt means to the model.",
              .required("prompt", PromptText.reader, "for both encoders, or for each its own"), returns: "flux.Conditioning") { model, _, text in
        try model.flux.engine { try model.pipeline.encode(text, adapters: model.steadyAdaptations) }
      }
      .method("with_lora", "A model with adapters beside its weights, which both share. A map is applied in the order of its names, a list in its own.",
              .required("lora", LuaAdapter.reader, "{ [\"file\"] = scale }, or a list of {file, scale}; a scale is a number, a list or a function of the step"), returns: "flux.Model") { model, _, given in
        try model.with(given)
      }
      .method("tokens", "How both tokenizers cut a text.",
              .required("text", .string, "any text"), returns: "{ clip: { ids: integer[], pieces: string[] }, t5: { ids: integer[], pieces: string[] } }") { model, _, text in
        let (clip, t5) = model.pipeline.tokens(text)
        return LuaTable([("clip", Self.table(clip)), ("t5", Self.table(t5))])
      }
      .method("generate", "Paints a picture, or a list of them with batch above 1.",
              .required("prompt", PromptList.reader, "what to paint; a list has one for each picture"),
              .options(GenerateOptions.options), returns: "flux.Image|flux.Image[]") { model, call, prompt, options -> Several in
        try Several(one: model.run(prompt, options, call).images())
      }
      .method("sample", "The latents of a picture before they are decoded.",
              .required("prompt", PromptList.reader, "what to paint; a list has one for each picture"),
              .options(GenerateOptions.options), returns: "flux.Tensor") { model, call, prompt, options in
        let run = try model.run(prompt, options, call)
        try run.drain()
        return run.latents
      }
      .method("steps", "The same loop, to be held by the recipe: call it, or use it in for.",
              .required("prompt", PromptList.reader, "what to paint; a list has one for each picture"),
              .options(GenerateOptions.options), returns: "flux.Run") { model, call, prompt, options in
        if options.checkpoint != nil { throw LuaError("'checkpoint' is for generate and sample; a loop that the recipe holds is saved by run:save") }
        return try model.run(prompt, options, call)
      }
      .method("resume", "A run that was saved, going on to the same bytes; functions that it had are given again.",
              .required("path", .string, "a file that step:save or run:save wrote"),
              .optional("options", .any.documented(by: GenerateOptions.branch(of: GenerateOptions())), "what shall be otherwise from here on"), returns: "flux.Run") { model, call, path, _ in
        try model.resume(path, call.argument(3))
      }
      .method("velocity", "One call of the transformer: dx/dσ of latents at a noise level.",
              .required("latents", Reader<Tensor>.object, "[16, height/8, width/8], or a batch of them"),
              .required("sigma", .number(in: 0...1), "the noise level"), .required("conditioning", Reader<Conditioning>.object, "what model:encode gives"),
              .options(VelocityOptions.options), returns: "flux.Tensor") { model, _, latents, sigma, conditioning, options in
        try model.velocity(latents, sigma, conditioning, options)
      }
      .method("decode", "The picture of latents, or a list of them for a batch.",
              .required("latents", Reader<Tensor>.object, "[16, height/8, width/8], or a batch of them"),
              .options(DecodeOptions.options), returns: "flux.Image|flux.Image[]") { model, _, latents, options -> Several in
        try Several(one: model.flux.engine { try model.pipeline.decode(model.checked(latents), tile: options.tile) })
      }
      .method("preview", "A guess at the picture of latents, without the decoder; a list for a batch.",
              .required("latents", Reader<Tensor>.object, "[16, height/8, width/8], or a batch of them"),
              returns: "flux.Image|flux.Image[]") { model, _, latents -> Several in
        try Several(one: model.flux.engine { try model.pipeline.preview(model.checked(latents)) })
      }
      .method("encode_image", "The latents of a picture: the middle of what the encoder makes of it, or one sample.",
              .required("image", Reader<Image>.object, "with sides in multiples of 16"),
              .options(EncodeOptions.options), returns: "flux.Tensor") { model, _, image, options -> Tensor in
        try model.check(image)
        var generator: TorchGenerator? = options.sample ? TorchGenerator(seed: Int64(options.seed)) : nil
        return try model.flux.engine { () -> Tensor in try model.pipeline.encode(image, sampling: &generator) }
      }
  }

  /// What the model says of itself.
  private static var described: LuaType<LuaModel> {
    LuaType<LuaModel>("A FLUX.1 model: prompts to pictures.")
      .property("kind", "string", "\"dev\" (with distilled guidance), \"schnell\", \"fill\" or \"control\" (Canny, Depth), read from the tensors; \"kontext\" for a dev model that is called so.") { $0.pipeline.kind }
      .property("name", "string", "The folder, or what its files call it.") { $0.pipeline.defaults.name ?? $0.pipeline.name }
      .property("hash", "string", "SHA-256 that names the weights.") { $0.pipeline.hash }
      .property("parameters", "integer", "The number of parameters.") { $0.pipeline.parameterCount }
      .property("precision", "string", "How the weights are kept: \"f32\", \"bf16\" or \"int8\"; blocks of a GGUF file stay as they are, and are multiplied so.") { $0.pipeline.precision.rawValue }
      .property("defaults", "{ steps: integer, guidance: number?, size: integer, max_length: integer, schedule: flux.Schedule }", "steps, guidance, size, max_length and schedule where a call says nothing.") { model in
        let defaults = model.pipeline.defaults
        return LuaTable([("steps", defaults.steps), ("guidance", defaults.guidance), ("size", defaults.size),
                         ("max_length", model.pipeline.promptLength), ("schedule", LuaSchedule.count(defaults.steps))])
      }
      .text { "Model \($0.pipeline.defaults.name ?? $0.pipeline.name) (\($0.pipeline.kind), \(Self.short($0.pipeline.parameterCount)) parameters, \($0.pipeline.precision.rawValue)" + ($0.adapters.isEmpty ? "" : ", with " + $0.adapters.map(\.lora.name).joined(separator: ", ")) + ")" }
  }

  private static func short(_ count: Int) -> String { count < 1_000_000 ? "\(count / 1000) k" : "\(count / 1_000_000) M" }

  private static func table(_ list: TokenList) -> LuaTable { LuaTable([("ids", list.ids), ("pieces", list.pieces)]) }

  private func run(_ prompt: PromptList, _ options: GenerateOptions, _ call: Call) throws -> LuaRun {
    try LuaRun(self, prompt, options, call.lua)
  }

  /// Latents of this model: [16, h, w], or [n, 16, h, w].
  private func checked(_ latents: Tensor) throws -> Tensor {
    let shape = latents.shape, channels = pipeline.latentChannels
    guard shape.count == 3 || shape.count == 4, shape[shape.count - 3] == channels, shape.allSatisfy({ $0 > 0 }),
          shape[shape.count - 1] % 2 == 0, shape[shape.count - 2] % 2 == 0 else {
      throw LuaError("'latents' must have the shape [\(channels), height/8, width/8], both even, or [n, \(channels), …], got \(shape)")
    }
    guard latents.isFinite else { throw LuaError("'latents' hold a number that is infinite or not a number") }
    return latents
  }

  /// Pictures that the encoder takes.
  private func check(_ image: Image) throws {
    let grain = 2 * pipeline.reduction
    guard image.width % grain == 0, image.height % grain == 0 else {
      throw LuaError("'image' is \(image.width)x\(image.height), but its sides must be multiples of \(grain)")
    }
  }

  /// Whether distilled guidance does anything; where not, the person is told once.
  func takesGuidance() -> Bool {
    if !pipeline.configuration.hasGuidance { pipeline.noticeUnusedGuidance() }
    return pipeline.configuration.hasGuidance
  }

  private func velocity(_ latents: Tensor, _ sigma: Double, _ conditioning: Conditioning, _ options: VelocityOptions) throws -> Tensor {
    let x = try checked(latents), single = x.shape.count == 3, guidance = options.guidance, controls = try self.controls(options.control)
    let scale = guidance == nil || takesGuidance() ? guidance.map { Float($0) } ?? pipeline.defaults.guidance : nil
    let made = try flux.engine {
      try pipeline.velocity(single ? x.reshaped([1] + x.shape) : x, Float(sigma), [conditioning], guidance: scale, adapters: shares(), controls: controls)
    }
    return single ? made[0] : made
  }
}

extension PromptText {
  /// What `encode` takes: a text, or texts for each encoder.
  static var reader: Reader<PromptText> { Reader<String>.string.map { PromptText($0) }.or(table).described("a text or a table of texts") }

  static var table: Reader<PromptText> {
    .options(Options(PromptText(""), [
      Field("prompt", .string, \.text, "what both encoders read"),
      Field("clip", .string, \.clip, "what CLIP reads instead"),
      Field("t5", .string, \.t5, "what T5 reads instead"),
      Field("max_length", .integer(in: 1...FluxPipeline.longestPrompt), \.length, "tokens that T5's text is padded or cut to; the model's own by default"),
      Field("weights", .boolean, \.isWeighted, "whether (word:1.2) makes a word weigh more, as in ComfyUI; otherwise it is text"),
    ]))
  }
}

/// What is painted: a text, a Conditioning, or a list of either, one for each picture.
struct PromptList {
  enum One { case text(PromptText), conditioning(Conditioning) }
  var all: [One]

  static var reader: Reader<PromptList> {
    let list = Reader<[One]>.list(of: one, atLeast: 1).map { PromptList(all: $0) }
    return one.map { PromptList(all: [$0]) }.or(list)
      .described("a text, a table of texts, a Conditioning, or a list of them",
                 annotation: "string|flux.PromptText|flux.Conditioning|(string|flux.PromptText|flux.Conditioning)[]")
  }

  private static var one: Reader<One> {
    let plain = Reader<String>.string.map { One.text(PromptText($0)) }.or(Reader<Conditioning>.object.map { One.conditioning($0) })
    let table = PromptText.table
    var reader = Reader<One>(plain.expected, plain.annotation) { argument in
      argument.isTable && !argument.keys.names.isEmpty ? .text(try table.read(argument)) : try plain.read(argument)
    }
    reader.options = table.options
    return reader
  }

  func prompt(on pipeline: FluxPipeline, adapters: [Adaptation] = []) throws -> Prompt {
    if case .text(let text)? = all.first, all.count == 1 { return .text(text) }
    return .conditioning(try all.map { one in
      switch one {
      case .text(let text): try pipeline.encode(text, adapters: adapters)
      case .conditioning(let conditioning): conditioning
      }
    })
  }
}

private struct VelocityOptions {
  var guidance: Double?, control: [LuaControl] = []
  static var options: Options<VelocityOptions> {
    Options(VelocityOptions(), [Field("guidance", .finite, \.guidance, "distilled guidance; the model's own by default"),
                                Field("control", LuaControl.reader, \.control, "pictures that steer, each with a scale that is one number")])
  }
}

private struct DecodeOptions {
  var tile = Tile.auto
  static var options: Options<DecodeOptions> {
    Options(DecodeOptions(), [Field("tile", .tile, \.tile, "pixels along each side of the tiles that it is made in, false for the whole at once; tiles where memory demands them by default")])
  }
}

private struct EncodeOptions {
  var sample = false, seed = 0
  static var options: Options<EncodeOptions> {
    Options(EncodeOptions(), [Field("sample", .boolean, \.sample, "whether to draw from what the encoder makes, as diffusers does"),
                              Field("seed", .integer, \.seed, "of that draw")])
  }
}

extension Several {
  /// One value by itself, several as a list.
  init(one values: [some LuaPushable]) { self = values.count == 1 ? Several(values[0]) : Several(values) }
}
