import Foundation
import Pipeline
import Scripting
import TestSupport
import Testing

extension ScriptingTests {
/// What `check` finds, and what `plan` counts.
@Suite struct FindingsTests {
  private func findings(_ source: String) -> [String] {
    let settings = Recipe.Settings(session: Session(files: FileAccess(recipeFolder: "/nonexistent", out: "/nonexistent/out", rehearses: true)))
    return onEngineThread { Recipe(name: "hello.lua", folder: "/nonexistent", source: source).findings(settings).map(\.message) }
  }

  @Test(arguments: [
    ("local x = 3 print(x)", []),
    ("local x = = 3", ["hello.lua:1: unexpected symbol near '='"]),
    ("local function never()\n  return lenght\nend", ["hello.lua:2: undefined variable 'lenght'"]),
    ("local function f()\n return function()\n\n return stpes + prnt end end", ["hello.lua:4: undefined variable 'stpes'", "hello.lua:4: undefined variable 'prnt'; did you mean 'print'?"]),
    ("steps = 3\nlocal function f() return steps, stepz end", ["hello.lua:2: undefined variable 'stepz'; did you mean 'steps'?"]),
    ("local function f() io.open 'x' end", ["hello.lua:1: undefined variable 'io': not available in recipes; recipes read and write by flux: flux.tensor(path), image:save(path)"]),
    ("print(nothing)", ["hello.lua:1: undefined variable 'nothing'"]),
    ("flux.load():generate('a fox', {size = 500, steps = 'ten'})", [
      "hello.lua:1: generate: 2 things are wrong:\n  'size' must be a multiple of 16, got 500; the nearest are 496 and 512\n  'steps' must be a whole number from 1 to 1000, got \"ten\" (a string)"]),
    ("flux.load():generate('a fox', {on_step = function(step) step.sigma = 1 end})", ["hello.lua:1: step: 'sigma' of a Step cannot be set"]),
    ("flux.load('nowhere'):generate 'a fox'", []),
    ("local i = flux.load():generate 'a fox' i:save 'x.png' assert(flux.image('x.png').width == i.width)", []),
    ("flux.load():generate('a fox'):save '/etc/x.png'", [
      "hello.lua:1: save: '/etc/x.png' lies outside of what this recipe may write to (/nonexistent/out); allow it with --allow-write FOLDER"]),
  ]) func mistakesAreFoundWithoutAModel(_ source: String, _ expected: [String]) { #expect(findings(source) == expected) }

  /// Long functions, many constants, every kind of literal: the reader of bytecode must keep its place.
  @Test func globalsAreFoundInLargePrograms() {
    let lines = (1...3000).map { "  t[\($0)] = {\($0), \($0).5, 'text \($0)', \"\(String(repeating: "long ", count: 12))\", true, nil, -\($0), 0x\(String($0, radix: 16)), 1e\($0 % 300)}" }
    let source = "local t = {}\nlocal function f()\n" + lines.joined(separator: "\n") + "\n  known = known or missing\nend\nlocal up = 1\nlocal function g() up = up + 1 return function() return up + nichts end end"
    #expect(findings(source) == ["hello.lua:3003: undefined variable 'missing'", "hello.lua:3006: undefined variable 'nichts'"])
  }

  private func plan(_ source: String) throws -> Plan {
    try withTemporaryFolder { (folder: URL) throws in
      let session = Session(model: .folder("\(Fixtures.folder)/tiny-dev"), files: FileAccess(recipeFolder: folder.path, out: folder.path + "/out", rehearses: true), purpose: .plan)
      let made = onEngineThread { Recipe(name: "hello.lua", folder: folder.path, source: source).plan(Recipe.Settings(session: session)) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty, "nothing is written")
      return try made.get()
    }
  }

  @Test func aPlanCountsWhatTheRecipeWouldDo() throws {
    let plan = try plan("""
      local model = flux.load()
      for seed = 1, 3 do
        model:generate("a fox", {size = {48, 32}, steps = 4, seed = seed, sampler = "heun"}):save("fox-" .. seed .. ".png")
      end
      model:sample("a crow", {size = 32, steps = 2, sampler = function(x, step, velocity) velocity(x, 0.5) return velocity(x, step.sigma) end})
      """)
    let model = try #require(plan.models.first)
    #expect(plan.models.count == 1)
    #expect(plan.steps == 14 && model.evaluations == 3 * 7 + 4 && model.pictures == 3 && model.prompts == 2 && model.sizes == ["48x32"])
    #expect(plan.files.map { URL(filePath: $0).lastPathComponent } == ["fox-1.png", "fox-2.png", "fox-3.png"])
    #expect(plan.seconds > 0 && plan.bytes > 1 << 20)
    #expect(plan.report.hasPrefix("hello.lua would make 3 pictures of 48x32 (0.00461 megapixels) in 14 steps, with 25 evaluations of the transformer."))
  }

  @Test func aRecipeThatPaintsNothingTakesNothing() throws {
    let plan = try plan("print(1)")
    #expect(plan.models.isEmpty && plan.steps == 0 && plan.seconds < 1)
    #expect(plan.report == "hello.lua would make 0 pictures in 0 steps, with 0 evaluations of the transformer.")
  }
}
}
