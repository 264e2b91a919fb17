import Foundation
import Scripting
import TestSupport
import Testing

extension ScriptingTests {
/// Runs the tests that are written in Lua: each file of `lua/` that does not begin with an underscore.
struct LuaFilesTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "lua").path
  static let files = (try? FileManager.default.contentsOfDirectory(atPath: folder))?
    .filter { $0.hasSuffix(".lua") && !$0.hasPrefix("_") }.sorted() ?? []

  @Test func thereAreLuaTests() { #expect(!Self.files.isEmpty) }

  @Test(arguments: files) func everyAssertionOfTheFileHolds(_ file: String) throws {
    let source = try String(contentsOfFile: Self.folder + "/" + file, encoding: .utf8)
    let out = FileManager.default.temporaryDirectory.appending(path: "fluxlua-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: out) }
    let files = FileAccess(recipeFolder: Self.folder, out: out.path, recipe: file, readable: [Fixtures.folder])
    let settings = Recipe.Settings(parameters: [("steps", "8"), ("prompt", "a fox"), ("flag", "yes"), ("seeds", "1,2,3")], session: Session(files: files))
    if case .failure(let failure) = run(source, settings, name: file, folder: Self.folder) {
      Issue.record("\(failure.report)")
    }
  }
}
}
