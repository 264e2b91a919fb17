import Checkpoints
import Conditioning
import Denoising
import Foundation
import Imaging
import Models
import Tensors

/// A FLUX.1 model ready to paint: prompt → conditioning → latents → velocity → sampler → decode → image.
///
/// ```swift
/// let pipeline = try FluxPipeline(.embedded)
/// let images = try pipeline.generate(Request("a red fox", seed: 7))
/// try images[0].write(to: "fox.png")
/// ```
/// One thread at a time; parts are read when they are first needed.
public final class FluxPipeline {
  /// The folder, or "embedded".
  public let name: String
  /// What the weights are kept in, or multiplied in where they are blocks of a file: never auto.
  public let precision: Precision
  public let configuration: FluxConfiguration
  public let schedule: ModelSchedule
  public let defaults: ModelDefaults
  /// Number of parameters of all parts.
  public let parameterCount: Int
  /// SHA-256 that names the weights.
  public private(set) lazy var hash = files.hash

  /// Told what the pipeline is busy with.
  public var observer: ((Activity) -> Void)?
  /// Stops the work between two blocks of a model.
  public let cancellation: Cancellation

  let files: ModelFiles
  let encoder: Lazy<(t5: T5Encoder, clip: CLIPTextEncoder)>
  let transformer: Lazy<FluxTransformer>
  let autoEncoder: Lazy<AutoEncoder>
  let latentPreview: Lazy<LatentPreview>
  private var rotaries: [RotaryKey: Rotary] = [:]
  /// What the person should know of how the model was found and is kept.
  public let notices: [String]
  /// What was said already.
  var noticed: Set<String> = []

  /// Finds and checks the parts of a model.
  /// - Throws: `CheckpointError` or `TokenizerError` naming the file, or `PipelineError` where parts do not fit each other.
  public init(_ source: ModelSource = .embedded, precision: Precision = .auto, memoryLimit: Int? = nil,
              cancellation: Cancellation = Cancellation()) throws {
    let files = try ModelFiles(source)
    let (kept, reason) = try files.precision(precision, within: memoryLimit)
    let reports = Reports()
    let encoding = kept.encoding, plain: Encoding = kept == .f32 ? .f32 : .bf16       // CLIP and the autoencoder are small
    (self.files, self.precision, self.cancellation) = (files, kept, cancellation)
    (name, configuration, schedule, defaults, notices) = (files.name, files.configuration, files.schedule, files.defaults, files.notices + reason)
    parameterCount = [files.transformer, files.t5, files.clip, files.vae].reduce(0) { $0 + $1.parameterCount }
    let encoder = Lazy<(t5: T5Encoder, clip: CLIPTextEncoder)> {
      let t5 = try T5Encoder(Weights(files.t5, precision: encoding), files.t5Configuration, progress: reports.loading("T5", cancellation))
      return (t5, try CLIPTextEncoder(Weights(files.clip, precision: plain), files.clipConfiguration))
    }
    let transformer = Lazy {
      try FluxTransformer(Weights(files.transformer, precision: encoding), files.configuration, progress: reports.loading("transformer", cancellation))
    }
    let autoEncoder = Lazy { try AutoEncoder(Weights(files.vae, precision: plain), files.vaeConfiguration) }
    (self.encoder, self.transformer, self.autoEncoder) = (encoder, transformer, autoEncoder)
    if !files.fitTogether(kept, within: memoryLimit) {
      // Prompts are encoded, then T5 leaves its memory to the transformer; the next prompt wants it back.
      transformer.makesRoom = { [weak encoder] in encoder?.release() }
      encoder.makesRoom = { [weak transformer] in transformer?.release() }
    }
    latentPreview = Lazy { try LatentPreview(autoEncoder()) }
    reports.pipeline = self
  }

  /// "dev" (distilled guidance) or "schnell" (none), read from the tensors.
  public var kind: String { configuration.hasGuidance ? "dev" : "schnell" }

  /// The channels of latents.
  public var latentChannels: Int { files.vaeConfiguration.latentChannels }
  /// Pixels along each side of one latent.
  public var reduction: Int { files.vaeConfiguration.reduction }

  /// The one loop, for whoever wants to hold it.
  /// - Throws: `PipelineError` for a request that the model cannot serve.
  public func trajectory(_ request: Request) throws -> Trajectory {
    let size = try checkedSize(request.size)
    let count = try pictureCount(request)
    let conditioning = try conditioning(for: request.prompt, count: count)        // prompt → tokens → embeddings
    let negative = try request.cfg.map { try self.conditioning(for: $0.negative, count: count, option: "negative") }
    let schedule = try schedule(for: request, size: size)
    let start = try beginning(of: request, count: count, size: size, along: schedule)
    var course = Trajectory.Course(sampler: start.sampler, conditioning: conditioning, seeds: request.seeds.all,
                                   guidance: guidance(for: request), cfg: request.cfg?.scale, before: hook(for: request))
    course.nearlyOne = self.schedule.nearlyOne(tokens: tokens(of: size))
    return Trajectory(from: start.latents, along: start.schedule, on: course) { [self] x, sigma, step in
      let positive = try velocity(x, sigma, step.conditioning, guidance: step.guidance)
      guard let negative, let cfg = request.cfg, let scale = step.cfg, scale != 1 || !cfg.isIdleAtOne, cfg.isInForce(at: step) else { return positive }
      return try cfg.combination(positive, velocity(x, sigma, negative, guidance: step.guidance), scale: scale, step: step)
    }
  }

  /// The finished latents of a request, [n, 16, height/8, width/8].
  public func sample(_ request: Request) throws -> Tensor {
    var trajectory = try trajectory(request)
    while try trajectory.next() != nil {}
    observer?(.sampled)
    return trajectory.latents
  }

  /// Pictures, one for each of the batch.
  public func generate(_ request: Request) throws -> [Image] { try decode(sample(request)) }

  /// The velocity of latents at a noise level: one call of the transformer for each picture.
  /// - Parameters:
  ///   - x: [n, 16, height/8, width/8]
  ///   - conditioning: one for all pictures, or one each
  ///   - guidance: distilled guidance, for a model that has it
  public func velocity(_ x: Tensor, _ sigma: Float, _ conditioning: [Conditioning], guidance: Float?) throws -> Tensor {
    for one in conditioning { try check(one) }
    guard guidance != nil || !configuration.hasGuidance else { throw PipelineError.option("guidance", "is missing, and this model was made to be told it") }
    let model = try transformer(), (height, width) = (x.shape[2], x.shape[3])
    return Tensor.stacked(try (0..<x.shape[0]).map { n in
      let one = conditioning[conditioning.count == 1 ? 0 : n]
      // As the reference passes it: σ·1000 in f32, over 1000 in f32.
      let made = try model(img: Packing.tokens(x[n]), txt: one.sequence, pooled: one.pooled, timestep: sigma * 1000 / 1000,
                           guidance: guidance, rotary: rotary(one.tokens, height / 2, width / 2), cancellation: cancellation)
      return Packing.latents(made, height: height, width: width)
    })
  }

  /// Pictures of latents [n, 16, height/8, width/8] or [16, height/8, width/8].
  public func decode(_ latents: Tensor) throws -> [Image] {
    let all = latents.shape.count == 3 ? latents.reshaped([1] + latents.shape) : latents
    let model = try autoEncoder()
    return try (0..<all.shape[0]).map { n in
      observer?(.decoding(n + 1, count: all.shape[0]))
      defer { observer?(.decoded) }
      return try Image(decoded: model.decode(all[n], cancellation: cancellation))
    }
  }

  /// The latents of a picture, [16, height/8, width/8]: the mean of what the encoder makes of it, or one sample.
  public func encode(_ image: Image, sampling generator: inout TorchGenerator?) throws -> Tensor {
    _ = try checkedSize(Size(width: image.width, height: image.height))
    let model = try autoEncoder()
    var (z, logVariance) = try model.encode(image.decoded, cancellation: cancellation)
    if let noise = generator?.normals(z.shape) { z = z + logVariance.mapped { exp(0.5 * $0) } * noise }
    return model.scaled(z)
  }

  private struct RotaryKey: Hashable { let text: Int, rows: Int, columns: Int }

  private func rotary(_ text: Int, _ rows: Int, _ columns: Int) -> Rotary {
    let key = RotaryKey(text: text, rows: rows, columns: columns)
    if let found = rotaries[key] { return found }
    if rotaries.count > 16 { rotaries = [:] }
    let made = Rotary(text: text, rows: rows, columns: columns, axes: configuration.axes)
    rotaries[key] = made
    return made
  }
}

/// Carries reports from a part that is being read to whoever watches the pipeline.
private final class Reports {
  weak var pipeline: FluxPipeline?

  func loading(_ part: String, _ cancellation: Cancellation) -> (Double) throws -> Void {
    { [self] share in
      try cancellation.check()
      pipeline?.observer?(.loading(part, share: share))
    }
  }
}
