import Conditioning
import Denoising
import Pipeline
import Tensors

// A run that goes on from one of its steps: in another way, or from a file.

extension LuaRun {
  /// Another run that goes on from a step of this one, which is made, with some options changed. What led here is not
  /// computed again.
  func branch(at step: Step, _ changes: Argument) throws -> LuaRun {
    guard let trajectory else { throw LuaError("the loop is over") }
    let options = changes.isAbsent ? options : try options.changed(by: changes)
    var course = options
    // A step's conditioning has Redux's pictures in it already.
    if options.prompt == nil { course.redux = nil }
    let prompt = options.prompt ?? PromptList(all: step.conditioning.map { .conditioning($0) })
    let run = try LuaRun(model, prompt, course, lua)
    let sameSampler = run.trajectory?.sampler.name == trajectory.sampler.name
    try run.stand(at: .init(index: step.index, sigma: step.next, latents: step.latents, sampler: sameSampler ? trajectory.sampler.state : SamplerState(),
                              memory: changes.isAbsent ? trajectory.memory : trajectory.memory.forgotten),
                  after: records, changed: !changes.isAbsent)
    return run
  }

  /// All that it takes to go on from here.
  /// - Parameter hasCall: whether the call that made the run is made again with it
  func saved(at step: Step?, hasCall: Bool = false) throws -> (SavedRun, SavedTensors) {
    guard let trajectory else { throw LuaError("the loop is over: there is nothing left to go on with") }
    if region != nil, !hasCall { throw LuaError("a run with padding or overlay cannot be saved: it is a part of a picture, which is not saved with it") }
    try settle()
    let position = trajectory.position, latents = step?.latents ?? x
    var named: NamedSampler?, combine: String?, functions: [String] = []
    switch options.sampler { case .named(let sampler)?: named = sampler; case .function?: functions.append("sampler"); case nil: break }
    if case .function? = options.guidance { functions.append("guidance") }
    if case .function? = options.eta { functions.append("eta") }
    if case .function? = options.sNoise { functions.append("s_noise") }
    if options.lora.contains(where: { $0.scale.isFunction }) { functions.append("lora") }
    if options.control.contains(where: { $0.scale.isFunction }) { functions.append("control") }
    if options.beforeStep != nil { functions.append("before_step") }
    if onStep != nil { functions.append("on_step") }
    switch options.cfg?.combine { case .named(_, let name)?: combine = name; case .function?: functions.append("cfg"); case nil: break }
    if case .function? = options.cfg?.scale, !functions.contains("cfg") { functions.append("cfg") }
    let saved = SavedRun(
      model: model.pipeline.hash, index: position.index, sigma: position.sigma, sigmas: trajectory.schedule.sigmas, seeds: trajectory.seeds,
      width: latents.shape[3] * model.pipeline.reduction, height: latents.shape[2] * model.pipeline.reduction, sampler: named?.rawValue,
      eta: options.eta.flatMap { SavedRun.Numbers($0) }, sNoise: options.sNoise.flatMap { SavedRun.Numbers($0) }, rng: options.rng.name, guidance: options.guidance.flatMap { SavedRun.Numbers($0) },
      cfg: options.cfg?.scale.flatMap { SavedRun.Numbers($0) }, from: options.cfg?.from ?? 0, to: options.cfg?.to ?? 1, combine: combine,
      functions: functions, numbers: position.sampler.numbers, records: records,
      cache: try options.cache.map { SavedRun.Cache(settings: try $0.cache, blocks: position.memory.blocks, spared: position.memory.spared) },
      modelAdapters: model.adapters.map { SavedRun.Adapter($0) }, adapters: try model.flux.loaded(options.lora, on: model.pipeline).map { SavedRun.Adapter($0) },
      controls: try options.control.map { try SavedRun.Control($0, hash: model.flux.loaded($0, on: model.pipeline)?.hash) })
    let negative = try options.cfg.map { try negatives($0) } ?? []
    return (saved, SavedTensors(latents: latents, conditioning: trajectory.conditioning, negative: negative, sampler: position.sampler.tensors, cache: position.memory.tensors,
                                repaint: (trajectory.sampler as? Inpainting)?.repaint, company: trajectory.company))
  }

  /// What is not wanted, as the adapters' text encoders read it.
  private func negatives(_ cfg: GenerateOptions.CFGOptions) throws -> [Conditioning] {
    let adapters = try model.adaptations(model.flux.loaded(options.lora, on: model.pipeline)) { scale in scale.number.map { .constant(Float($0)) } ?? .list([0]) }
    return try model.pipeline.conditionings(of: cfg.negative?.prompt(on: model.pipeline, adapters: adapters) ?? "", adapters: adapters)
  }
}
