import ArgumentParser
import Foundation
import Scripting

/// `fluxlua manual [TOPIC]`, and the files for editors that are made from the same declarations.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Read about functions, types, options and rules.",
    discussion: "fluxlua manual lists the topics; fluxlua manual generate, manual Step, manual callbacks.")

  @ArgumentParser.Argument(help: "The name of anything that recipes know; a list of topics without.") var topic: [String] = []
  @Option(help: .hidden) var writeEditorFiles: String?

  func run() throws {
    if let writeEditorFiles {
      do { return try Beginning.write(EditorFiles.all, to: writeEditorFiles, replacing: true) } catch { Exit.failed.leave(saying: "\(error)") }
    }
    let manual = Manual(width: Self.width)
    guard !topic.isEmpty else { return print(manual.contents, terminator: "") }
    let name = topic.joined(separator: " ")
    guard let page = manual.page(name) else { Exit.usage.leave(saying: manual.complaint(about: name)) }
    print(page, terminator: "")
  }

  /// Columns of the terminal; 80 where there is none.
  private static var width: Int {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
  }
}

/// `fluxlua init [FOLDER]`: what a folder of recipes begins with.
struct Beginning: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Begin a folder of recipes: a first recipe, and files by which editors complete and check.",
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
  fileprivate static func write(_ files: [(path: String, text: String)], to folder: String, replacing: Bool) throws {
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
