import Checkpoints
import Conditioning
import Imaging
import Pipeline

// flux.load: models, and what is said of those that cannot be used.

/// A model that a recipe loaded, for as long as the run.
struct OpenModel {
  let source: ModelSource, precision: Precision
  let pipeline: FluxPipeline
  let model: LuaReference
}

/// Where `flux.load` looks: what was chosen on the command line, a folder, or parts.
struct LuaSource {
  var base: String?, transformer: String?, t5: String?, clip: String?, vae: String?, tokenizers: String?, scheduler: String?

  static var reader: Reader<LuaSource> {
    let parts = Options(LuaSource(), named: "Source", first: Field("base", .string, \.base, "the folder that gives what is not named"), [
      Field("transformer", .string, \.transformer, "the folder of the transformer"), Field("t5", .string, \.t5, "the folder of the T5 encoder, text_encoder_2"),
      Field("clip", .string, \.clip, "the folder of the CLIP encoder, text_encoder"), Field("vae", .string, \.vae, "the folder of the autoencoder"),
      Field("tokenizers", .string, \.tokenizers, "a folder with tokenizer and tokenizer_2"),
      Field("scheduler", .string, \.scheduler, "the folder of the scheduler"),
    ])
    return Reader<String>.string.map { LuaSource(base: $0) }.or(.options(parts))
      .described("a folder, or a table of folders")
  }
}

private struct LoadOptions {
  var precision: Precision?
  static var options: Options<LoadOptions> {
    Options(LoadOptions(), [
      Field("precision", precisionReader, \.precision, "how weights are kept; what --precision says by default"),
      .later("lora", "LoRA"), .later("memory", "memory plans"),
    ])
  }

  private static var precisionReader: Reader<Precision> {
    Reader<Precision>("\"auto\", \"f32\" or \"bf16\"", "\"auto\"|\"f32\"|\"bf16\"") { argument in
      let name = argument.lua.string(at: argument.index)
      if name == "int8" { throw Mismatch(predicate: "is \"int8\", which is not in this version yet; use \"f32\" or \"bf16\"") }
      guard let precision = name.flatMap(Precision.init(rawValue:)) else { throw Mismatch("\"auto\", \"f32\" or \"bf16\"", argument) }
      return precision
    }
  }
}

extension FluxModule {
  func loadFunction() -> LuaFunction {
    LuaFunction("load", "The model that was chosen on the command line, or the one in a folder.",
                .optional("source", LuaSource.reader, "a folder, or the parts of a model; what --model says by default"),
                .options(LoadOptions.options), returns: "flux.Model") { call, source, options in
      if self.declaresOnly { throw LuaStopped() }
      return try self.model(self.chosen(source), options.precision ?? self.session.precision, in: call.lua)
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

  /// One model for each source and precision, however often it is asked for.
  private func model(_ source: ModelSource, _ precision: Precision, in lua: Lua) throws -> LuaReference {
    if let found = models.first(where: { $0.source == source && $0.precision == precision }) { return found.model }
    let kept = work.pipelines.first { $0.source == source && $0.precision == precision }?.pipeline
    let pipeline = try kept ?? engine { try opened(source, precision) }
    if pipeline.precision != precision { return try model(source, pipeline.precision, in: lua) }      // what "auto" came to
    pipeline.observer = session.observer
    pipeline.embeddings = session.embeddings
    session.whenLoaded(LoadedModel(name: pipeline.defaults.name ?? pipeline.name, kind: pipeline.kind, precision: pipeline.precision.rawValue,
                                   parameters: pipeline.parameterCount))
    let model = LuaReference(pushing: LuaModel(pipeline, self), in: lua)
    models.append(OpenModel(source: source, precision: precision, pipeline: pipeline, model: model))
    if kept == nil { work.pipelines.append((source, precision, pipeline)) }
    return model
  }

  /// A pipeline that works, or one that only looks.
  private func opened(_ source: ModelSource, _ precision: Precision) throws -> FluxPipeline {
    let cancellation = settings.cancellation
    switch session.purpose {
    case .pictures: return try FluxPipeline(source, precision: precision, memoryLimit: session.memoryLimit, cancellation: cancellation)
    case .plan: return try .standingIn(for: source, precision: precision, memoryLimit: session.memoryLimit, cancellation: cancellation)
    case .check:
      do { return try .standingIn(for: source, precision: precision, cancellation: cancellation) } catch {
        return try .standingIn(for: absent(error), cancellation: cancellation)
      }
    }
  }

  private func source(_ given: LuaSource) throws -> ModelSource {
    let parts: [(ModelSource.Part, String?)] = [(.transformer, given.transformer), (.t5, given.t5), (.clip, given.clip), (.vae, given.vae),
                                                (.tokenizers, given.tokenizers), (.scheduler, given.scheduler)]
    let named = try parts.compactMap { part, path in try path.map { (part, try folder($0)) } }
    let base = try given.base.map(folder)
    if named.isEmpty, let base { return .folder(base) }
    guard !named.isEmpty else { throw LuaError("'source' names no folder: flux.load(\"folder\"), flux.load { \"folder\", transformer = \"other\" }, or flux.load() for the chosen model") }
    return .parts(base: base, Dictionary(uniqueKeysWithValues: named))
  }

  /// A folder that the recipe may read; what else may be meant by the name is said in words.
  private func folder(_ path: String) throws -> String {
    for ending in [".safetensors", ".gguf", ".sft", ".ckpt", ".pt", ".bin"] where path.lowercased().hasSuffix(ending) {
      throw useless("'\(path)' is a single file; this version loads folders in the diffusers layout (transformer, text_encoder, text_encoder_2, vae, …)")
    }
    if let found = try session.files.folder(path) { return found }
    let isHubName = path.wholeMatch(of: /[A-Za-z0-9][\w.\-]*\/[\w.\-]+/) != nil
    throw useless(isHubName
      ? "there is no folder '\(path)'; names of a model hub are not looked up in this version: download it (for example: huggingface-cli download \(path) --local-dir FOLDER) and give that folder"
      : "there is no folder '\(path)' beside the recipe, in the output folder or where --allow-read points")
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
  var loaded: [FluxPipeline] { models.map(\.pipeline) }

  var session: Session { settings.session }

  /// What pictures carry of the recipe.
  var recipeRecord: PictureRecord.Recipe {
    PictureRecord.Recipe(name: recipe.name.split(separator: "/").last.map(String.init) ?? recipe.name, text: recipe.source,
                         parameters: Dictionary(resolvedParameters.map { ($0.name, $0.value) }) { $1 })
  }
}
