/// The strings of JSON (RFC 8259, section 7), which infotext uses for values that hold commas.
enum JSONString {
  private static let short: [Unicode.Scalar: Unicode.Scalar] = [
    "\"": "\"", "\\": "\\", "\n": "n", "\r": "r", "\t": "t", "\u{8}": "b", "\u{c}": "f",
  ]
  private static let long: [Unicode.Scalar: Unicode.Scalar] =
    Dictionary(uniqueKeysWithValues: short.map { ($1, $0) } + [("/", "/")])

  static func quoted(_ text: String) -> String {
    var result = "\"".unicodeScalars
    for scalar in text.unicodeScalars {
      if let letter = short[scalar] {
        result += ["\\", letter]
      } else if scalar.value < 32 {
        result += "\\u00\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))".unicodeScalars
      } else {
        result.append(scalar)
      }
    }
    result.append("\"")
    return String(result)
  }

  /// The text that a JSON string stands for; anything else, such as a string with a bad escape, stands for itself.
  static func unquoted(_ string: String) -> String {
    let scalars = Array(string.unicodeScalars)
    guard scalars.count >= 2, scalars.first == "\"", scalars.last == "\"" else { return string }
    return unescaped(scalars.dropFirst().dropLast()) ?? string
  }

  private static func unescaped(_ inside: ArraySlice<Unicode.Scalar>) -> String? {
    var units: [UInt16] = []  // UTF-16, as \uD83D\uDE00 is two escapes and one character
    var rest = inside
    while let scalar = rest.popFirst() {
      guard scalar != "\"" else { return nil }
      guard scalar == "\\" else { units += UTF16.encode(scalar).map(Array.init) ?? []; continue }
      guard let letter = rest.popFirst() else { return nil }
      if let plain = long[letter] {
        units.append(UInt16(plain.value))
      } else if letter == "u", rest.count >= 4,
        let unit = UInt16(String(String.UnicodeScalarView(rest.prefix(4))), radix: 16) {
        units.append(unit)
        rest = rest.dropFirst(4)
      } else {
        return nil
      }
    }
    return String(decoding: units, as: UTF16.self)
  }
}
