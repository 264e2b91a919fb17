import Checkpoints
import Conditioning
import Denoising
import EmbeddedModel
import Models
import Tensors

/// The parts of a model on disk (or in the program), found, opened and checked against each other; nothing is loaded yet.
/// Layout: that of diffusers' `FluxPipeline.save_pretrained`.
struct ModelFiles {
  let name: String
  let transformer: Checkpoint, t5: Checkpoint, clip: Checkpoint, vae: Checkpoint
  let configuration: FluxConfiguration
  let t5Configuration: T5Configuration, clipConfiguration: CLIPConfiguration
  let vaeConfiguration: AutoEncoderConfiguration
  let schedule: ModelSchedule
  let t5Tokenizer: T5Tokenizer, clipTokenizer: CLIPTokenizer
  let defaults: ModelDefaults

  init(_ source: ModelSource) throws {
    let folders = try ModelFolders(source)
    name = folders.name
    let weights = "diffusion_pytorch_model"
    transformer = try Checkpoint(in: folders.transformer, stem: weights)
    configuration = try FluxConfiguration(Self.settings(folders.transformer))
    vae = try Checkpoint(in: folders.vae, stem: weights)
    let vaeSettings = try Self.settings(folders.vae)
    vaeConfiguration = try AutoEncoderConfiguration(vaeSettings)
    t5 = try Checkpoint(in: folders.t5, stem: "model")
    t5Configuration = try T5Configuration(Self.settings(folders.t5))
    clip = try Checkpoint(in: folders.clip, stem: "model")
    clipConfiguration = try CLIPConfiguration(Self.settings(folders.clip))
    schedule = try ModelSchedule(Settings(folders.scheduler.required("scheduler_config.json", hint: "it says how the schedule is shifted; copy the folder 'scheduler' of the model")))
    t5Tokenizer = try Self.t5Tokenizer(folders.t5Tokenizer)
    clipTokenizer = try Self.clipTokenizer(folders.clipTokenizer)
    defaults = try ModelDefaults(folders.defaults, configuration, sampleSize: vaeSettings.whole("sample_size", 16...65536, standard: 1024))
    try checkFit()
  }

  private static func settings(_ folder: ModelFolder) throws -> Settings {
    try Settings(folder.required("config.json", hint: "it holds the sizes of this part; was the download complete?"))
  }

  private static func t5Tokenizer(_ folder: ModelFolder) throws -> T5Tokenizer {
    let configuration = try folder.file("tokenizer_config.json").map(\.array)
    if let file = try folder.file("tokenizer.json") {
      return try T5Tokenizer(tokenizerJSON: file.array, configuration: configuration, name: folder.name)
    }
    let file = try folder.required("spiece.model", hint: "nor is there a tokenizer.json; one of them holds T5's vocabulary")
    return try T5Tokenizer(sentencePiece: file.array, configuration: configuration, name: folder.name)
  }

  private static func clipTokenizer(_ folder: ModelFolder) throws -> CLIPTokenizer {
    let hint = "vocab.json and merges.txt hold CLIP's vocabulary"
    return try CLIPTokenizer(vocabulary: folder.required("vocab.json", hint: hint).array, merges: folder.required("merges.txt", hint: hint).array,
                             configuration: folder.file("tokenizer_config.json").map(\.array), name: folder.name)
  }

  /// Parts of different models are refused here, not an hour later.
  private func checkFit() throws {
    func refuse(_ what: String) -> PipelineError { .unusable(model: name, what) }
    guard t5Configuration.width == configuration.sequenceWidth else {
      throw refuse("the T5 encoder gives vectors of \(t5Configuration.width), but the transformer takes \(configuration.sequenceWidth); do they belong together?")
    }
    guard clipConfiguration.width == configuration.pooledWidth else {
      throw refuse("the CLIP encoder gives a vector of \(clipConfiguration.width), but the transformer takes \(configuration.pooledWidth); do they belong together?")
    }
    let patch = 4 * vaeConfiguration.latentChannels
    guard configuration.outputs == patch else {
      throw refuse("the transformer makes tokens of \(configuration.outputs), but the VAE's \(vaeConfiguration.latentChannels) channels pack into \(patch)")
    }
    guard configuration.inputs == patch else {
      let kind = configuration.inputs == 6 * patch ? "a Fill model" : configuration.inputs == 2 * patch ? "a control (Canny or Depth) model" : "of an unknown kind"
      throw refuse("the transformer takes \(configuration.inputs) features a token: it is \(kind), and this version runs dev and schnell only")
    }
  }

  /// What the parameters would take in f32, in bytes.
  var bytesInF32: Int { [transformer, t5, clip, vae].reduce(0) { $0 + $1.parameterCount * 4 } }

  /// SHA-256 over the fingerprints of all parts.
  var hash: String { Self.hash([transformer, t5, clip, vae]) }

  /// The same for the text encoders alone.
  var encoderHash: String { Self.hash([t5, clip]) }

  private static func hash(_ parts: [Checkpoint]) -> String {
    let digest = Digest()
    for part in parts { part.addFingerprint(to: digest) }
    return digest.finish()
  }
}

/// The folders that the parts are in.
private struct ModelFolders {
  let name: String
  let transformer: ModelFolder, t5: ModelFolder, clip: ModelFolder, vae: ModelFolder, scheduler: ModelFolder
  let t5Tokenizer: ModelFolder, clipTokenizer: ModelFolder
  let defaults: ModelFolder?

  init(_ source: ModelSource) throws {
    let base: ModelFolder?, named: [ModelSource.Part: String]
    switch source {
    case .embedded: (base, named) = (try Self.embedded(), [:])
    case .folder(let path): (base, named) = (try ModelFolder(path: path), [:])
    case .parts(let path, let parts): (base, named) = (try path.map(ModelFolder.init(path:)), parts)
    }
    func folder(_ part: ModelSource.Part, _ inside: String) throws -> ModelFolder {
      if let path = named[part] {
        let own = try ModelFolder(path: path)
        // A whole model may be named where one of its parts is meant.
        return own[inside].exists ? own[inside] : own
      }
      guard let base else { throw PipelineError.option(part.rawValue, "is not given, nor a base folder that would have it: flux.load { \"folder\", … }") }
      let found = base[inside]
      guard found.exists else { throw CheckpointError.missingFile(base.name, "folder '\(inside)'", hint: Self.hint(base, part)) }
      return found
    }
    transformer = try folder(.transformer, "transformer")
    t5 = try folder(.t5, "text_encoder_2")
    clip = try folder(.clip, "text_encoder")
    vae = try folder(.vae, "vae")
    scheduler = try folder(.scheduler, "scheduler")
    if let path = named[.tokenizers] {
      let both = try ModelFolder(path: path)
      (clipTokenizer, t5Tokenizer) = (both["tokenizer"], both["tokenizer_2"])
    } else {
      (clipTokenizer, t5Tokenizer) = (try folder(.tokenizers, "tokenizer"), try folder(.tokenizers, "tokenizer_2"))
    }
    name = source == .embedded ? "embedded" : base?.name ?? transformer.name
    defaults = base
  }

  private static func hint(_ base: ModelFolder, _ part: ModelSource.Part) -> String {
    base.has("model_index.json") ? "this part of the model was not downloaded; give its folder with { \"\(base.name)\", \(part.rawValue) = \"…\" }"
      : "nor a model_index.json: this version loads folders in the diffusers layout (transformer, text_encoder, text_encoder_2, vae, scheduler, tokenizer, tokenizer_2)"
  }

  private static func embedded() throws -> ModelFolder {
    let bytes = UnsafeRawBufferPointer(start: embedded_model_start(), count: embedded_model_size)
    return ModelFolder(try Archive(FileBytes(name: "embedded", storage: Storage(viewing: bytes, ownedBy: Everlasting()))))
  }
}

/// The owner of bytes that are part of the program.
private final class Everlasting {}
