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
  private let residency: Residency
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
  ///   - isSample: whether one block of each kind will do, for whoever only wants to know how long a block takes
  ///   - loading: told which part is being read, and what share of it is done
  init(_ files: ModelFiles, _ residency: Residency, cancellation: Cancellation, isSample: Bool = false,
       shelf: Shelf = Shelf(), loading: @escaping (_ part: String, _ share: Double) throws -> Void) {
    let precision = residency.footprint.precision, encoding = precision.encoding, plain: Encoding = precision == .f32 ? .f32 : .bf16      // CLIP and the autoencoder are small
    (self.files, self.residency, self.cancellation, self.precision, self.loading) = (files, residency, cancellation, precision, loading)
    encoder = Lazy {
      let kept = shelf.weights(.t5, residency.footprint)
      let t5 = try T5Encoder(Weights(files.t5, precision: encoding, kept: kept), files.t5Configuration, layers: isSample ? Self.sampledLayers : nil) { try loading("T5", $0) }
      kept?.finish()
      try loading("T5", 1)
      return (t5, try CLIPTextEncoder(Weights(files.clip, precision: plain), files.clipConfiguration))
    }
    transformer = Lazy {
      let kept = shelf.weights(.transformer, residency.footprint)
      let made = try FluxTransformer(Weights(files.transformer, precision: encoding, kept: kept), files.configuration, depth: isSample ? Self.sampledBlocks : nil) { try loading("transformer", $0) }
      kept?.finish()
      try loading("transformer", 1)
      return made
    }
    let autoEncoder = Lazy { try AutoEncoder(Weights(files.vae, precision: plain), files.vaeConfiguration) }
    self.autoEncoder = autoEncoder
    latentPreview = Lazy {
      residency.admit(.encode(Size(LatentPreview.side * files.vaeConfiguration.reduction)))
      return try LatentPreview(autoEncoder())
    }
    residency.keep = { BufferPool.shared.limit = $0 }
    residency.release = { [weak self] part in
      switch part {
      case .text:
        self?.encoder.release()
        files.t5.letGo()
      case .transformer: self?.releaseTransformer()
      case .autoEncoder: self?.autoEncoder.release()
      }
    }
  }

  /// The transformer goes, and with it whatever works only beside it.
  private func releaseTransformer() {
    transformer.release()
    files.transformer.letGo()
    (lastMerged, nets, residency.beside) = (nil, [:], 0)
  }

  func encode(t5: [Int], clip: [Int], adapters: [Adaptation.Share]) throws -> (sequence: Tensor, pooled: Tensor) {
    residency.admit(.text(tokens: t5.count))
    let models = try encoder()
    return (try adapted(models.t5, .t5, adapters)(t5, cancellation: cancellation), try adapted(models.clip, .clip, adapters)(clip, cancellation: cancellation))
  }

  func velocity(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?, aside: Aside, adapters: [Adaptation.Share],
                cache: inout FirstBlockCache?) throws -> Tensor {
    let (height, width) = (latents.shape[1], latents.shape[2])
    let beside = aside.references.reduce(0) { $0 + Rotary.Grid($1).count }
    residency.admit(.velocity(text: conditioning.tokens, size: size(of: latents), beside: beside))
    let own = Packing.tokens(aside.channels.map { Tensor.concatenated([latents, $0]) } ?? latents)
    let img = aside.references.isEmpty ? own : Tensor.concatenated([own] + aside.references.map(Packing.tokens))
    let rotary = rotary(RotaryKey(text: conditioning.tokens, picture: .init(latents), references: aside.references.map { .init($0) }))
    let made = try adapted(transformer(), .transformer, adapters)(img: img, txt: conditioning.sequence, pooled: conditioning.pooled, timestep: Self.timestep(sigma),
                                 guidance: guidance, rotary: rotary, residuals: aside.residuals, cache: &cache, cancellation: cancellation)
    return Packing.latents(made[0..<own.rows], height: height, width: width)
  }

  /// As the reference passes it: σ·1000 in f32, over 1000 in f32.
  private static func timestep(_ sigma: Float) -> Float { sigma * 1000 / 1000 }

  func residuals(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, _ view: ControlView) throws -> Residuals? {
    let place = rotary(RotaryKey(text: conditioning.tokens + (view.net.configuration.modes == nil ? 0 : 1), picture: .init(latents), references: []))
    return try net(view.net)(img: Packing.tokens(latents), control: Packing.tokens(view.latents), txt: conditioning.sequence, pooled: conditioning.pooled,
                             timestep: Self.timestep(sigma), guidance: view.guidance, mode: view.mode, rotary: place, cancellation: cancellation)
  }

  func hint(of picture: Tensor, by file: ControlNetFile) throws -> Tensor {
    guard let made = try net(file).hint(of: picture) else { preconditionFailure("\(file.name) looks at latents") }
    return made
  }

  private func net(_ file: ControlNetFile) throws -> ControlNet {
    if let found = nets[file.hash] { return found }
    try loading("ControlNet", 0)
    residency.beside += file.bytes(precision)
    residency.admit(.network(operations: 0))
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

  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor {
    residency.admit(.decode(size(of: latents)), tile: tile)
    return try autoEncoder().decode(latents, tiling: tile.map { Tiling(side: $0) }, cancellation: cancellation)
  }

  func encode(_ picture: Tensor) throws -> (mean: Tensor, logVariance: Tensor) {
    residency.admit(.encode(Size(width: picture.shape[1], height: picture.shape[0])))
    return try autoEncoder().encode(picture, cancellation: cancellation)
  }

  func preview(_ latents: Tensor) throws -> Image { try latentPreview()(latents, reduction: files.vaeConfiguration.reduction) }

  private func size(of latents: Tensor) -> Size {
    Size(width: latents.shape[2] * files.vaeConfiguration.reduction, height: latents.shape[1] * files.vaeConfiguration.reduction)
  }

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
    if lastMerged == nil { residency.beside += residency.footprint.copy }
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
