/// One piece of a picture's metadata: a key of 1 to 79 Latin-1 characters, and any text.
public struct TextEntry: Equatable, Hashable, Sendable {
  public let key: String
  public var value: String

  public init(_ key: String, _ value: String) {
    self.key = key
    self.value = value
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
