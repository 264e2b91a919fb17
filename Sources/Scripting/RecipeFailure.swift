import Tensors

/// Why a recipe did not come to its end.
package struct RecipeFailure: Error, CustomStringConvertible, Sendable {
  package enum Kind: String, Sendable {
    /// The recipe is wrong, or something that it asked for failed.
    case failed
    case interrupted, terminated, timeLimit = "time_limit", memoryLimit = "memory_limit"
    /// A model or file cannot be used.
    case unusable
    /// The command line sets what the recipe does not have, or to what it cannot be.
    case usage
  }

  package let kind: Kind
  /// One message with its place: `hello.lua:7: generate: 'steps' must be …`.
  package let message: String
  /// The line of the recipe, when the place is in its own file.
  package let line: Int?
  /// The recipe's frames, innermost first.
  package let frames: [String]
  /// What the recipe says there, with what is wrong marked.
  package private(set) var excerpt: Excerpt?

  package init(kind: Kind, message: String, line: Int? = nil, frames: [String] = []) {
    self.kind = kind
    self.message = message
    self.line = line
    self.frames = frames
  }

  package var description: String { message }

  /// The same failure, of a kind that its words tell: what was said of a model that cannot be used, or of the command line.
  func classified(unusable: [String], usage: [String]) -> RecipeFailure {
    guard kind == .failed else { return self }
    let told: Kind = unusable.contains(where: message.contains) ? .unusable : usage.contains(where: message.contains) ? .usage : .failed
    return RecipeFailure(kind: told, message: message, line: line, frames: frames)
  }

  /// The same failure with the recipe's own words, where the fault is in them.
  func quoting(_ source: String) -> RecipeFailure {
    guard kind == .failed, let line, let place = Self.place(at: message) else { return self }
    var failure = self
    failure.excerpt = Excerpt(blamedBy: String(message.dropFirst(place.text.count + 2)), at: line, in: source)
    return failure
  }

  /// The message, below it what the recipe says there, and how it got there when that is more than one place.
  package var report: String { report() }

  /// - Parameters:
  ///   - coloured: with the escape sequences of a terminal
  ///   - allFrames: how it got there in any case
  package func report(coloured: Bool = false, allFrames: Bool = false) -> String {
    let way = frames.count < (allFrames ? 1 : 2) ? [] : frames.map { "  \($0)" }
    return ([message, excerpt?.text(coloured: coloured)].compactMap { $0 } + way).joined(separator: "\n")
  }

  init(_ error: any Error, of chunk: String, in lua: Lua) {
    switch error {
    case let failure as LuaFailure where lua.cancellation.requested == nil:
      let reachedLimit = failure.kind == .memory || failure.message.hasSuffix(lua.limits.memory.message)
      self.init(kind: reachedLimit ? .memoryLimit : .failed, failure.message, of: chunk, frames: failure.frames)
    case is LuaStopped, is Cancelled, is LuaFailure:
      let (kind, message) = Self.stopped(lua)
      self.init(kind: kind, lua.stoppedPosition.map { "\($0): \(message)" } ?? message, of: chunk, frames: [])
    default:
      self.init(kind: .failed, "\(error)", of: chunk, frames: [])
    }
  }

  private static func stopped(_ lua: Lua) -> (Kind, String) {
    switch lua.cancellation.requested {
    case .timeLimit: (.timeLimit, lua.limits.time?.message ?? "stopped by the time limit")
    case .terminated: (.terminated, "terminated")
    case .memoryLimit: (.memoryLimit, "stopped by --memory-limit")
    case .interrupted, nil: (.interrupted, "interrupted")
    }
  }

  /// A message without a place gets that of the innermost frame.
  private init(kind: Kind, _ message: String, of chunk: String, frames: [String]) {
    let frame = frames.first.flatMap(Self.place)
    let placed = Self.place(at: message) == nil ? "\(frame?.text ?? chunk): \(message)" : message
    let place = Self.place(at: placed)
    self.init(kind: kind, message: placed, line: place?.file == chunk ? place?.line : nil, frames: frames)
  }

  /// The `hello.lua:7` that a message or frame begins with.
  private static func place(at text: String) -> (text: String, file: String, line: Int)? {
    guard let end = text.firstRange(of: ": ")?.lowerBound, let colon = text[..<end].lastIndex(of: ":"),
          let line = Int(text[text.index(after: colon)..<end]) else { return nil }
    return (String(text[..<end]), String(text[..<colon]), line)
  }
}
