/// A value of a JSON file; strings stay bytes, because Swift's `==` would make two spellings of `é` one token.
indirect enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string([UInt8])
  case array([JSONValue])
  case object([JSONMember])

  /// What stands in an error message.
  var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .string(let bytes): quoted(bytes)
    case .array(let values): "a list of \(values.count)"
    case .object(let members): "an object of \(members.count)"
    }
  }
}

/// One `"key": value` of a JSON object.
struct JSONMember: Sendable {
  let key: [UInt8]
  let value: JSONValue
}

/// Bytes as a quoted word for a message, cut where a hostile file would fill the screen.
func quoted(_ bytes: [UInt8]) -> String {
  let longest = 60
  let text = String(decoding: bytes.prefix(longest), as: UTF8.self)
  return bytes.count > longest ? "'\(text)…'" : "'\(text)'"
}
