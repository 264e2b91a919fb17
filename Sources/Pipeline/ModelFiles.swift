import Checkpoints
import Conditioning
import Denoising
import Models
import Tensors

/// The parts of a model on disk (or in the program), opened and checked against each other; nothing is loaded yet.
struct ModelFiles {
  let name: String
  let transformer: Checkpoint, t5: Checkpoint, clip: Checkpoint, vae: Checkpoint
  let configuration: FluxConfiguration
  let t5Configuration: T5Configuration, clipConfiguration: CLIPConfiguration
  let vaeConfiguration: AutoEncoderConfiguration
  let schedule: ModelSchedule
  let t5Tokenizer: T5Tokenizer, clipTokenizer: CLIPTokenizer
  let defaults: ModelDefaults
  /// What the person should know about how the parts were found.
  let notices: [String]

  init(_ source: ModelSource) throws {
    let parts = try ModelParts(source)
    try parts.checkComplete()
    func part(_ part: ModelPart) throws -> (Checkpoint, Settings) {
      guard let found = parts.weights[part], let settings = parts.settings[part] else { throw PipelineError.unusable(model: parts.name, "lacks the \(part.title)") }
      return (found.checkpoint, settings)
    }
    guard let tokenizers = parts.tokenizers else { throw PipelineError.unusable(model: parts.name, "lacks the tokenizers") }
    (name, notices) = (parts.name, parts.notices)
    let (transformer, transformerSettings) = try part(.transformer), (vae, vaeSettings) = try part(.vae)
    let (t5, t5Settings) = try part(.t5), (clip, clipSettings) = try part(.clip)
    (self.transformer, self.t5, self.clip, self.vae) = (transformer, t5, clip, vae)
    configuration = try FluxConfiguration(transformerSettings)
    vaeConfiguration = try AutoEncoderConfiguration(vaeSettings)
    t5Configuration = try T5Configuration(t5Settings)
    clipConfiguration = try CLIPConfiguration(clipSettings)
    schedule = try parts.scheduler.map(ModelSchedule.init) ?? .published(hasGuidance: configuration.hasGuidance)
    t5Tokenizer = try Self.t5Tokenizer(tokenizers.t5)
    clipTokenizer = try Self.clipTokenizer(tokenizers.clip)
    defaults = try ModelDefaults(parts.home, configuration, sampleSize: vaeSettings.whole("sample_size", 16...65536, standard: 1024))
    try checkFit()
    try survey()
  }

  /// Whether every tensor of every part is there and of the right shape: a decoder that lacks one would else be noticed when the picture is done.
  private func survey() throws {
    _ = try FluxTransformer(Weights(surveying: transformer), configuration)
    _ = try T5Encoder(Weights(surveying: t5), t5Configuration)
    _ = try CLIPTextEncoder(Weights(surveying: clip), clipConfiguration)
    _ = try AutoEncoder(Weights(surveying: vae), vaeConfiguration)
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
    guard [1, 2, 6].contains(where: { configuration.inputs == $0 * patch }) else {
      throw refuse("the transformer takes \(configuration.inputs) features a token, and FLUX.1 has models of \(patch) (dev, schnell, Kontext), \(2 * patch) (Canny, Depth) and \(6 * patch) (Fill); is it another model?")
    }
  }

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
