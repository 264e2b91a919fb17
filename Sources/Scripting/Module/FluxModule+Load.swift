import Checkpoints
import Conditioning
import Imaging
import Pipeline

// flux.load: models, and what is said of those that cannot be used.

/// A model that a recipe loaded, for as long as the run.
struct OpenModel {
  let source: ModelSource, precision: Precision, memory: Int?
  let pipeline: FluxPipeline
  let model: LuaModel, reference: LuaReference
}

/// Where `flux.load` looks: what was chosen on the command line, a folder, a file, a name of the hub, or parts.
struct LuaSource {
  var base: String?, transformer: String?, t5: String?, clip: String?, vae: String?, tokenizers: String?, scheduler: String?

  static var reader: Reader<LuaSource> {
    let parts = Options(LuaSource(), named: "Source", first: Field("base", .string, \.base, "the folder that gives what is not named"), [
      Field("transformer", .string, \.transformer, "the folder or file of the transformer"),
      Field("t5", .string, \.t5, "the folder or file of the T5 encoder: text_encoder_2, t5xxl_fp16.safetensors"),
      Field("clip", .string, \.clip, "the folder or file of the CLIP encoder: text_encoder, clip_l.safetensors"),
      Field("vae", .string, \.vae, "the folder or file of the autoencoder: vae, ae.safetensors"),
      Field("tokenizers", .string, \.tokenizers, "a folder with tokenizer and tokenizer_2"),
      Field("scheduler", .string, \.scheduler, "the folder of the scheduler"),
    ])
    return Reader<String>.string.map { LuaSource(base: $0) }.or(.options(parts))
      .described("a folder, a file, a name of the hub, or a table of folders and files")
  }
}

private struct LoadOptions {
  var precision: Precision?
  var memory: Limits.Memory?
  var lora: [LuaAdapter] = []
  static var options: Options<LoadOptions> {
    Options(LoadOptions(), [
      Field("precision", precisionReader, \.precision, "how weights are kept; what --precision says by default"),
      Field("lora", LuaAdapter.reader, \.lora, "adapters beside the weights: { [\"file\"] = scale }, or a list of {file, scale}"),
      Field("memory", memoryReader, \.memory, "what the model may take with everything that it computes: \"12GB\"; what --memory-limit says by default, else the machine's memory"),
    ])
  }

  private static var memoryReader: Reader<Limits.Memory> {
    let expected = "a size of at least 1MB, such as \"12GB\""
    return Reader<Limits.Memory>(expected, "string") { argument in
      guard case .string(let text) = argument.value, let memory = Limits.Memory(text) else { throw Mismatch(expected, argument) }
      return memory
    }
  }

  private static var precisionReader: Reader<Precision> {
    Reader<Precision>("\"auto\", \"f32\", \"bf16\" or \"int8\"", "\"auto\"|\"f32\"|\"bf16\"|\"int8\"") { argument in
      guard let precision = argument.lua.string(at: argument.index).flatMap(Precision.init(rawValue:)) else {
        throw Mismatch("\"auto\", \"f32\", \"bf16\" or \"int8\"", argument)
      }
      return precision
    }
  }
}

extension FluxModule {
  func loadFunction() -> LuaFunction {
    LuaFunction("load", "The model that was chosen on the command line, or another: a folder, a .safetensors or .gguf file, a name of the hub that is on this machine.",
                .optional("source", LuaSource.reader, "a folder, a file, a name of the hub, or the parts of a model; what --model says by default"),
                .options(LoadOptions.options), returns: "flux.Model") { call, source, options in
      if self.declaresOnly { throw LuaStopped() }
      let model = try self.model(self.chosen(source), options.precision ?? self.session.precision, within: options.memory?.bytes, in: call.lua)
      return options.lora.isEmpty ? model.reference : LuaReference(pushing: try model.model.with(options.lora), in: call.lua)
    }
  }

  /// What was asked for; while a recipe is only checked, the model inside the program stands in for one that is not there.
  private func chosen(_ given: LuaSource?) throws -> ModelSource {
    guard let given else { return session.model }
    do { return try source(given) } catch let error as LuaError where session.purpose == .check {
      return absent(error)
    }
  }

  private func absent(_ error: any Error) -> ModelSource {
    unusable.removeAll()
    session.observer(.notice("\(error); checked against the model inside the program"))
    return .embedded
  }

  /// One model for each source, precision and memory, however often it is asked for.
  private func model(_ source: ModelSource, _ precision: Precision, within memory: Int?, in lua: Lua) throws -> OpenModel {
    if let found = models.first(where: { $0.source == source && $0.precision == precision && $0.memory == memory }) { return found }
    let kept = work.pipelines.first { $0.source == source && $0.precision == precision && $0.memory == memory }?.pipeline
    let limit = [memory, session.memoryLimit].compactMap(\.self).min()
    let pipeline = try kept ?? engine { try opened(source, precision, within: limit) }
    if kept == nil { for notice in pipeline.notices { session.observer(.notice(notice)) } }
    if pipeline.precision != precision, let found = models.first(where: { $0.source == source && $0.precision == pipeline.precision && $0.memory == memory }) { return found }
    pipeline.observer = session.observer
    pipeline.embeddings = session.embeddings
    pipeline.packed = session.packed
    session.whenLoaded(LoadedModel(name: pipeline.defaults.name ?? pipeline.name, kind: pipeline.kind, precision: pipeline.precision.rawValue,
                                   parameters: pipeline.parameterCount))
    let model = LuaModel(pipeline, self), reference = LuaReference(pushing: model, in: lua)
    // Under what "auto" came to as well.
    for precision in Set([precision, pipeline.precision]) {
      models.append(OpenModel(source: source, precision: precision, memory: memory, pipeline: pipeline, model: model, reference: reference))
      if kept == nil { work.pipelines.append((source, precision, memory, pipeline)) }
    }
    return OpenModel(source: source, precision: precision, memory: memory, pipeline: pipeline, model: model, reference: reference)
  }

  /// A pipeline that works, or one that only looks.
  private func opened(_ source: ModelSource, _ precision: Precision, within limit: Int?) throws -> FluxPipeline {
    let cancellation = settings.cancellation
    switch session.purpose {
    case .pictures: return try FluxPipeline(source, precision: precision, memoryLimit: limit, cancellation: cancellation)
    case .plan: return try .standingIn(for: source, precision: precision, memoryLimit: limit, cancellation: cancellation)
    case .check:
      do { return try .standingIn(for: source, precision: precision, cancellation: cancellation) } catch {
        return try .standingIn(for: absent(error), cancellation: cancellation)
      }
    }
  }

  private func source(_ given: LuaSource) throws -> ModelSource {
    let parts: [(ModelSource.Part, String?)] = [(.transformer, given.transformer), (.t5, given.t5), (.clip, given.clip), (.vae, given.vae),
                                                (.tokenizers, given.tokenizers), (.scheduler, given.scheduler)]
    let named = try parts.compactMap { part, path in try path.map { (part, try place($0)) } }
    let base = try given.base.map(place)
    if named.isEmpty, let base { return .named(base) }
    guard !named.isEmpty else { throw LuaError("'source' names no folder: flux.load(\"folder\"), flux.load { \"folder\", transformer = \"other\" }, or flux.load() for the chosen model") }
    return .parts(base: base, Dictionary(uniqueKeysWithValues: named))
  }

  /// A folder or file that the recipe may read, or a model of the hub that is on this machine.
  private func place(_ path: String) throws -> String {
    if let found = try session.files.folder(path) { return found }
    let places = ModelPlaces()
    if let found = places.find(path) { return found }
    do { return try places.located(path) } catch {
      let isHubName = "\(error)".contains("huggingface-cli")
      throw useless(isHubName ? "\(error)" : "there is no folder or file '\(path)' beside the recipe, in the output folder, in $FLUXLUA_MODELS or where --allow-read points")
    }
  }

  /// What there is on this machine.
  func modelsFunction() -> LuaFunction {
    LuaFunction("models", "The models found on this machine, in $FLUXLUA_MODELS and in the hub's cache: name, path, kind, format, size in bytes, and what each lacks to run.",
                returns: "{ name: string, path: string, kind: string, format: string, size: integer, missing: string[] }[]") { _ in
      ModelPlaces().models().map { model in
        LuaTable([("name", model.name), ("path", model.path), ("kind", model.kind), ("format", model.format), ("size", model.bytes),
                  ("missing", model.missing)])
      }
    }
  }

  /// An error of a model or file that is not there or cannot be used.
  func useless(_ what: String) -> LuaError {
    unusable.append(what)
    return LuaError(what)
  }

  /// Runs a piece of the engine, and remembers what was said of a model that cannot be used.
  func engine<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error where error is CheckpointError || error is TokenizerError || error is ImagingError {
      unusable.append("\(error)")
      throw error
    } catch PipelineError.unusable(let model, let what) {
      let error = PipelineError.unusable(model: model, what)
      unusable.append("\(error)")
      throw error
    }
  }

  /// The pipelines that were loaded so far.
  var loaded: [FluxPipeline] {
    models.map(\.pipeline).reduce(into: []) { all, one in if !all.contains(where: { $0 === one }) { all.append(one) } }
  }

  var session: Session { settings.session }

  /// What pictures carry of the recipe.
  var recipeRecord: PictureRecord.Recipe {
    PictureRecord.Recipe(name: recipe.name.split(separator: "/").last.map(String.init) ?? recipe.name, text: recipe.source,
                         parameters: Dictionary(resolvedParameters.map { ($0.name, $0.value) }) { $1 })
  }
}
