import Foundation
import Scripting
import Testing

extension ScriptingTests {
/// A recipe seen from the command: its files, parameters, limits and first comment.
@Suite struct RecipeTests {
  /// A folder that is gone when the test is.
  private func inFolder(_ files: [String: String], _ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "recipe-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      let file = folder.appending(path: name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    try body(folder)
  }

  private func failing(_ source: String, in folder: URL) -> RecipeFailure? {
    if case .failure(let failure) = run(source, folder: folder.path) { return failure }
    return nil
  }

  @Test func modulesOfTheFolderLoadOnceAndKnowTheirLines() throws {
    try inFolder(["looks/ink.lua": "return {n = 0}", "lua/deep.lua": "return require 'looks.ink'", "bad.lua": "\n\nerror 'here'",
                  "a.lua": "require 'b'", "b.lua": "require 'a'", "silent.lua": ""]) { folder in
      #expect(failing("local ink = require 'looks.ink' ink.n = 5 assert(require 'deep'.n == 5) assert(require 'silent' == true)", in: folder) == nil)
      let bad = try #require(failing("\nrequire 'bad'", in: folder))
      #expect(bad.message == "bad.lua:3: here")
      #expect(bad.line == nil)
      #expect(bad.frames == ["bad.lua:3: in the main chunk", "hello.lua:2: in the main chunk"])
      #expect(try #require(failing("require 'a'", in: folder)).message == "b.lua:1: require: 'a' requires itself")
    }
  }

  @Test func modulesOutsideOfTheFolderAreRefusedThroughSymlinksToo() throws {
    try inFolder(["inside/hello.lua": "", "secret.lua": "return 1"]) { folder in
      let inside = folder.appending(path: "inside")
      try FileManager.default.createSymbolicLink(at: inside.appending(path: "link.lua"), withDestinationURL: folder.appending(path: "secret.lua"))
      #expect(try #require(failing("require 'link'", in: inside)).message
              == "hello.lua:1: require: 'link.lua' lies outside of the recipe's folder")
    }
  }

  @Test func declaredParametersAreFoundWithoutRunningTheRest() throws {
    let source = """
      -- A harbour at dawn.
      --
      -- Three steps are enough.
      local p = flux.params {
        prompt = "a harbour", steps = {8, min = 1, max = 50, help = "denoising steps"}, mode = {"a", choices = {"a", "b"}},
      }
      error "not here"
      """
    let recipe = Recipe(name: "harbour.lua", folder: ".", source: source)
    #expect(recipe.summary == "A harbour at dawn.\n\nThree steps are enough.")
    let declared = try onEngineThread { recipe.declaredParameters() }.get()
    #expect(declared == [
      DeclaredParameter(name: "mode", standard: .string("a"), choices: ["a", "b"]),
      DeclaredParameter(name: "prompt", standard: .string("a harbour")),
      DeclaredParameter(name: "steps", standard: .integer(8), minimum: 1, maximum: 50, help: "denoising steps"),
    ])
    #expect(declared.map(\.expected) == ["one of a, b", "a string", "a number from 1 to 50"])
  }

  @Test func valuesSetForNothingAreReported() {
    let lines = Lines()
    #expect(Self.failure("", .init(parameters: [("steps", "8")], output: lines.output)) == nil)
    #expect(lines.written(to: .warning) == ["hello.lua: --set steps=8 has no effect: the recipe declares no flux.params"])
  }

  private static func failure(_ source: String, _ settings: Recipe.Settings) -> RecipeFailure? {
    if case .failure(let failure) = run(source, settings) { return failure }
    return nil
  }

  @Test(arguments: [("10s", 10.0), ("10", 10), ("1.5m", 90), ("2h", 7200), ("250ms", 0.25)])
  func timesAreReadWithTheirUnits(_ text: String, _ seconds: Double) throws {
    #expect(try #require(Limits.Time(text)).seconds == seconds)
  }

  @Test(arguments: [("256MB", 256 << 20), ("1GB", 1 << 30), ("64MiB", 64 << 20), ("1048576", 1 << 20), ("2g", 2 << 30)])
  func amountsOfMemoryAreReadWithTheirUnits(_ text: String, _ bytes: Int) throws {
    #expect(try #require(Limits.Memory(text)).bytes == bytes)
  }

  @Test(arguments: ["", "MB", "10parsecs", "-5s", "0", "1e9s"]) func whatIsNoLimitIsRefused(_ text: String) {
    #expect(Limits.Time(text) == nil)
    #expect(Limits.Memory(text) == nil)
  }

  @Test func aFileThatCannotBeReadIsNamed() {
    #expect(throws: TextFile.Unreadable.self) { try Recipe(contentsOf: "/nonexistent/hello.lua") }
  }

  @Test(arguments: [("guidence", "guidance"), ("stpes", "steps"), ("SEED", "seed"), ("sede", "seed")])
  func aMistypedNameFindsItsNeighbour(_ typed: String, _ meant: String) {
    #expect(Suggestion.nearest(to: typed, among: ["steps", "seed", "guidance", "size"]) == meant)
  }

  @Test func aNameUnlikeAllOthersFindsNone() {
    #expect(Suggestion.nearest(to: "colour", among: ["steps", "seed", "guidance"]) == nil)
  }
}
}
