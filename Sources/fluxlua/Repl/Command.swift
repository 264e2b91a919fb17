import Foundation
import Scripting

/// A line at the prompt that is no Lua.
enum Command: Equatable {
  case leave, topics
  case help(String?)
  case save(String)
  case unknown(String)

  /// Nil for everything that may be Lua.
  init?(_ line: String) {
    let words = line.split { $0.isWhitespace }.map(String.init)
    guard let first = words.first else { return nil }
    switch (first, words.count) {
    case (".help", 1), ("help", 1): self = .help(nil)
    case ("help", 2) where words[1] == "topics", (".help", 2) where words[1] == "topics": self = .topics
    case (".help", _): self = .help(words.dropFirst().joined(separator: " "))
    case ("help", _) where words.dropFirst().allSatisfy { $0.wholeMatch(of: /[A-Za-z_][\w.:\-]*/) != nil }: self = .help(words.dropFirst().joined(separator: " "))
    case (".exit", 1), (".quit", 1), ("exit", 1), ("quit", 1), ("exit()", 1), ("quit()", 1): self = .leave
    case (".save", 2): self = .save(words[1])
    default:
      guard first.wholeMatch(of: /\.[A-Za-z]+/) != nil else { return nil }
      self = first == ".save" ? .unknown(".save without a file") : .unknown(first)
    }
  }

  static let summary = """
      1 + 1                      a value prints itself; _ is the last one
      local x = flux.zeros(3)    stays, as every variable does
      model = flux.load()        the model; then model:ge and Tab
      image = model:generate("a red fox", { steps = 4 })
      image:save "fox.png"       files go to out/repl

      help generate              a page of the manual; help topics lists them
      .save session.lua          everything that went well, as a recipe
      Tab                        completes names, options and choices
      Ctrl-C                     stops what runs, or gives up the line
      Ctrl-R                     looks for an earlier line
      Ctrl-D                     leaves
    """
}

/// A session that becomes a file: never over one that is something else.
struct SavedSession {
  private let text: String

  init(_ text: String) { self.text = text }

  struct Refused: Error, CustomStringConvertible {
    let description: String
  }

  func write(to path: String) throws {
    let mark = text.prefix { !$0.isNewline }
    if FileManager.default.fileExists(atPath: path), (try? String(contentsOfFile: path, encoding: .utf8))?.hasPrefix(mark) != true {
      throw Refused(description: ".save: \(path) is there already and is no session; choose another name")
    }
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
      throw Refused(description: ".save: \(path) cannot be written; choose another name")
    }
  }
}
