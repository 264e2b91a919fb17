import Glibc

/// Whole files of text.
package enum TextFile {
  package struct Unreadable: Error, CustomStringConvertible {
    let path: String
    let reason: String
    package var description: String { "cannot read \(path): \(reason)" }
  }

  /// Longer texts than this are no recipes and no lists of prompts.
  private static let mostBytes = 64 << 20

  /// - Parameter pipes: whether it may be a pipe or a device, which only the person at the command line can want
  static func read(_ path: String, pipes: Bool = false) throws -> String {
    // A pipe that nobody writes to must not hold us up, and a device has no end.
    let file = open(path, O_RDONLY | O_CLOEXEC | (pipes ? 0 : O_NONBLOCK))
    guard file >= 0 else { throw Unreadable(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, pipes || status.st_mode & S_IFMT == S_IFREG else { throw Unreadable(path: path, reason: "it is not a file") }
    guard status.st_size <= mostBytes else { throw Unreadable(path: path, reason: "\(status.st_size) bytes are too many for a text; the most is \(mostBytes)") }
    var bytes: [UInt8] = [], block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(file, &block, block.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Unreadable(path: path, reason: String(cString: strerror(errno))) }
      guard count > 0, bytes.count <= mostBytes else { break }
      bytes += block[..<count]
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Unreadable(path: path, reason: "not UTF-8 text") }
    return text
  }

  /// The path with every symlink followed; nil when there is no such file.
  static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
