import Checkpoints
import Conditioning
import Denoising
import Pipeline
import Tensors

// Cells of a sweep that begin alike: equal latents at the start and equal options up to some step, and no function of the recipe in the loop.

extension LuaRun {
  /// A name for the latents before each step and after the last, each made from the one before it and from all that the step depends on;
  /// nil where a function of the recipe has a hand in the loop, or a mask.
  func prefixNames(_ trajectory: Trajectory, _ request: Request, _ options: GenerateOptions) throws -> [String]? {
    guard !request.isScripted, ![options.eta, options.sNoise].contains(where: { $0?.isFunction == true }), options.beforeStep == nil, options.onStep == nil, options.mask == nil else { return nil }
    let start = Digest(), steps = trajectory.schedule.steps
    start.update("\(model.pipeline.hash) \(model.pipeline.precision) \(trajectory.sampler.name) \(Self.text(options.eta)) \(Self.text(options.sNoise)) \(options.rng.name) \(trajectory.seeds) \(steps)\(request.adapters.map { " \($0.lora.sha256)\($0.isMerged ? " merged" : "")" }.joined())\n")
    for control in request.controls { start.update("\(control.net?.hash ?? "") \(control.mode ?? -1) \(control.window)\n") }
    for (name, tensor) in trajectory.company.sorted(by: { $0.key < $1.key }) {
      start.update(name)
      start.update(tensor)
    }
    if let cache = request.cache { start.update("cache \(cache)\n") }
    start.update(trajectory.latents)
    for one in trajectory.conditioning { start.update(one) }
    if let cfg = request.cfg {
      start.update("\(cfg.window) \(combination(options))\n")
      for one in try model.pipeline.conditionings(of: cfg.negative, adapters: request.adapters) { start.update(one) }
    }
    var names = [start.finish()]
    for step in 1...steps {
      let digest = Digest(), sigmas = trajectory.schedule.sigmas
      digest.update("\(names[step - 1]) \(sigmas[step - 1]) \(sigmas[step]) \(Self.value(request.guidance, step)) \(Self.value(request.cfg?.scale, step)) \(request.adapters.map { Self.value($0.scale, step) }) \(request.controls.map { Self.value($0.scale, step) })")
      names.append(digest.finish())
    }
    return names
  }

  private static func text(_ value: LuaPerStep<Double>?) -> String {
    switch value { case .constant(let number)?: "\(number)"; case .list(let numbers)?: "\(numbers)"; case .function?, nil: "-" }
  }

  private func combination(_ options: GenerateOptions) -> String { if case .named(_, let name)? = options.cfg?.combine { name } else { "plain" } }

  /// Of a value that is no function.
  private static func value(_ perStep: PerStep<Float>?, _ step: Int) -> String {
    switch perStep {
    case .constant(let value)?: "\(value)"
    case .list(let values)?: "\(values[min(step, values.count) - 1])"
    case .function?, nil: "-"
    }
  }
}

extension Digest {
  fileprivate func update(_ tensor: Tensor) {
    update("\(tensor.shape)")
    tensor.withFloats { update(UnsafeRawBufferPointer($0)) }
  }

  fileprivate func update(_ conditioning: Conditioning) {
    update(conditioning.sequence)
    update(conditioning.pooled)
  }
}
