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

  /// What a sample of a model holds instead of all.
  static let sampledBlocks = FluxTransformer.Depth(double: 1, single: 1), sampledLayers = 1

  /// - Parameters:
  ///   - isSample: whether one block of each kind will do, for whoever only wants to know how long a block takes
  ///   - loading: told which part is being read, and what share of it is done
  init(_ files: ModelFiles, _ precision: Precision, cancellation: Cancellation, isSample: Bool = false,
       loading: @escaping (_ part: String, _ share: Double) throws -> Void) {
    let encoding: Encoding = precision == .bf16 ? .bf16 : .f32
    (self.files, self.cancellation) = (files, cancellation)
    encoder = Lazy {
      let t5 = try T5Encoder(Weights(files.t5, precision: encoding), files.t5Configuration, layers: isSample ? Self.sampledLayers : nil) { try loading("T5", $0) }
      return (t5, try CLIPTextEncoder(Weights(files.clip, precision: encoding), files.clipConfiguration))
    }
    transformer = Lazy {
      try FluxTransformer(Weights(files.transformer, precision: encoding), files.configuration, depth: isSample ? Self.sampledBlocks : nil) { try loading("transformer", $0) }
    }
    let autoEncoder = Lazy { try AutoEncoder(Weights(files.vae, precision: encoding), files.vaeConfiguration) }
    self.autoEncoder = autoEncoder
    latentPreview = Lazy { try LatentPreview(autoEncoder()) }
  }

  func encode(t5: [Int], clip: [Int]) throws -> (sequence: Tensor, pooled: Tensor) {
    let models = try encoder()
    return (try models.t5(t5, cancellation: cancellation), try models.clip(clip, cancellation: cancellation))
  }

  func velocity(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?) throws -> Tensor {
    let (height, width) = (latents.shape[1], latents.shape[2])
    // As the reference passes it: σ·1000 in f32, over 1000 in f32.
    let made = try transformer()(img: Packing.tokens(latents), txt: conditioning.sequence, pooled: conditioning.pooled, timestep: sigma * 1000 / 1000,
                                 guidance: guidance, rotary: rotary(conditioning.tokens, height / 2, width / 2), cancellation: cancellation)
    return Packing.latents(made, height: height, width: width)
  }

  func decode(_ latents: Tensor) throws -> Tensor { try autoEncoder().decode(latents, cancellation: cancellation) }

  func encode(_ picture: Tensor) throws -> (mean: Tensor, logVariance: Tensor) { try autoEncoder().encode(picture, cancellation: cancellation) }

  func preview(_ latents: Tensor) throws -> Image { try latentPreview()(latents, reduction: files.vaeConfiguration.reduction) }

  private struct RotaryKey: Hashable { let text: Int, rows: Int, columns: Int }

  private func rotary(_ text: Int, _ rows: Int, _ columns: Int) -> Rotary {
    let key = RotaryKey(text: text, rows: rows, columns: columns)
    if let found = rotaries[key] { return found }
    if rotaries.count > 16 { rotaries = [:] }
    let made = Rotary(text: text, rows: rows, columns: columns, axes: files.configuration.axes)
    rotaries[key] = made
    return made
  }
}
