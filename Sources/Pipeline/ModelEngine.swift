import Checkpoints
import Conditioning
import Denoising
import Imaging
import Models
import Tensors

/// A model's own parts at work; each is read when it is first needed.
final class ModelEngine: Engine {
  private let files: ModelFiles
  private let cancellation: Cancellation
  private let encoder: Lazy<(t5: T5Encoder, clip: CLIPTextEncoder)>
  private let transformer: Lazy<FluxTransformer>
  private let autoEncoder: Lazy<AutoEncoder>
  private let latentPreview: Lazy<LatentPreview>
  private var rotaries: [RotaryKey: Rotary] = [:]
  /// Adapters as the layers take them, by file and part of the model.
  private var fitted: [FittedKey: LoRA.Fitted] = [:]
  private let precision: Precision
  private let loading: (_ part: String, _ share: Double) throws -> Void
  /// The transformer with adapters in its weights, by their files and scales.
  private var lastMerged: (key: [String], model: any Layered)?
  /// ControlNets by what names their weights.
  private var nets: [String: ControlNet] = [:]

  /// What a sample of a model holds instead of all.
  static let sampledBlocks = FluxTransformer.Depth(double: 1, single: 1), sampledLayers = 1

  /// - Parameters:
  ///   - takesTurns: whether text encoders and transformer are not in memory at the same time
  ///   - isSample: whether one block of each kind will do, for whoever only wants to know how long a block takes
  ///   - loading: told which part is being read, and what share of it is done
  init(_ files: ModelFiles, _ precision: Precision, takesTurns: Bool = false, cancellation: Cancellation, isSample: Bool = false,
       loading: @escaping (_ part: String, _ share: Double) throws -> Void) {
    let encoding = precision.encoding, plain: Encoding = precision == .f32 ? .f32 : .bf16       // CLIP and the autoencoder are small
    (self.files, self.cancellation, self.precision, self.loading) = (files, cancellation, precision, loading)
    encoder = Lazy {
      let t5 = try T5Encoder(Weights(files.t5, precision: encoding), files.t5Configuration, layers: isSample ? Self.sampledLayers : nil) { try loading("T5", $0) }
      return (t5, try CLIPTextEncoder(Weights(files.clip, precision: plain), files.clipConfiguration))
    }
    transformer = Lazy {
      try FluxTransformer(Weights(files.transformer, precision: encoding), files.configuration, depth: isSample ? Self.sampledBlocks : nil) { try loading("transformer", $0) }
    }
    let autoEncoder = Lazy { try AutoEncoder(Weights(files.vae, precision: plain), files.vaeConfiguration) }
    self.autoEncoder = autoEncoder
    latentPreview = Lazy { try LatentPreview(autoEncoder()) }
    guard takesTurns else { return }
    // Prompts are encoded, then T5 leaves its memory to the transformer; the next prompt wants it back.
    transformer.makesRoom = { [weak encoder] in encoder?.release() }
    encoder.makesRoom = { [weak transformer] in transformer?.release() }
  }

  func encode(t5: [Int], clip: [Int], adapters: [Adaptation.Share]) throws -> (sequence: Tensor, pooled: Tensor) {
    let models = try encoder()
    return (try adapted(models.t5, .t5, adapters)(t5, cancellation: cancellation), try adapted(models.clip, .clip, adapters)(clip, cancellation: cancellation))
  }

  func velocity(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?, aside: Aside, adapters: [Adaptation.Share]) throws -> Tensor {
    let (height, width) = (latents.shape[1], latents.shape[2])
    let own = Packing.tokens(aside.channels.map { Tensor.concatenated([latents, $0]) } ?? latents)
    let img = aside.references.isEmpty ? own : Tensor.concatenated([own] + aside.references.map(Packing.tokens))
    let rotary = rotary(RotaryKey(text: conditioning.tokens, picture: .init(latents), references: aside.references.map { .init($0) }))
    let made = try adapted(transformer(), .transformer, adapters)(img: img, txt: conditioning.sequence, pooled: conditioning.pooled, timestep: Self.timestep(sigma),
                                 guidance: guidance, rotary: rotary, residuals: aside.residuals, cancellation: cancellation)
    return Packing.latents(made[0..<own.rows], height: height, width: width)
  }

  /// As the reference passes it: σ·1000 in f32, over 1000 in f32.
  private static func timestep(_ sigma: Float) -> Float { sigma * 1000 / 1000 }

  func residuals(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, _ view: ControlView) throws -> Residuals? {
    let place = rotary(RotaryKey(text: conditioning.tokens + (view.net.configuration.modes == nil ? 0 : 1), picture: .init(latents), references: []))
    return try net(view.net)(img: Packing.tokens(latents), control: Packing.tokens(view.latents), txt: conditioning.sequence, pooled: conditioning.pooled,
                             timestep: Self.timestep(sigma), guidance: view.guidance, mode: view.mode, rotary: place, cancellation: cancellation)
  }

  private func net(_ file: ControlNetFile) throws -> ControlNet {
    if let found = nets[file.hash] { return found }
    try loading("ControlNet", 0)
    let made = try ControlNet(Weights(file.checkpoint, precision: precision.encoding), file.configuration)
    nets[file.hash] = made
    return made
  }

  func tokens(of picture: Tensor, by file: ReduxFile) throws -> Tensor {
    let plain: Encoding = precision == .f32 ? .f32 : .bf16
    try loading("Redux", 0)
    let states = try SigLIPEncoder(Weights(file.tower, precision: plain), file.configuration)(picture, cancellation: cancellation)
    return try ReduxEmbedder(Weights(file.embedder, precision: plain), inputs: file.configuration.width, outputs: file.outputs)(states)
  }

  func decode(_ latents: Tensor) throws -> Tensor { try autoEncoder().decode(latents, cancellation: cancellation) }

  func encode(_ picture: Tensor) throws -> (mean: Tensor, logVariance: Tensor) { try autoEncoder().encode(picture, cancellation: cancellation) }

  func preview(_ latents: Tensor) throws -> Image { try latentPreview()(latents, reduction: files.vaeConfiguration.reduction) }

  private struct FittedKey: Hashable { let sha256: String, part: ModelPart }

  /// A part with adapters beside its layers: its weights are shared, so that another scale costs nothing. Those that are to be merged are in the
  /// transformer's weights, and the last such transformer is kept.
  private func adapted<Part: Layered>(_ model: Part, _ part: ModelPart, _ shares: [Adaptation.Share]) throws -> Part {
    let used = shares.filter { $0.scale != 0 && $0.lora.changes(part) }, inside = part == .transformer ? used.filter(\.isMerged) : []
    guard !used.isEmpty else { return model }
    let base = try merged(model, inside), beside = used.filter { !$0.isMerged || part != .transformer }
    return beside.isEmpty ? base : base.adapted(by: try beside.map { lora, scale, _ in
      let key = FittedKey(sha256: lora.sha256, part: part)
      let made = try fitted[key] ?? lora.fitted(to: model, part, of: weights(of: part))
      fitted[key] = made
      return (made, scale)
    })
  }

  private func merged<Part: Layered>(_ model: Part, _ shares: [Adaptation.Share]) throws -> Part {
    guard !shares.isEmpty else { return model }
    let key = shares.map { "\($0.lora.sha256) \($0.scale)" }
    if let lastMerged, lastMerged.key == key, let made = lastMerged.model as? Part { return made }
    lastMerged = nil
    let made = try model.merged(with: shares.map { ($0.lora, $0.scale) }, .transformer, of: files.transformer, precision: precision.encoding)
    lastMerged = (key, made)
    return made
  }

  private func weights(of part: ModelPart) -> Checkpoint {
    switch part { case .transformer: files.transformer; case .t5: files.t5; case .clip: files.clip; case .vae: files.vae }
  }

  private struct RotaryKey: Hashable { let text: Int, picture: Rotary.Grid, references: [Rotary.Grid] }

  private func rotary(_ key: RotaryKey) -> Rotary {
    if let found = rotaries[key] { return found }
    if rotaries.count > 16 { rotaries = [:] }
    let made = Rotary(text: key.text, picture: key.picture, references: key.references, axes: files.configuration.axes)
    rotaries[key] = made
    return made
  }
}
