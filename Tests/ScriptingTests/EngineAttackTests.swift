import Foundation
import Scripting
import Tensors
import TestSupport
import Testing

extension ScriptingTests {
/// Programs that never want to end, or want all the memory, in every place from which the engine runs Lua code.
@Suite struct EngineAttackTests {
  /// Where the attack runs; `model`, `fox` (a short conditioning) and `attack` are there.
  static let places: [(name: String, code: String)] = [
    ("recipe", "attack()"),
    ("guidance", "model:sample(fox, {size = 32, steps = 2, guidance = function() attack() return 1 end})"),
    ("cfg", "model:sample(fox, {size = 32, steps = 2, cfg = {negative = fox, scale = function() attack() return 1 end}})"),
    ("sampler", "model:sample(fox, {size = 32, steps = 2, sampler = function(x, step, velocity) velocity(x, step.sigma) attack() return x end})"),
    ("on_step", "model:generate(fox, {size = 32, steps = 2, on_step = function() attack() end})"),
    ("before_step", "model:generate(fox, {size = 32, steps = 2, before_step = function() attack() end})"),
    ("iterator", "for step in model:steps(fox, {size = 32, steps = 2}) do attack() end"),
    ("noise", "model:sample(fox, {size = 32, noise = function() attack() end})"),
    ("comparator", "model:sample(fox, {size = 32, on_step = function() table.sort({3, 1, 2}, function(a, b) attack() return a < b end) end})"),
    ("tostring", "model:sample(fox, {size = 32, on_step = function(step) tostring(setmetatable({}, {__tostring = function() attack() return '' end})) end})"),
    ("map", "flux.ones(4):map(function(x) attack() return x end)"),
    ("schedule", "flux.schedule(4, function(u) attack() return 1 - u end)"),
    ("hook in a hook", "model:sample(fox, {size = 32, on_step = function() pcall(function() model:sample(fox, {size = 32, on_step = function() attack() end}) end) end})"),
  ]

  static let endless = [
    "while true do end",
    "while true do pcall(error) end",
    "while true do xpcall(error, function() while true do end end) end",
    "while true do coroutine.wrap(function() while true do end end)() end",
    "while true do pcall(function() flux.ones(2):map(function() while true do end end) end) end",
    "while true do pcall(model.sample, model, fox, {size = 32, steps = 1}) end",
  ]

  static let greedy = ["return ('x'):rep(1 << 30)", "local t = {} for i = 1, math.huge do t[i] = {} end"]

  struct Outcome: Sendable {
    let failure: RecipeFailure?
    let objects: Int
    let isSaved: Bool
  }

  /// Runs an attack in its place, after a picture was saved. The time is up shortly after the attack has begun, however
  /// long the model took to load; with a limit of `memory`, it is not.
  private func outcome(_ attack: String, in place: String, loading model: String, memory: String? = nil) throws -> Outcome {
    let out = FileManager.default.temporaryDirectory.appending(path: "attack-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: out) }
    var limits = Limits()
    limits.time = Limits.Time("10m")
    limits.memory = try #require(Limits.Memory(memory ?? "256MB"))
    let files = FileAccess(recipeFolder: "/nonexistent", out: out, recipe: "hello.lua", readable: [Fixtures.folder])
    let lines = Lines(), cancellation = Cancellation()
    let output = Output { text, stream in
      lines.output.write(text, stream)
      if text == "attacking", memory == nil { DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) { cancellation.cancel(.timeLimit) } }
    }
    let settings = Recipe.Settings(limits: limits, cancellation: cancellation, output: output, session: Session(files: files))
    let source = """
      flux.image(flux.zeros {3, 4, 4}):save "before.png"
      local model = \(model)
      local fox = \(model.contains("tiny") ? "flux.conditioning {sequence = flux.ones {4, 48}, pooled = flux.ones(32)}" : "model:encode 'a fox'")
      local function attack() flux.log "attacking" \(attack) end
      \(place)
      """
    let recipe = Recipe(name: "hello.lua", folder: "/nonexistent", source: source)
    let (failure, objects) = onEngineThread { () -> (RecipeFailure?, Int) in
      var lua: Lua?
      if case .failure(let failure) = recipe.run(settings, install: { lua = $0 }) { return (failure, lua?.liveObjects ?? -1) }
      return (nil, lua?.liveObjects ?? -1)
    }
    #expect(lines.written(to: .log).first == "attacking", "\(place) never ran: \(failure.map { "\($0)" } ?? "")")
    return Outcome(failure: failure, objects: objects, isSaved: FileManager.default.fileExists(atPath: out + "/before.png"))
  }

  private let tiny = "flux.load \"\(Fixtures.folder)/tiny-dev\""

  @Test(arguments: Array(endless.enumerated())) func anEndlessProgramEndsAtTheTimeLimitWhereverTheEngineRunsIt(_ number: Int, _ attack: String) throws {
    // Every other pair, so that each attack and each place comes several times.
    for (index, (name, code)) in Self.places.enumerated() where (index + number) % 2 == 0 {
      let outcome = try outcome(attack, in: code, loading: tiny)
      let failure = try #require(outcome.failure, "survived in \(name)")
      #expect(failure.kind == .timeLimit, "\(name): \(failure)")
      #expect(failure.message.hasSuffix("stopped by --time-limit 10m") && failure.message.hasPrefix("hello.lua:"), "\(name): \(failure)")
      #expect(outcome.objects == 0 && outcome.isSaved, "\(name)")
    }
  }

  @Test(arguments: greedy) func aGreedyProgramEndsAtTheMemoryLimitWhereverTheEngineRunsIt(_ attack: String) throws {
    for (name, code) in Self.places where name != "hook in a hook" {
      let outcome = try outcome(attack, in: code, loading: tiny, memory: "8MB")
      let failure = try #require(outcome.failure, "survived in \(name)")
      #expect(failure.kind == .memoryLimit, "\(name): \(failure)")
      #expect(failure.message.contains("reached --lua-memory 8MB") && failure.message.hasPrefix("hello.lua:"), "\(name): \(failure)")
      #expect(outcome.objects == 0 && outcome.isSaved, "\(name)")
    }
  }

  @Test(arguments: zip(["guidance", "sampler", "on_step", "iterator"], endless)) func theEmbeddedModelIsNoDifferent(_ name: String, _ attack: String) throws {
    let place = try #require(Self.places.first { $0.name == name })
    let outcome = try outcome(attack, in: place.code, loading: "flux.load()")
    #expect(try #require(outcome.failure).kind == .timeLimit)
    #expect(outcome.objects == 0 && outcome.isSaved)
  }
}
}
