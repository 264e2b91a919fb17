import Foundation
import TestSupport
import Testing

extension CommandTests {
/// What is told of a run: `--json`, `--verbose`, and errors in colour.
@Suite struct RunReportTests {
  private static let recipe = """
    print "hello"
    local model = flux.load()
    for i = 1, 2 do model:generate("a fox", {steps = i, size = 32}):save(i .. ".png") end

    """

  private func events(_ output: String) throws -> [[String: Any]] {
    try output.split(separator: "\n").map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
  }

  @Test func jsonIsOneObjectALine() throws {
    let shop = try Workshop(["a.lua": Self.recipe])
    let outcome = try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev, "--json", "--quiet")
    #expect(outcome.status == 0 && outcome.errors == "hello\n", "\(outcome.errors)")
    let events = try events(outcome.output)
    #expect(events.compactMap { $0["event"] as? String } == ["loaded", "step", "saved", "step", "step", "saved", "done"])
    #expect(events[0]["kind"] as? String == "dev" && events[0]["precision"] as? String == "f32" && (events[0]["parameters"] as? Int ?? 0) > 0)
    #expect(events[4]["index"] as? Int == 2 && events[4]["count"] as? Int == 2)
    #expect(events[2]["file"] as? String == "out/a/1.png")
    #expect(events[6]["files"] as? [String] == ["out/a/1.png", "out/a/2.png"] && (events[6]["seconds"] as? Double ?? 0) > 0)
  }

  @Test func whatAStepCacheSparedIsTold() throws {
    let shop = try Workshop(["a.lua": "flux.load():generate('a fox', {steps = 4, size = 32, cache = {threshold = 1e6}}):save 'a.png'"])
    let events = try events(try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev, "--json", "--quiet").output)
    let spared = try #require(events.first { $0["event"] as? String == "spared" })
    #expect(spared["spared"] as? Int == 12 && spared["blocks"] as? Int == 20)
    #expect(try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev).errors.contains("the step cache spared 12 of 20 evaluations of blocks\n"))
    #expect(try shop.fluxlua("plan", "a.lua", "--model", Fixtures.tinyDev).errors.contains("note: what 'cache' spares depends on the pictures; every evaluation is counted in full\n"))
  }

  @Test func jsonTellsAnError() throws {
    let shop = try Workshop(["a.lua": "flux.image(flux.zeros {3, 4, 4}):save 'a.png'\nlocal function f() error 'a \"quoted\" line\\nand another' end\nf()"])
    let outcome = try shop.fluxlua("run", "a.lua", "--json")
    #expect(outcome.status == 1 && outcome.errors.hasPrefix("fluxlua: a.lua:2: a \"quoted\" line\nand another\n"))
    let error = try #require(try events(outcome.output).last)
    #expect(error["event"] as? String == "error" && error["kind"] as? String == "failed" && error["exit"] as? Int == 1 && error["line"] as? Int == 2)
    #expect(error["message"] as? String == "a.lua:2: a \"quoted\" line\nand another")
    #expect(error["frames"] as? [String] == ["a.lua:2: in upvalue 'f'", "a.lua:3: in the main chunk"] || error["frames"] as? [String] == ["a.lua:2: in local 'f'", "a.lua:3: in the main chunk"])
    #expect(error["files"] as? [String] == ["out/a/a.png"])
    let unusable = try #require(try events(try shop.fluxlua("run", "a.lua", "--json", "--out", "x").output).last)
    #expect(unusable["kind"] as? String == "failed")
  }

  @Test func verboseTellsWhatWasLoadedAndWhereTimeWent() throws {
    let shop = try Workshop(["a.lua": Self.recipe])
    let outcome = try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev, "--verbose", "--precision", "f32")
    #expect(outcome.output == "hello\n")
    #expect(outcome.errors.contains(/loaded .*: dev, [0-9.]+ million parameters, weights in f32\n/), "\(outcome.errors)")
    for row in [#/[0-9.]+ s in all\n/#, #/  loading +[0-9.]+ s\n/#, #/  3 steps +[0-9.]+ s, [0-9.]+ s a step\n/#, #/  decoding +[0-9.]+ s\n/#, #/  the rest +[0-9.]+ s\n/#] {
      #expect(outcome.errors.contains(row), "\(outcome.errors)")
    }
    let plain = try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev)
    #expect(!plain.errors.contains("in all") && !plain.errors.contains("loaded"))
  }

  @Test func verboseShowsTheWholeWayToAnError() throws {
    let shop = try Workshop(["a.lua": "local function f(n) if n == 0 then error 'deep' end f(n - 1) return 1 end\nf(40)", "b.lua": "error 'flat'"])
    func frames(_ arguments: String...) throws -> Int { try shop.fluxlua(["run"] + arguments).errors.split(separator: "\n").count { $0.hasPrefix("  ") && $0.contains(": in ") } }
    #expect(try frames("a.lua") == 14)
    #expect(try frames("a.lua", "--verbose") == 42)
    #expect(try frames("b.lua") == 0)
    #expect(try frames("b.lua", "--verbose") == 1)
  }

  @Test(arguments: [([:], true), (["NO_COLOR": "1"], false), (["NO_COLOR": ""], true), (["TERM": "dumb"], false)])
  func errorsAreColouredOnATerminalOnly(_ environment: [String: String], _ coloured: Bool) throws {
    let shop = try Workshop(["a.lua": "print(stepz)"])
    let screen = try PseudoTerminal(["run", "a.lua"], in: shop.folder, environment: ["TERM": "xterm"].merging(environment) { $1 })
    #expect(screen.end() == 1)
    #expect(screen.text.contains("^^^^^") && screen.text.contains("\u{1B}[1;31m") == coloured, "\(screen.text.debugDescription)")
    #expect(!(try shop.fluxlua("run", "a.lua", environment: ["TERM": "xterm"]).errors.contains("\u{1B}")))
  }
}
}
