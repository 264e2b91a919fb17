import Foundation
import Scripting
import Testing

extension ScriptingTests {
/// What an error quotes of the recipe, and what it marks there.
@Suite struct ExcerptTests {
  /// The lines below the message.
  private func excerpt(_ source: String) throws -> String {
    let report = try #require(failing(source)).report
    return report.split(separator: "\n").filter { $0.contains(" | ") || $0.hasSuffix(" |") }.joined(separator: "\n")
  }

  @Test(arguments: [
    ("probe():generate('a fox', { stpes = 4 })", """
        1 | probe():generate('a fox', { stpes = 4 })
          |                             ^^^^^
      """),
    ("local steps = 3\nprobe():generate('a fox', {\n  title = 'x',\n  steps = 'ten',\n})", """
        4 |   steps = 'ten',
          |   ^^^^^^^^^^^^^
      """),
    ("probe():generate('a', { on_step = function() local steps = 'no' end, steps = 1.5 })", """
        1 | probe():generate('a', { on_step = function() local steps = 'no' end, steps = 1.5 })
          |                                                                      ^^^^^^^^^^^
      """),
    ("probe():generate('a', {\n  steps = 0,\n  colour = 'red',\n  size = 500,\n})", """
        2 |   steps = 0,
          |   ^^^^^^^^^
        3 |   colour = 'red',
          |   ^^^^^^
        4 |   size = 500,
          |   ^^^^^^^^^^
      """),
    ("local options = { steps = 0 }\nprobe():generate('a', options)", """
        2 | probe():generate('a', options)
          |         ^^^^^^^^
      """),
    ("probe():generate(3)", """
        1 | probe():generate(3)
          |         ^^^^^^^^
      """),
    ("print(1,\n  stepz)", """
        2 |   stepz)
          |   ^^^^^
      """),
    ("local p = probe()\nprint(p.cuont)", """
        2 | print(p.cuont)
          |         ^^^^^
      """),
    ("local t = {}\nt.a.b = 1", """
        2 | t.a.b = 1
          |   ^
      """),
    ("local t\nlocal x = 1 + t", """
        2 | local x = 1 + t
          |               ^
      """),
    ("local p = probe()\np.weight = 3", """
        2 | p.weight = 3
          |   ^^^^^^
      """),
    ("print(1 + * 2)", """
        1 | print(1 + * 2)
          |           ^
      """),
    ("local x =\n\n", """
        1 | local x =
          |          ^
      """),
    ("local s = \"abc\n", """
        1 | local s = "abc
          |           ^^^^
      """),
    ("error 'mine'", "  1 | error 'mine'"),
  ]) func theFaultIsMarked(_ source: String, _ shown: String) throws {
    #expect(try excerpt(source) == shown)
  }

  @Test func columnsAreRightBehindTabsAccentsAndWideLetters() throws {
    #expect(try excerpt("\tprint('é', stepz)") == "  1 |     print('é', stepz)\n    |                ^^^^^")
    #expect(try excerpt("a = 1\tprint(stepz)") == "  1 | a = 1   print(stepz)\n    |               ^^^^^")
    #expect(try excerpt("print('日本', '🦊', stepz)") == "  1 | print('日本', '🦊', stepz)\n    |                     ^^^^^")
    #expect(try excerpt("print('e\u{301}', stepz)") == "  1 | print('e\u{301}', stepz)\n    |            ^^^^^")
    #expect(try excerpt("print('\u{1B}[2J', stepz)\r\n") == "  1 | print('?[2J', stepz)\n    |               ^^^^^")
  }

  @Test func aLongLineIsCutAroundTheFault() throws {
    let shown = try excerpt("local t = {\(String(repeating: "1, ", count: 300))} print(stepz) local u = {\(String(repeating: "2, ", count: 300))}").split(separator: "\n")
    #expect(shown.count == 2 && shown.allSatisfy { $0.count <= 130 })
    let mark = try #require(shown[1].firstIndex(of: "^"))
    #expect(shown[0].dropFirst(shown[1].distance(from: shown[1].startIndex, to: mark)).hasPrefix("stepz"), "\(shown)")
    #expect(shown[0].contains("| …") && shown[0].hasSuffix("…"))
  }

  @Test func coloursAreOnlyThereWhenTheyAreAskedFor() throws {
    let failure = try #require(failing("print(stepz)"))
    #expect(!failure.report.contains("\u{1B}"))
    #expect(failure.report(coloured: true).contains("\u{1B}[1;31m        ^^^^^\u{1B}[0m") || failure.report(coloured: true).contains("\u{1B}[1;31m      ^^^^^\u{1B}[0m"))
  }

  @Test func aBundledRecipeAndWhatIsNoFaultOfItAreNotQuoted() {
    let bundled = onEngineThread { Recipe(name: "paint", folder: ".", source: "error 'mine'", isBundled: true).run(.init()) }
    if case .failure(let failure) = bundled { #expect(failure.report == "paint:1: mine") } else { Issue.record("it did not fail") }
    var limits = Limits()
    limits.time = Limits.Time("0.2s")
    #expect(failing("while true do end", .init(limits: limits))?.report == "hello.lua:1: stopped by --time-limit 0.2s")
  }

  @Test func theWayToAnErrorHasNoFramesOfTheHost() throws {
    let report = try #require(failing("""
      local function deep(n) if n == 0 then local x = {} + 1 end table.sort({2, 1}, function(a, b) call(function() deep(n - 1) end) return a < b end) end
      probe():generate('a', { on_step = function() deep(2) end })
      """)).report
    let frames = report.split(separator: "\n").filter { $0.hasPrefix("  hello.lua") }
    #expect(frames.count > 5)
    #expect(!report.contains("[C]") && !report.contains("?"), "\(report)")
  }

  @Test func allFramesAreKeptWhenThatIsAskedFor() throws {
    let source = "local function f(n) if n == 0 then error 'deep' end f(n - 1) return 1 end\nf(40)"
    var settings = Recipe.Settings()
    #expect(try #require(failing(source, settings)).frames.count == 15)
    settings.keepsFrames = true
    #expect(try #require(failing(source, settings)).frames.count == 42)
  }
}
}
