import Conditioning
import Denoising
import Imaging
import Pipeline
import Tensors

/// The loop in a recipe's hand: every way of sampling from Lua is one of these.
package final class LuaRun: LuaObject {
  package static let luaName = "Run"
  let model: LuaModel
  unowned let lua: Lua
  /// How many pictures.
  let count: Int
  /// Of the engine's latents: [n, 16, height/8, width/8].
  private let shape: [Int]
  /// nil once it came to its end.
  private(set) var trajectory: Trajectory?
  /// The latents as they are.
  private(set) var x: Tensor
  private(set) var records: [PictureRecord]
  private(set) var onStep: LuaReference?
  private var handle: LuaStep?
  private var isStopped = false
  /// Evaluations of blocks that a step cache spared.
  private var spared = 0
  /// Whether a step is being made: then functions of the recipe may look, but not turn the wheel themselves.
  private var isStepping = false
  /// Reads what a hook answers; made once, since hooks are asked at every step.
  private let answer = Reader<CallbackResult<Tensor>>.callback(replacing: Reader<Tensor>.object)
  /// Where it stands: steps made, steps in all, the noise level.
  private var place: (made: Int, of: Int, sigma: Float)
  private var memories: LuaReference?
  /// What it was asked for, for its branches.
  private(set) var options: GenerateOptions
  /// Where its picture belongs in a larger one.
  let region: RepaintRegion?
  private let tile: Tile
  /// Writes down an unfinished picture.
  private var checkpoint: RunCheckpoint?
  /// Names of the places on its way, where other cells of a sweep may have been; until it is drained.
  private var prefix: [String]?
  /// For functions of the recipe that its own trajectory holds.
  private let back = BackReference<LuaRun>()

  init(_ model: LuaModel, _ prompt: PromptList, _ options: GenerateOptions, _ lua: Lua) throws {
    self.options = options
    let flux = model.flux, back = back
    var request = try flux.engine { try model.pipeline.settled(options.request(prompt, model, back, lua)) }
    if let before = options.beforeStep {
      request.before = { step in try back.value?.runBefore(before, on: &step) }
    }
    let made = try flux.engine { try model.pipeline.trajectory(request) }
    let size = try model.pipeline.size(of: request), pictures = made.latents.shape[0]
    (region, tile) = (try request.start.region(for: size), request.tile)
    (self.model, self.lua, trajectory, onStep) = (model, lua, made, options.onStep)
    (x, shape) = (made.latents, made.latents.shape)
    place = (0, made.schedule.steps, made.sigma)
    count = pictures
    records = (1...pictures).map { picture in
      var record = PictureRecord(request, on: model.pipeline, size: size, picture: picture, batch: pictures, recipe: flux.recipeRecord)
      (record.eta, record.sNoise) = (options.eta?.number, options.sNoise?.number)
      // What differs from step to step is not kept.
      if options.eta != nil && record.eta == nil || options.sNoise != nil && record.sNoise == nil { record.scripted = true }
      return record
    }
    back.set(self)
    if let every = options.checkpoint?.every { checkpoint = try RunCheckpoint(of: self, every: every) }
    if flux.work.isMakingCells { prefix = try prefixNames(made, request, options) }
  }

  deinit { back.clear() }

  /// As recipes see latents: one picture's without the axis of the batch.
  func shown(_ x: Tensor) -> Tensor { count == 1 ? x[0] : x }

  /// As the engine takes them.
  func engineLatents(_ x: Tensor) throws -> Tensor {
    let own = count == 1 ? Array(shape.dropFirst()) : shape
    guard x.shape == own else { throw LuaError("'latents' must keep the shape \(own), got \(x.shape)") }
    return x.reshaped(shape)
  }

  var latents: Tensor { shown(x) }

  /// A table that lives as long as the loop.
  func memory() throws -> LuaReference {
    if let memories { return memories }
    guard trajectory != nil else { throw LuaError("the loop is over, and its memory with it") }
    let made = LuaReference(pushing: LuaTable([]), in: lua)
    memories = made
    return made
  }

  /// Lets go of every function and table of the recipe: they may hold this run, and then neither would ever die.
  private func finish() {
    (trajectory, onStep, memories, options, checkpoint, prefix) = (nil, nil, nil, GenerateOptions(), nil, nil)
  }

  func stop() {
    isStopped = true
    markScripted()
  }

  /// The next step, in the recipe's hand until the one after; nil when the schedule is done or the run was stopped.
  func next() throws -> LuaStep? {
    try takeBack()
    var next: LuaStep?
    _ = try advance { next = LuaStep($0, of: self, phase: .after) }
    handle = next
    return next
  }

  /// Ends the step that the recipe has in hand, and takes over what it did to it.
  private func takeBack() throws {
    try idle()
    try settle()
    handle?.end()
    handle = nil
  }

  /// Makes the next step, and hands it on; false when there is none. Nobody holds it twice: a copy of a step is a dozen of references.
  private func advance(_ use: ((Step) -> Void)? = nil) throws -> Bool {
    guard !isStopped, let step = try kept(made) else {
      if let trajectory {
        model.flux.session.observer(.sampled)
        if options.cache != nil, trajectory.memory.blocks > 0 { model.flux.session.observer(.spared(trajectory.memory.spared, of: trajectory.memory.blocks)) }
      }
      checkpoint?.remove()
      finish()
      return false
    }
    for index in records.indices { records[index].add(step) }
    takeMemory()
    if let onStep {
      isStepping = true
      defer { isStepping = false }
      let handle = LuaStep(step, of: self, phase: .after)
      defer { handle.end() }
      try runHook(onStep, named: "on_step", on: handle)
      if handle.isTouched { try adopt(handle.changed(), from: "on_step") }
      use?(handle.step)
    } else { use?(step) }
    try checkpoint?.stepWasMade(self)
    return true
  }

  /// A stop in the middle of a step leaves a checkpoint of the one before.
  private func kept<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let stop where stop is Cancelled || stop is LuaStopped {
      try checkpoint?.write(self)
      throw stop
    }
  }

  /// One step of the loop. It is made on a copy: functions of the recipe that run meanwhile may look at this one.
  private func made() throws -> Step? {
    guard var moving = trajectory else { return nil }
    isStepping = true
    defer { isStepping = false }
    moving.latents = x
    guard let step = try model.flux.engine({ try moving.next() }) else { return nil }
    (trajectory, x) = (moving, moving.latents)
    place = (step.index, step.count, step.next)
    return step
  }

  private func idle() throws {
    if isStepping { throw LuaError("this run is in the middle of a step, and cannot be called or changed from within it") }
  }

  /// Takes over what the recipe did to the step that it holds.
  func settle() throws {
    if let handle { try adopt(handle.changed(), from: "step.latents") }
  }

  /// Takes the latents of a step that the recipe had in hand; a picture whose latents it changed is marked as scripted.
  private func adopt(_ step: Step, from source: String) throws {
    guard !step.latents.isIdentical(to: x) else { return }
    try LuaRun.check(step.latents, from: source, step)
    x = step.latents
    markScripted()
  }

  /// Latents that a function of the recipe made.
  static func check(_ latents: Tensor, from source: String, _ step: Step) throws {
    guard !latents.isFinite else { return }
    let odd = latents.withFloats { $0.count { !$0.isFinite } }
    throw LuaError("\(source): \(odd) of the \(latents.count) latents at step \(step.index) of \(step.count) are infinite or not a number; "
      + "look for a division by 0, or for numbers that grow from step to step")
  }

  /// What a step cache has spared so far.
  private func takeMemory() {
    guard let trajectory else { return }
    spared = trajectory.memory.spared
    for index in records.indices { records[index].take(trajectory.memory) }
  }

  private func markScripted() { for index in records.indices { records[index].scripted = true } }

  /// Makes all steps that are left. For runs that the recipe does not hold: after an error they are done with.
  func drain() throws {
    try takeBack()
    defer { finish() }
    guard let prefix else {
      while try advance() {}
      return
    }
    let memo = model.flux.work.prefixes
    if let place = memo.furthest(on: prefix) {
      try model.flux.engine { try trajectory?.resume(at: place.position) }
      x = place.position.latents
      for index in records.indices { records[index].takeUp(place) }
      takeMemory()
    }
    while try advance() {
      guard let position = trajectory?.position, prefix.indices.contains(position.index), let record = records.first else { continue }
      memo.keep(PrefixMemo.Place(position, sigmas: record.sigmas, guidance: record.guidance, cfg: record.cfg, scales: record.adapters?.map(\.scales) ?? [], controls: record.controls?.map(\.scales) ?? []), as: prefix[position.index])
    }
  }

  private func replace(_ latents: Tensor) throws {
    try idle()
    if let handle { return try handle.replace(latents) }
    let latents = try engineLatents(latents)
    guard latents.isFinite else { throw LuaError("'latents' hold numbers that are infinite or not a number") }
    x = latents
    markScripted()
  }

  /// The pictures, with everything that made them.
  func images() throws -> [Image] {
    try drain()
    return try decoded()
  }

  /// The pictures of the latents as they are, finished or not.
  func decoded() throws -> [Image] {
    try settle()
    let images = try model.flux.engine { try model.pipeline.decode(x, into: region, tile: tile) }
    return try zip(images, records).map { image, record in
      var image = image
      image.text = record.texts
      if model.flux.session.wanted?.isFound(image, record) == true { throw LuaStopped() }
      return image
    }
  }

  func stand(at position: Trajectory.Position, after made: [PictureRecord], changed: Bool) throws {
    try model.flux.engine { try trajectory?.resume(at: position) }
    x = position.latents
    place = (position.index, trajectory?.schedule.steps ?? 0, position.sigma)
    for index in records.indices { records[index].takeUp(made[index], changed: changed) }
    takeMemory()
  }

  /// What a function of the recipe does before a step is made.
  private func runBefore(_ hook: LuaReference, on step: inout Step) throws {
    let handle = LuaStep(step, of: self, phase: .before)
    defer { handle.end() }
    try runHook(hook, named: "before_step", on: handle)
    guard handle.isTouched else { return }
    let given = step.latents
    step = try handle.changed()
    if !step.latents.isIdentical(to: given) { try Self.check(step.latents, from: "before_step", step) }
  }

  /// nil carries on, false stops after this step, a Tensor replaces the latents.
  private func runHook(_ hook: LuaReference, named name: String, on handle: LuaStep) throws {
    switch try lua.call(hook, with: handle, result: answer, of: name) {
    case .carryOn: break
    case .stop: stop()
    case .replace(let latents):
      let shape = shown(handle.step.latents).shape
      guard latents.shape == shape else { throw LuaError("\(name): the function must return latents of the shape \(shape), got \(latents.shape)") }
      try handle.replace(latents)
    }
  }

  static var type: LuaType<LuaRun> {
    LuaType<LuaRun>("A loop that the recipe holds: call it for the next Step, or use it in for.")
      .method("save", "Writes what it takes to go on from here: model:resume(path).", .required("path", .string, "where to, in the output folder")) { run, _, path in
        try run.save(at: nil, to: path)
      }
      .property("latents", Reader<Tensor>.object, "As they are.", get: { run in
        try run.settle()
        return run.latents
      }) { box, _, latents in try box.value.replace(latents) }
      .property("spared", "integer", "Evaluations of blocks that a step cache has spared so far.") { $0.spared }
      .method("image", "The picture of the latents as they are, or a list of them for a batch.", returns: "flux.Image|flux.Image[]") { run, _ -> Several in
        try Several(one: run.decoded())
      }
      .callable("(): flux.Step?") { call in
        call.give(try call.lua.opened(at: 1, as: LuaRun.self, for: nil).value.next())
      }
      .text { "Run at step \($0.place.made) of \($0.place.of), sigma \($0.place.sigma)" }
  }
}
