/// A `precompiled_charsmap` of sentencepiece: a double-array trie from byte strings to replacement texts.
///
/// Layout (normalizer.cc, darts.h): the trie's size in bytes, its 32-bit units, then the texts, each ended by a zero.
struct Charsmap: Sendable {
  private let units: [UInt32]
  private let texts: [UInt8]

  /// Bounds the walk through a table whose links form a circle; the rules of nmt_nfkc are below 20 bytes.
  private static let longestKey = 256
  /// The longest text of nmt_nfkc has 33 bytes.
  private static let longestText = 1024

  init(_ bytes: [UInt8], file: String, field: String) throws {
    func damaged(_ expected: String, _ found: String) -> TokenizerError {
      .unexpected(file: file, field: field, expected: expected, found: found)
    }
    guard bytes.count >= 4 else { throw damaged("at least 4 bytes", "\(bytes.count)") }
    let size = Int(Self.word(bytes, at: 0))
    guard size % 4 == 0, size > 0, size <= bytes.count - 4 else {
      throw damaged("a trie within its \(bytes.count) bytes", "one of \(size) bytes")
    }
    let units = (0..<size / 4).map { Self.word(bytes, at: 4 + 4 * $0) }
    let texts = Array(bytes[(4 + size)...])
    guard String(validating: texts, as: UTF8.self) != nil else { throw damaged("replacement texts in UTF-8", "other bytes") }
    let longest = texts.split(separator: 0).map(\.count).max() ?? 0
    guard longest <= Self.longestText else {
      throw damaged("replacement texts of at most \(Self.longestText) bytes", "one of \(longest)")
    }

    guard !units[0].isValue else { throw damaged("a trie that begins with a link", "a value") }
    for (position, unit) in units.enumerated() where !unit.isValue {
      let base = position ^ unit.offset
      guard base | 0xFF < units.count else {
        throw damaged("links within \(units.count) units", "a link from \(position) to \(base)")
      }
      if unit.hasValue {
        let value = Int(units[base] & 0x7FFF_FFFF)
        guard units[base].isValue, value < texts.count, texts[value] & 0xC0 != 0x80 else {
          throw damaged("replacements within \(texts.count) bytes of text", "one at \(value)")
        }
      }
    }
    self.units = units
    self.texts = texts
  }

  private static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
  }

  /// The replacement for the longest rule that the bytes begin with: what sentencepiece asks.
  func longestRule(_ bytes: ArraySlice<UInt8>) -> (length: Int, text: ArraySlice<UInt8>)? {
    var longest: (Int, Int)?
    walk(bytes) { length, value in
      longest = (length, value)
      return true
    }
    return longest.map { ($0, text(at: $1)) }
  }

  /// The replacement for the shortest rule that the bytes begin with: what Hugging Face tokenizers ask.
  func shortestRule(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var shortest: Int?
    walk(bytes) { _, value in
      shortest = value
      return false
    }
    return shortest.map(text)
  }

  private func text(at start: Int) -> ArraySlice<UInt8> { texts[start...].prefix { $0 != 0 } }

  private func walk(_ bytes: ArraySlice<UInt8>, found: (_ length: Int, _ value: Int) -> Bool) {
    var position = units[0].offset
    for (index, byte) in bytes.prefix(Self.longestKey).enumerated() {
      position ^= Int(byte)
      let unit = units[position]
      guard byte != 0, unit.label == UInt32(byte) else { return }
      position ^= unit.offset
      if unit.hasValue, !found(index + 1, Int(units[position] & 0x7FFF_FFFF)) { return }
    }
  }
}

/// The fields of a unit of darts-clone's double array.
extension UInt32 {
  fileprivate var isValue: Bool { self >> 31 == 1 }
  fileprivate var hasValue: Bool { self >> 8 & 1 == 1 }
  fileprivate var label: UInt32 { self & 0x8000_00FF }
  fileprivate var offset: Int { Int(self >> 10) << Int((self & 1 << 9) >> 6) }
}
