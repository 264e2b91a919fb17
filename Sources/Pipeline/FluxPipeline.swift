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
  /// The same for the text encoders alone.
  private(set) lazy var encoderHash = files.encoderHash

  /// Told what the pipeline is busy with.
  public var observer: ((Activity) -> Void)?
  /// Stops the work between two blocks of a model.
  public let cancellation: Cancellation
  /// What prompts came to.
  public var embeddings = EmbeddingCache()
  /// Where weights are kept as they are multiplied, so that the next start is a moment's; nil for nowhere.
  public var packed: PackedStore? { didSet { shelf.store = packed } }
  private let shelf = Shelf()

  let files: ModelFiles
  /// Where the heavy work is done.
  private(set) var engine: any Engine
  /// What the person should know of how the model was found and is kept.
  public let notices: [String]
  /// Which parts are in memory at the same time.
  let residency: Residency
  /// Adapters that were read, by path and state of the file.
  var opened: [String: LoRA] = [:]
  /// The same of ControlNets and of Redux.
  var openedNets: [String: ControlNetFile] = [:], openedRedux: [String: ReduxFile] = [:]
  /// Whether a request asked for adapters in the weights: then there is a second transformer.
  var hasMerged = false
  /// What Redux made of pictures.
  var seenPictures: [String: Tensor] = [:]
  /// What was said already.
  var noticed: Set<String> = []

  /// Finds and checks the parts of a model.
  /// - Throws: `CheckpointError` or `TokenizerError` naming the file, or `PipelineError` where parts do not fit each other.
  public init(_ source: ModelSource = .embedded, precision: Precision = .auto, memoryLimit: Int? = nil,
              cancellation: Cancellation = Cancellation()) throws {
    let files = try ModelFiles(source)
    let (kept, reason) = try files.precision(precision, within: memoryLimit)
    (self.files, self.precision, self.cancellation) = (files, kept, cancellation)
    (name, configuration, schedule, defaults, notices) = (files.name, files.configuration, files.schedule, files.defaults, files.notices + reason)
    parameterCount = [files.transformer, files.t5, files.clip, files.vae].reduce(0) { $0 + $1.parameterCount }
    let reports = Reports()
    residency = Residency(Footprint(files: files, precision: kept), limit: memoryLimit, memory: ModelFiles.room)
    engine = ModelEngine(files, residency, cancellation: cancellation, shelf: shelf, loading: reports.loading)
    shelf.say = reports.notice
    reports.pipeline = self
  }

  /// From here on nothing is computed, only counted.
  func standIn() { engine = StandInEngine(files, cancellation: cancellation) }

  /// "dev" (distilled guidance), "schnell" (none), "fill" or "control", read from the tensors; "kontext" for a dev model that is called so,
  /// since its tensors are dev's.
  public var kind: String {
    configuration.kind == "dev" && [name, defaults.name ?? ""].contains { $0.lowercased().contains("kontext") } ? "kontext" : configuration.kind
  }

  /// The channels of latents.
  public var latentChannels: Int { files.vaeConfiguration.latentChannels }
  /// Pixels along each side of one latent.
  public var reduction: Int { files.vaeConfiguration.reduction }

  /// The one loop, for whoever wants to hold it.
  /// - Throws: `PipelineError` for a request that the model cannot serve.
  public func trajectory(_ request: Request) throws -> Trajectory {
    let request = try settled(request), size = try size(of: request)
    let count = try pictureCount(request)
    for adapter in request.adapters { try check(adapter.lora, isPartial: adapter.isPartial) }
    try check(request.controls, beside: request.adapters.map(\.lora))
    let conditioning = try conditioning(for: request, count: count)        // prompt → tokens → embeddings
    let negative = try request.cfg.map { try self.conditioning(for: $0.negative, count: count, option: "negative", adapters: request.adapters) }
    let schedule = try schedule(for: request, size: size)
    try checkRoom(for: request, size, conditioning)
    let start = try beginning(of: request, count: count, size: size, along: schedule)
    var course = Trajectory.Course(sampler: start.sampler, conditioning: conditioning, seeds: request.seeds.all,
                                   guidance: guidance(for: request), cfg: request.cfg?.scale, before: hook(for: request))
    (course.scales, course.controls, course.company) = (request.adapters.map(\.scale), request.controls.map(\.effect), start.companions.named)
    course.nearlyOne = self.schedule.nearlyOne(tokens: tokens(of: size))
    let evaluation = Evaluation(pipeline: self, request: request, companions: start.companions, negative: negative)
    return Trajectory(from: start.latents, along: start.schedule, on: course) { try evaluation($0, $1, $2, &$3) }
  }

  /// A request of which nothing is left to be decided: which adapters are merged.
  public func settled(_ request: Request) throws -> Request {
    var settled = request
    settled.adapters = placed(request.adapters, size: try size(of: request))
    return settled
  }

  /// The finished latents of a request, [n, 16, height/8, width/8].
  public func sample(_ request: Request) throws -> Tensor {
    var trajectory = try trajectory(request)
    while try trajectory.next() != nil {}
    observer?(.sampled)
    report(trajectory.memory, of: request)
    return trajectory.latents
  }

  /// Pictures, one for each of the batch.
  public func generate(_ request: Request) throws -> [Image] {
    let region = try request.start.region(for: size(of: request))
    return try decode(sample(request), into: region, tile: request.tile)
  }

  /// The velocity of latents at a noise level: one call of the transformer for each picture.
  /// - Parameters:
  ///   - x: [n, 16, height/8, width/8]
  ///   - conditioning: one for all pictures, or one each
  ///   - guidance: distilled guidance, for a model that has it
  ///   - adapters: each with a scale that is one number
  ///   - controls: each with a scale that is one number
  public func velocity(_ x: Tensor, _ sigma: Float, _ conditioning: [Conditioning], guidance: Float?, adapters: [Adaptation] = [],
                       controls: [Control] = []) throws -> Tensor {
    var uncached: FirstBlockCache?
    let companions = try shown(controls, beside: x, adapters.map(\.lora))
    let shares = try placed(adapters, size: Size(width: x.shape[3] * reduction, height: x.shape[2] * reduction)).map { one in
      guard case .constant(let scale) = one.scale else { throw PipelineError.option("lora", "has a scale that changes from step to step, and here is no step") }
      return (lora: one.lora, scale: scale, isMerged: one.isMerged)
    }
    return Tensor.stacked(try (0..<x.shape[0]).map { n in
      let conditioning = conditioning[conditioning.count == 1 ? 0 : n]
      var aside = Aside(channels: companions.channels?[n])
      for (control, latents) in zip(controls, companions.controls) {
        guard case .constant(let scale) = control.scale else { throw PipelineError.option("control", "has a scale that changes from step to step, and here is no step") }
        aside.residuals += try residuals(control, latents, n, x[n], sigma, conditioning, guidance: guidance ?? Self.controlGuidance, scale: scale)
      }
      return try velocity(of: x[n], sigma, conditioning, guidance: guidance, aside: aside, adapters: shares, cache: &uncached)
    })
  }

  /// The same of one picture's latents, with what is shown beside them.
  func velocity(of x: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?, aside: Aside, adapters: [Adaptation.Share],
                cache: inout FirstBlockCache?) throws -> Tensor {
    try check(conditioning)
    guard guidance != nil || !configuration.hasGuidance else { throw PipelineError.option("guidance", "is missing, and this model was made to be told it") }
    let seen = 4 * (x.shape[0] + (aside.channels?.shape[0] ?? 0)), more = adapters.first { $0.scale != 0 && reads($0.lora) }
    guard more == nil || seen > configuration.inputs else {
      throw PipelineError.option("control", "is missing: '\(more?.lora.name ?? "")' is a control LoRA, which looks at a picture: control = { { image = … } }")
    }
    guard seen == configuration.inputs || configuration.inputs == configuration.outputs else {
      throw PipelineError.option(configuration.kind == "fill" ? "image" : "control", "is missing: this is a \(kind) model, which sees a picture beside the latents")
    }
    return try engine.velocity(x, sigma, conditioning, guidance: guidance, aside: aside, adapters: adapters, cache: &cache)
  }

  /// What a control's network adds for the n-th picture; nothing of a model's own control, or of a scale of 0.
  func residuals(_ control: Control, _ latents: Tensor?, _ n: Int, _ x: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?, scale: Float) throws -> [Residuals] {
    guard scale != 0, let net = control.net, let latents else { return [] }
    let view = ControlView(net: net, latents: latents[n], mode: control.mode, guidance: net.configuration.flux.hasGuidance ? guidance : nil)
    guard var made = try engine.residuals(x, sigma, conditioning, view) else { return [] }
    made.scale = scale
    return [made]
  }

  /// Pictures of latents [n, 16, height/8, width/8] or [16, height/8, width/8].
  /// - Parameter region: where they belong in a larger picture, which is then given
  public func decode(_ latents: Tensor, into region: RepaintRegion? = nil, tile: Tile = .auto) throws -> [Image] {
    let all = latents.shape.count == 3 ? latents.reshaped([1] + latents.shape) : latents
    let side = self.side(of: tile, for: Size(width: all.shape[3] * reduction, height: all.shape[2] * reduction))
    return try (0..<all.shape[0]).map { n in
      observer?(.decoding(n + 1, count: all.shape[0]))
      defer { observer?(.decoded) }
      let image = try Image(decoded: engine.decode(all[n], tile: side))
      return try region?.composed(image) ?? image
    }
  }

  /// The latents of a picture, [16, height/8, width/8]: the mean of what the encoder makes of it, or one sample.
  public func encode(_ image: Image, sampling generator: inout TorchGenerator?) throws -> Tensor {
    _ = try checkedSize(Size(width: image.width, height: image.height))
    var (z, logVariance) = try engine.encode(image.decoded)
    if let noise = generator?.normals(z.shape) { z = z + logVariance.mapped { exp(0.5 * $0) } * noise }
    return files.vaeConfiguration.scaled(z)
  }
}

/// Carries reports from a part that is being read to whoever watches the pipeline.
private final class Reports {
  weak var pipeline: FluxPipeline?

  func notice(_ text: String) { pipeline?.observer?(.notice(text)) }

  func loading(_ part: String, _ share: Double) throws {
    try pipeline?.cancellation.check()
    pipeline?.observer?(.loading(part, share: share))
  }
}
