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
      do { return try Init.write(EditorFiles.all, to: writeEditorFiles, replacing: true) } catch { Exit.failed.leave(saying: "\(error)") }
    }
    let manual = Manual(width: Terminal.columns)
    guard !topic.isEmpty else { return print(manual.contents, terminator: "") }
    let name = topic.joined(separator: " ")
    guard let page = manual.page(name) else { Exit.usage.leave(saying: manual.complaint(about: name)) }
    print(page, terminator: "")
  }
}
