import Conditioning
import Denoising
import Tensors

/// What a request comes down to on this model.
extension FluxPipeline {
  /// The adapters, ControlNets and Redux that were opened, and what names their contents.
  public var openedFiles: [(name: String, hash: String)] {
    opened.values.map { ($0.name, $0.sha256) } + openedNets.values.map { ($0.name, $0.hash) } + openedRedux.values.map { ($0.name, $0.hash) }
  }

  /// What all pictures of a request are of: its prompt, with Redux's pictures behind it.
  func conditioning(for request: Request, count: Int) throws -> [Conditioning] {
    let text = try conditioning(for: request.prompt, count: count, adapters: request.adapters)
    guard let redux = request.redux else { return text }
    return try text.map {
      try check($0)
      return try conditioning($0, with: redux)
    }
  }

  /// The size that a request asks for; where it asks for none, that of the first picture it refers to, or the model's own.
  public func size(of request: Request) throws -> Size {
    try checkedSize(request.size ?? request.references.first?.size(grain: 2 * reduction))
  }

  /// The size that is asked for, or the model's own; sides are multiples of 16.
  public func checkedSize(_ size: Size?) throws -> Size {
    let size = size ?? Size(defaults.size), step = 2 * reduction
    for side in [size.width, size.height] {
      guard side > 0, side <= 16384 else { throw PipelineError.option("size", "must be from \(step) to 16384 pixels a side, got \(side)") }
      guard side % step == 0 else {
        let below = max(side / step * step, step)
        throw PipelineError.option("size", "must be a multiple of \(step), got \(side); the nearest are \(below) and \(side / step * step + step)")
      }
    }
    return size
  }

  /// How many pictures a request makes.
  func pictureCount(_ request: Request) throws -> Int {
    guard case .each(let seeds) = request.seeds else {
      guard 1...1024 ~= request.batch else { throw PipelineError.option("batch", "must be from 1 to 1024, got \(request.batch)") }
      return request.batch
    }
    guard !seeds.isEmpty, request.batch == 1 || request.batch == seeds.count else {
      throw PipelineError.option("seed", "lists \(seeds.count) seeds for a batch of \(request.batch); give one for each picture, or one number")
    }
    return seeds.count
  }

  /// How many tokens a picture of this size is.
  public func tokens(of size: Size) -> Int { size.width / (2 * reduction) * (size.height / (2 * reduction)) }

  /// The sigmas that a request visits.
  public func schedule(for request: Request, size: Size) throws -> Schedule {
    let tokens = tokens(of: size)
    if case .factor(let factor) = request.shift, !(factor > 0 && factor.isFinite) { throw PipelineError.option("shift", "must be above 0, got \(factor)") }
    switch (request.sigmas ?? .count(defaults.steps), request.shift) {
    case (.named(let name, let steps), .auto): return try schedule.schedule(name, steps: steps, tokens: tokens)
    case (.named(let name, let steps), .off): return try ModelSchedule(shift: .factor(1)).schedule(name, steps: steps, tokens: tokens)
    case (.named(let name, let steps), .factor(let factor)): return try ModelSchedule(shift: .factor(factor)).schedule(name, steps: steps, tokens: tokens)
    case (.given(let given), .factor(let factor)): return given.shifted(by: factor)
    case (.given(let given), _): return given
    }
  }

  /// The latents that a request starts from, at sigma 1: given, or drawn as diffusers draws them.
  func noise(for request: Request, count: Int, size: Size) throws -> Tensor {
    let one = [latentChannels, size.height / reduction, size.width / reduction]
    if let noise = request.noise {
      guard noise.isFinite else { throw PipelineError.option("noise", "holds a number that is infinite or not a number") }
      if noise.shape == one { return noise.reshaped([1] + one).expanded(to: [count] + one) }
      guard noise.shape == [count] + one else {
        throw PipelineError.option("noise", "must have the shape \(count == 1 ? one : [count] + one) for a size of \(size), got \(noise.shape)")
      }
      return noise
    }
    switch request.seeds {
    case .one(let seed): return request.noiseKind.normals(seed: seed, count: count, one)
    case .each(let seeds): return Tensor.concatenated(seeds.map { request.noiseKind.normals(seed: $0, count: 1, one) })
    }
  }

  /// What a prompt means to this model: one conditioning for all pictures, or one each.
  func conditioning(for prompt: Prompt, count: Int, option: String = "prompt", adapters: [Adaptation] = []) throws -> [Conditioning] {
    switch prompt {
    case .text(let text): return [try encode(text, adapters: adapters)]
    case .conditioning(let given):
      guard given.count == 1 || given.count == count else {
        throw PipelineError.option(option, "lists \(given.count) for a batch of \(count); give one for each picture, or one")
      }
      for one in given { try check(one) }
      return given
    }
  }

  /// What a prompt means to this model, whatever the number of pictures.
  public func conditionings(of prompt: Prompt, adapters: [Adaptation] = []) throws -> [Conditioning] {
    if case .conditioning(let given) = prompt { return given }
    return try conditioning(for: prompt, count: 1, adapters: adapters)
  }

  /// A conditioning must be of this model's widths.
  func check(_ one: Conditioning) throws {
    let (sequence, pooled) = (one.sequence.shape, one.pooled.shape)
    guard sequence.count == 2, sequence[0] > 0, sequence[1] == configuration.sequenceWidth, pooled == [configuration.pooledWidth] else {
      throw PipelineError.conditioning(expected: "sequence [tokens, \(configuration.sequenceWidth)] and pooled [\(configuration.pooledWidth)]",
                                       got: "sequence \(sequence) and pooled \(pooled)")
    }
  }

  /// Distilled guidance, step by step; nil for a model that has none.
  func guidance(for request: Request) -> PerStep<Float>? {
    guard configuration.hasGuidance || request.controls.contains(where: { $0.net?.configuration.flux.hasGuidance == true }) else {
      if request.guidance != nil { noticeUnusedGuidance() }
      return nil
    }
    return request.guidance ?? .constant(defaults.guidance ?? Self.controlGuidance)
  }

  /// What a ControlNet that was made to be told the guidance is told beside a model that was not.
  static let controlGuidance: Float = 3.5

  /// Says that a model without distilled guidance was given some.
  package func noticeUnusedGuidance() { noticeOnce("this model has no distilled guidance (\(kind)); 'guidance' is not used") }

  /// Says something once, however often it holds.
  func noticeOnce(_ text: String) {
    if noticed.insert(text).inserted { observer?(.notice(text)) }
  }

  /// The request's hook, and a report of the step.
  func hook(for request: Request) -> (inout Step) throws -> Void {
    { [weak self] step in
      try self?.cancellation.check()
      self?.observer?(.step(step.index, count: step.count))
      try request.before?(&step)
    }
  }
}
