import ArgumentParser
import Foundation
import Scripting

/// `fluxlua init [FOLDER]`: what a folder of recipes begins with.
struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Begin a folder of recipes: a first recipe, and files by which editors complete and check.",
    discussion: "Files that are there already stay as they are.")

  @ArgumentParser.Argument(help: "The folder; the current one by default.", completion: .directory) var folder = "."

  func run() throws {
    do { try Self.write([("hello.lua", Self.recipe)] + EditorFiles.all, to: folder, replacing: false) } catch { Exit.failed.leave(saying: "\(error)") }
    print("Next: fluxlua run \(folder == "." ? "" : folder + "/")hello.lua")
  }

  private static let recipe = """
    -- Paints a fox.
    local model = flux.load()
    model:generate("a fox on a light blue background", { seed = 7 }):save "fox.png"

    """

  /// Writes files into a folder, with a line for each.
  static func write(_ files: [(path: String, text: String)], to folder: String, replacing: Bool) throws {
    for (path, text) in files {
      let place = URL(filePath: folder).appending(path: path)
      let shown = folder == "." ? path : "\(folder)/\(path)"
      if !replacing, FileManager.default.fileExists(atPath: place.path) {
        print("\(shown) is there already")
        continue
      }
      try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: place, options: .atomic)
      print("wrote \(shown)")
    }
  }
}
