import Foundation

/// What was typed at the prompt, in a file of the person's state folder: the last lines of all sessions. That it cannot be read or
/// written is no reason to stop.
struct History {
  static let most = 1000

  let lines: [String]
  private let file: String?

  /// - Parameter environment: says where the state folder is
  init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    file = Self.folder(environment).flatMap { folder in
      let manager = FileManager.default
      try? manager.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      return folder + "/history"
    }
    guard let file, let text = try? String(decoding: Self.end(of: file), as: UTF8.self) else {
      lines = []
      return
    }
    let all = text.split(separator: "\n").map(String.init).filter { line in
      !line.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\t" }
    }
    lines = Array(all.suffix(Self.most))
    if all.count > 2 * Self.most { try? Self.replace(file, by: lines) }
  }

  /// $XDG_STATE_HOME must be absolute, says the specification.
  private static func folder(_ environment: [String: String]) -> String? {
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/fluxlua" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.local/state/fluxlua"
  }

  /// At most so much of the file is looked at.
  private static let mostBytes: UInt64 = 1 << 20

  private static func end(of file: String) throws -> Data {
    let handle = try FileHandle(forReadingFrom: URL(filePath: file))
    let size = try handle.seekToEnd()
    try handle.seek(toOffset: size > mostBytes ? size - mostBytes : 0)
    let data = try handle.readToEnd() ?? Data()
    return size > mostBytes ? data.drop { $0 != UInt8(ascii: "\n") } : data
  }

  private static func replace(_ file: String, by lines: [String]) throws {
    let other = "\(file).\(getpid())"
    guard FileManager.default.createFile(atPath: other, contents: Data((lines.joined(separator: "\n") + "\n").utf8), attributes: [.posixPermissions: 0o600]),
          rename(other, file) == 0 else { return _ = unlink(other) }
  }

  /// One write at the end of the file, so that two sessions do not mix within a line.
  func add(_ line: String) {
    guard let file, !line.contains("\n") else { return }
    let descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var bytes = Array((line + "\n").utf8)
    _ = write(descriptor, &bytes, bytes.count)
  }
}
