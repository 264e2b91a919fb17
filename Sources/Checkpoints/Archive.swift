import Tensors

/// A POSIX tar archive read in place: the files inside it are ranges of its bytes.
///
/// Format: 512-byte headers, file contents padded to 512 bytes (POSIX.1-1988 ustar).
package struct Archive: Sendable {
  package let name: String
  package let files: [String: FileBytes]

  package init(_ bytes: FileBytes) throws {
    name = bytes.name
    var files: [String: FileBytes] = [:]
    let raw = bytes.bytes
    defer { withExtendedLifetime(bytes) {} }
    var at = 0
    while true {
      // Two blocks of zeros stand at the end.
      guard at + 512 <= raw.count else { throw CheckpointError.malformed(bytes.name, "the archive has no end; it is cut off") }
      if raw[at] == 0 { break }
      let header = UnsafeRawBufferPointer(rebasing: raw[at..<at + 512])
      guard let size = Archive.octal(header[124..<136]), size <= raw.count - at - 512 else {
        throw CheckpointError.malformed(bytes.name, "the entry at byte \(at) has an impossible size; the archive is cut or damaged")
      }
      let path = Archive.text(header[345..<500]).map { $0.isEmpty ? "" : $0 + "/" } ?? ""
      if let file = Archive.text(header[0..<100]), header[156] == UInt8(ascii: "0") {
        let full = path + file
        files[full] = FileBytes(name: "\(bytes.name)/\(full)", storage: bytes.storage,
                                range: bytes.range.lowerBound + at + 512..<bytes.range.lowerBound + at + 512 + size)
      }
      at += 512 + (size + 511) / 512 * 512
    }
    self.files = files
  }

  private static func octal(_ field: Slice<UnsafeRawBufferPointer>) -> Int? {
    var value = 0
    for byte in field where byte != 0 && byte != 32 {
      guard 48..<56 ~= byte, value < 1 << 40 else { return nil }
      value = value * 8 + Int(byte - 48)
    }
    return value
  }

  private static func text(_ field: Slice<UnsafeRawBufferPointer>) -> String? {
    String(validating: field.prefix { $0 != 0 }, as: UTF8.self)
  }
}
