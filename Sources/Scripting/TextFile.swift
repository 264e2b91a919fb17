import Glibc

/// Whole files of text.
package enum TextFile {
  package struct Unreadable: Error, CustomStringConvertible {
    let path: String
    let reason: String
    package var description: String { "cannot read \(path): \(reason)" }
  }

  static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "rb") else { throw Unreadable(path: path, reason: String(cString: strerror(errno))) }
    defer { fclose(file) }
    var bytes: [UInt8] = [], block = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[..<count] }
    guard ferror(file) == 0 else { throw Unreadable(path: path, reason: String(cString: strerror(errno))) }
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
