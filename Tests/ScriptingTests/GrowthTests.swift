import Foundation
import Scripting
import TestSupport
import Testing

extension ScriptingTests {
/// Long recipes do not grow.
@Suite struct GrowthTests {
  /// Ways to paint one small picture, each with something that could be left behind.
  static let ways = [
    "schnell:generate(fox, {size = 32, steps = 1, seed = i})",
    "schnell:generate(fox, {size = 32, steps = 1, sampler = function(x, step, velocity) return x + step.width * velocity(x, step.sigma) end})",
    "schnell:generate(fox, {size = 32, steps = 1, on_step = function(step) step.memory.last = step; return step.latents * 0.5 end})",
    "local run; run = schnell:steps(fox, {size = 32, steps = 1, before_step = function(step) step.memory.run = run end}) for step in run do run:image() end",
    "local run = schnell:steps(fox, {size = 32, steps = 2, on_step = function() end}); run():branch {sampler = 'heun'}",
    "pcall(schnell.generate, schnell, fox, {size = 32, steps = 1, before_step = function(step) step.memory.step = step error {step} end})",
  ]

  private func resident() throws -> Int {
    let statistics = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (Int(statistics.split(separator: " ")[1]) ?? 0) * 4096
  }

  @Test(arguments: zip(ways, [2000, 200, 200, 200, 200, 200])) func moreAndMorePicturesTakeNoMoreMemory(_ way: String, _ count: Int) throws {
    let files = FileAccess(recipeFolder: "/nonexistent", out: "/nonexistent/out", recipe: "hello.lua", readable: [Fixtures.folder])
    let source = """
      local schnell = flux.load "\(Fixtures.folder)/tiny-schnell"
      local fox = schnell:encode {prompt = "a fox", max_length = 4}
      local function paint(count) for i = 1, count do \(way) end collectgarbage() collectgarbage() end
      paint(50)
      local objects = live_objects()
      note_memory()
      for round = 1, 3 do
        paint(\(count / 3))
        note_memory()
      end
      assert(live_objects() <= objects + 2, live_objects() - objects)
      assert(collectgarbage("count") < 2000, collectgarbage("count"))
      """
    let recipe = Recipe(name: "hello.lua", folder: "/nonexistent", source: source), memory = Readings()
    let failure = onEngineThread { () -> RecipeFailure? in
      let result = recipe.run(Recipe.Settings(session: Session(files: files))) { lua in
        TestFace.install(in: lua)
        lua.setGlobal("note_memory", LuaFunction("note_memory", "") { _ in memory.add(try self.resident()) })
      }
      if case .failure(let failure) = result { return failure }
      return nil
    }
    #expect(failure == nil, "\(failure.map { $0.report } ?? "")")
    let readings = memory.all
    try #require(readings.count == 4)
    // Other suites of the process grow and shrink meanwhile; what leaks here grows in every round.
    let growth = zip(readings.dropFirst(), readings).map { $0 - $1 }.min() ?? 0
    #expect(growth < 2 << 20, "\(growth >> 10) KiB more in each third")
  }

  /// Numbers noted on the engine's thread.
  private final class Readings: @unchecked Sendable {
    private(set) var all: [Int] = []
    func add(_ value: Int) { all.append(value) }
  }
}
}
