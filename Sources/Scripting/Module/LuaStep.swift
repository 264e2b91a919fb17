import Conditioning
import Denoising
import Imaging
import Tensors

/// A step as recipes see it: fields that may be read for good, and methods that end with it.
package final class LuaStep: LuaObject {
  package static let luaName = "Step"
  /// Its latents and its velocity.
  package var luaBytes: Int { 2 * step.latents.luaBytes }

  enum Phase { case before, sampling, after, over }
  private(set) var step: Step { didSet { isChanged = true } }
  private var isChanged = false
  private(set) var phase: Phase
  let run: LuaRun
  /// The latents that the recipe has in hand: changed in place, they count as replaced.
  private var held: LuaReference?

  init(_ step: Step, of run: LuaRun, phase: Phase) { (self.step, self.run, self.phase) = (step, run, phase) }

  /// From here on only fields may be read.
  func end() {
    try? takeHeld()
    (phase, held) = (.over, nil)
  }

  /// Whether the recipe may have done something to it: a hook that only looks costs no copy of it.
  var isTouched: Bool { isChanged || held != nil }

  /// The step with whatever the recipe did to it.
  func changed() throws -> Step {
    try takeHeld()
    return step
  }

  /// Looks at the tensor that the recipe was given.
  private func takeHeld() throws {
    guard phase != .over, let held else { return }
    step.latents = try run.engineLatents(run.lua.read(held, Reader<Tensor>.object))
  }

  func replace(_ latents: Tensor) throws {
    guard phase == .before || phase == .after else {
      throw LuaError(phase == .sampling ? "'latents' cannot be set here: a function of a step only answers" : Self.late(step))
    }
    step.latents = try run.engineLatents(latents)
    held = nil
  }

  private static func late(_ step: Step) -> String { "step \(step.index) of \(step.count) is over" }

  /// What may be changed only before the step is made.
  private func early(_ field: String) throws {
    guard phase == .before else {
      throw LuaError(phase == .over ? Self.late(step) : "'\(field)' can only be set before the step is made: use before_step")
    }
  }

  private func latents(_ lua: Lua) throws -> LuaReference {
    if let held { return held }
    let made = LuaReference(pushing: run.shown(step.latents), in: lua)
    if phase != .over { held = made }
    return made
  }

  private func alive() throws {
    guard phase != .over else { throw LuaError("\(Self.late(step)), and its methods with it") }
  }

  static var type: LuaType<LuaStep> {
    writable
      .method("decode", "The picture of the latents as they are.", returns: "flux.Image|flux.Image[]") { step, _ -> Several in
        try step.alive()
        let latents = try step.changed().latents
        return try Several(one: step.run.model.flux.engine { try step.run.model.pipeline.decode(latents) })
      }
      .method("preview", "A guess at that picture, without the decoder.", returns: "flux.Image|flux.Image[]") { step, _ -> Several in
        try step.alive()
        let latents = try step.step.denoised ?? step.changed().latents
        return try Several(one: step.run.model.flux.engine { try step.run.model.pipeline.preview(latents) })
      }
      .method("save", "Writes what it takes to go on from here: model:resume(path).",
              .required("path", .string, "where to, in the output folder")) { step, _, path in
        try step.alive()
        guard step.phase == .after else { throw LuaError("a step can be saved once it is made: use on_step, or the loop of :steps") }
        try step.run.save(at: step.changed(), to: path)
      }
      .method("branch", "A new Run that goes on from here, with other options or another prompt; what led here is not computed again.",
              .optional("options", .any.documented(by: GenerateOptions.branch(of: GenerateOptions())), "what shall be otherwise from here on"), returns: "flux.Run") { step, call, _ in
        try step.alive()
        guard step.phase == .after else { throw LuaError("a step can be branched once it is made: use on_step, or the loop of :steps") }
        return try step.run.branch(at: step.changed(), call.argument(2))
      }
      .method("stop", "Ends the loop after this step.") { step, _ in
        try step.alive()
        step.run.stop()
      }
      .text { "Step \($0.step.index) of \($0.step.count), sigma \($0.step.sigma) to \($0.step.next)" }
  }

  private static var readable: LuaType<LuaStep> {
    LuaType<LuaStep>("One interval of the schedule.")
      .property("index", "integer", "From 1.") { $0.step.index }
      .property("count", "integer", "How many there are.") { $0.step.count }
      .property("sigma", "number", "The noise level that it starts at.") { $0.step.sigma }
      .property("width", "number", "The way from sigma to next: negative.") { $0.step.width }
      .property("seed", "integer|integer[]", "Of the noise.") { $0.seed }
      .property("velocity", "flux.Tensor?", "The first velocity that the sampler asked for, once the step is made.") { $0.step.velocity.map($0.run.shown) }
      .property("denoised", "flux.Tensor?", "What that velocity says the finished latents are, once the step is made.") { $0.step.denoised.map($0.run.shown) }
      .property("elapsed", "number", "Seconds since the loop began.") { $0.step.elapsed }
      .property("memory", "table", "A table of the run, for whatever a sampler or a hook wants to keep.") { try $0.run.memory() }
  }

  private static var writable: LuaType<LuaStep> {
    let conditioning = Reader<Conditioning>.object.map { [$0] }.or(.list(of: Reader<Conditioning>.object, atLeast: 1))
    return readable
      .property("latents", Reader<Tensor>.object, "At sigma before the step is made, at next after.", get: { try $0.latents($0.run.lua) },
                set: { box, _, tensor in try box.value.replace(tensor) })
      .property("next", .number(in: 0...1), "The noise level that it goes to.", get: { $0.step.next }) { box, _, next in
        try box.value.early("next")
        let sigma = box.value.step.sigma
        guard Float(next) < sigma else { throw LuaError("must be at least 0 and less than sigma (\(sigma)), got \(Float(next))") }
        box.value.step.next = Float(next)
      }
      .property("guidance", .finite, "Distilled guidance; nil for a model without.", get: { $0.step.guidance }) { box, _, guidance in
        try box.value.early("guidance")
        guard box.value.run.model.takesGuidance() else { return }
        box.value.step.guidance = Float(guidance)
      }
      .property("conditioning", conditioning, "What the pictures are of.", get: { $0.conditioning }) { box, _, conditioning in
        try box.value.early("conditioning")
        let run = box.value.run
        guard conditioning.count == 1 || conditioning.count == run.count else {
          throw LuaError("'conditioning' lists \(conditioning.count) for a batch of \(run.count); give one for each picture, or one")
        }
        box.value.step.conditioning = conditioning
      }
  }

  private var seed: AnyPushable { AnyPushable(step.seeds.count == 1 ? Int(step.seeds[0]) : step.seeds.map { Int($0) }) }
  private var conditioning: AnyPushable { AnyPushable(step.conditioning.count == 1 ? step.conditioning[0] : step.conditioning) }
}
