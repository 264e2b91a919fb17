import Foundation
import Imaging
import TestSupport
import Testing

extension CommandTests {
/// Sweeps from the command line: resumed, in shards, with cells that fail, killed, on full disks.
@Suite struct SweepRunTests {
  static let recipe = """
    -- Foxes.
    local p = flux.params { steps = 1, bad = 0, worse = 0 }
    local model = flux.load()
    local prompt = model:encode "a fox"
    local sweep = flux.sweep { {"seed", flux.range(1, 4)}, {"guidance", {1, 2, 4}}, name = "foxes" }
    print(("%d left"):format(sweep.planned))
    for cell in sweep:cells() do
      if cell.index == p.bad then error("bad " .. cell.index) end
      if p.worse == 1 then error "worse" end
      cell:save(model:generate(prompt, { size = 32, seed = cell.seed, guidance = cell.guidance, steps = p.steps }))
    end
    sweep:sheet { columns = "guidance", rows = "seed", title = "foxes" }:save "sheet.png"
    """

  private static func shop() throws -> Workshop { try Workshop(["foxes.lua": recipe]) }

  @discardableResult
  private static func run(_ shop: Workshop, _ out: String, _ arguments: String..., environment: [String: String] = [:]) throws -> ReleaseBinary.Outcome {
    try shop.fluxlua(["run", "foxes.lua", "--model", Fixtures.tinyDev, "--quiet", "--out", out] + arguments, environment: environment)
  }

  /// The pictures of a folder's cells by name.
  static func cells(_ shop: Workshop, _ out: String) throws -> [String: Data] {
    let folder = shop.folder.appending(path: "\(out)/cells").path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try shop.bytes("\(out)/cells/\($0)")) })
  }

  /// The lines of a folder's ledgers that are of cells, as they are.
  static func lines(_ shop: Workshop, _ out: String, _ state: String = "done") throws -> [[String: Any]] {
    let folder = shop.folder.appending(path: out).path
    return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }.sorted().flatMap { name in
      try shop.bytes("\(out)/\(name)").split(separator: UInt8(ascii: "\n")).compactMap { try? JSONSerialization.jsonObject(with: Data($0)) as? [String: Any] }
    }.filter { $0["kind"] as? String == "cell" && $0["state"] as? String == state }
  }

  @Test func whatIsMadeIsNotMadeAgainAndWhatIsMissingIs() throws {
    let shop = try Self.shop()
    #expect(try Self.run(shop, "out").output == "12 left\n")
    let cells = try Self.cells(shop, "out"), sheet = try shop.bytes("out/sheet.png")
    #expect(cells.count == 12)
    #expect(try Self.run(shop, "out").output == "0 left\n")
    #expect(try Self.lines(shop, "out").count == 12)
    for name in cells.keys.sorted().prefix(3) { try FileManager.default.removeItem(at: shop.folder.appending(path: "out/cells/\(name)")) }
    #expect(try Self.run(shop, "out").output == "3 left\n")
    #expect(try Self.cells(shop, "out") == cells)
    #expect(try Self.lines(shop, "out").count == 15)
    #expect(try shop.bytes("out/sheet.png") == sheet)
  }

  @Test func theLedgerSaysTheTruthAboutEveryPicture() throws {
    let shop = try Self.shop()
    try Self.run(shop, "out")
    for line in try Self.lines(shop, "out") {
      let file = try #require(line["file"] as? String), bytes = Array(try shop.bytes("out/\(file)"))
      let picture = try Image(file: bytes)
      let sum = try ReleaseBinary.run(URL(filePath: "/usr/bin/sha256sum"), ["out/\(file)"], in: shop.folder).output
      #expect(sum.hasPrefix(try #require(line["sha256"] as? String)))
      #expect(line["width"] as? Int == 32 && line["steps"] as? Int == 1 && line["shard"] as? String == "1/1" && (line["seconds"] as? Double ?? 0) > 0)
      let cell = try #require(line["cell"] as? [String: Any]), record = try #require(picture.text["fluxlua"])
      #expect(record.contains("\"seed\":\(try #require(cell["seed"] as? Int)),"))
      #expect(picture.text["Cell"]?.contains("\"sweep\":\"foxes\"") == true && picture.text["Recipe"] == "foxes.lua")
    }
  }

  @Test(arguments: [2, 7]) func anyNumberOfShardsMakesTheSameCellsAndTheSameSheet(_ count: Int) throws {
    let shop = try Self.shop()
    try Self.run(shop, "one")
    for index in (1...count).reversed() {
      let outcome = try index % 2 == 0
        ? Self.run(shop, "many", "--shard", "\(index)/\(count)")
        : Self.run(shop, "many", environment: ["SLURM_ARRAY_TASK_ID": "\(index + 4)", "SLURM_ARRAY_TASK_COUNT": "\(count)", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_STEP": "1"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(shop.has("many/sheet.png") == (index == 1))
    }
    #expect(try Self.cells(shop, "many") == Self.cells(shop, "one"))
    #expect(try shop.bytes("many/sheet.png") == shop.bytes("one/sheet.png"))
    try FileManager.default.removeItem(at: shop.folder.appending(path: "many/sheet.png"))
    #expect(try Self.run(shop, "many", "--collect").status == 0)
    #expect(try shop.bytes("many/sheet.png") == shop.bytes("one/sheet.png"))
    #expect(try Self.lines(shop, "many").count == 12)
  }

  @Test func oneBadCellDoesNotStopTheOthersAndIsTriedOnceMoreAtTheEnd() throws {
    let shop = try Self.shop()
    let outcome = try Self.run(shop, "out", "--set", "bad=2")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("fluxlua: cell 2 (seed 1, guidance 2) failed: foxes.lua:8: bad 2\n--retry-failed tries again\n"), "\(outcome.errors)")
    #expect(try Self.lines(shop, "out").count == 11 && Self.lines(shop, "out", "failed").count == 2)
    #expect(shop.has("out/sheet.png"))
    #expect(try Self.run(shop, "out", "--set", "bad=2").status == 1)
    #expect(try Self.lines(shop, "out", "failed").count == 2, "it has had its tries")
    #expect(try Self.run(shop, "out", "--set", "bad=2", "--retry-failed").status == 1)
    #expect(try Self.lines(shop, "out", "failed").count == 4)
    #expect(try Self.run(shop, "out", "--keep").status == 0, "the recipe is another one: the cell is made")
    #expect(try Self.cells(shop, "out").count == 12)
  }

  @Test func theProtectedFormGoesOnWithoutBeginningAnew() throws {
    let shop = try Workshop(["each.lua": """
      print "begun"
      local sweep = flux.sweep { a = flux.range(1, 5) }
      sweep:each(function(cell)
        if cell.a == 2 then error("bad") end
        return flux.image(flux.full({3, 8, 8}, cell.a / 5))
      end)
      print(#sweep:done(), sweep:cell(2):record().state)
      """, "wrong.lua": "flux.sweep { a = flux.range(1, 9) }:each(function() return 1 end)"])
    let outcome = try shop.fluxlua("run", "each.lua", "--quiet")
    #expect(outcome.status == 1 && outcome.output == "begun\n4\tfailed\n", "\(outcome.output)")
    #expect(outcome.errors.hasPrefix("fluxlua: cell 2 (a 2) failed: each.lua:4: bad\n--retry-failed tries again\n"), "\(outcome.errors)")
    #expect(try Self.lines(shop, "out/each", "failed").count == 2)
    let wrong = try shop.fluxlua("run", "wrong.lua", "--quiet")
    #expect(wrong.status == 1 && wrong.errors.hasPrefix("fluxlua: wrong.lua:1: each: the function must return an Image to save, or nothing, got 1\n"), "\(wrong.errors)")
    #expect(try Self.lines(shop, "out/wrong", "failed").count == 3)
  }

  @Test func theFirstBadCellEndsTheRunWhereThatIsAskedFor() throws {
    let shop = try Self.shop()
    let outcome = try Self.run(shop, "out", "--set", "bad=2", "--stop-on-error")
    #expect(outcome.status == 1 && outcome.errors.hasPrefix("fluxlua: foxes.lua:8: bad 2\n"), "\(outcome.errors)")
    #expect(try Self.lines(shop, "out").count == 1)
  }

  @Test func aMistakeInTheRecipeIsToldAfterThreeCellsAndNotAfterAll() throws {
    let shop = try Self.shop()
    let outcome = try Self.run(shop, "out", "--set", "worse=1")
    #expect(outcome.status == 1 && outcome.errors.contains("foxes.lua:9: worse"), "\(outcome.errors)")
    #expect(try Self.lines(shop, "out", "failed").count == 3)
  }

  @Test func cellsOfOtherParametersAreKeptOnlyIfAskedFor() throws {
    let shop = try Self.shop()
    try Self.run(shop, "out")
    let before = try Self.cells(shop, "out")
    let refused = try Self.run(shop, "out", "--set", "steps=2")
    #expect(refused.status == 2)
    #expect(refused.errors == "fluxlua: foxes.lua:7: cells: out holds cells of another state of this recipe: 'steps' was 1, it is 2. --keep goes on and keeps them, --fresh throws them away, --out makes them elsewhere\n")
    #expect(try Self.run(shop, "out", "--set", "steps=2", "--keep").status == 0)
    #expect(try Self.cells(shop, "out") == before)
    #expect(try Self.run(shop, "out", "--set", "steps=2", "--fresh").output == "12 left\n")
    let after = try Self.cells(shop, "out")
    #expect(after.count == 12 && after.allSatisfy { before[$0.key] != $0.value })
    #expect(try Self.run(shop, "out", "--fresh", "--shard", "1/2").status == 2)
    #expect(try Self.run(shop, "out", "--fresh", "--keep").status == 2)
    #expect(try Self.run(shop, "out", "--fresh", "--collect").status == 0)
    #expect(try Self.cells(shop, "out").isEmpty)
  }

  @Test func aFileThatTheRecipeRequiresIsAPartOfIt() throws {
    let shop = try Workshop(["a.lua": """
      local shade = require "shade"
      for cell in flux.sweep { a = {1, 2} }:cells() do cell:save(flux.image(flux.full({3, 8, 8}, shade))) end
      """, "shade.lua": "return 0.5"])
    for _ in 1...2 { #expect(try shop.fluxlua("run", "a.lua", "--quiet").status == 0) }
    try shop.write("return 0.6", to: "shade.lua")
    let outcome = try shop.fluxlua("run", "a.lua", "--quiet")
    #expect(outcome.status == 2 && outcome.errors.contains("a.lua was another text"), "\(outcome.errors)")
  }

  @Test(arguments: [("5/4", "--shard: a shard is written i/n"), ("0/2", "got '0/2'"), ("x", "got 'x'")]) func aShardThatThereIsNotEndsWith2(_ shard: String, _ message: String) throws {
    let outcome = try Self.run(try Self.shop(), "out", "--shard", shard)
    #expect(outcome.status == 2 && outcome.errors.contains(message), "\(outcome.errors)")
  }
}
}
