/// One piece of a picture's metadata: a key of 1 to 79 Latin-1 characters, and any text.
public struct TextEntry: Equatable, Hashable, Sendable {
  public let key: String
  public var value: String

  public init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
  }
}

extension TextEntry {
  /// Checks that every format can hold the entry, so that no picture loses texts on its way from one to another; gives the key
  /// in Latin-1.
  @discardableResult
  func check() throws(ImagingError) -> [UInt8] {
    guard let bytes = key.latin1, Self.isValidKey(bytes) else { throw .unusableKey(key) }
    guard !value.utf8.contains(0) else { throw .zeroInText(key: key) }
    return bytes
  }

  /// PNG specification 11.3.4.2: 1 to 79 printable Latin-1 characters, no space at either end, no two in a row.
  private static func isValidKey(_ bytes: [UInt8]) -> Bool {
    let space: UInt8 = 32
    return (1...79).contains(bytes.count)
      && bytes.allSatisfy { (32...126).contains($0) || $0 >= 161 }
      && bytes.first != space && bytes.last != space
      && !zip(bytes, bytes.dropFirst()).contains { $0 == space && $1 == space }
  }
}

extension [TextEntry] {
  /// The first value under a key. Setting replaces it where it stands, or appends; nil removes every entry of the key.
  public subscript(key: String) -> String? {
    get { first { $0.key == key }?.value }
    set {
      guard let newValue else { return removeAll { $0.key == key } }
      if let place = firstIndex(where: { $0.key == key }) {
        self[place].value = newValue
      } else {
        append(TextEntry(key, newValue))
      }
    }
  }
}
