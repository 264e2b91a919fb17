/// A small JSON parser for files that nobody has checked: its depth is bounded, every byte is looked at.
///
/// It exists because vocabularies hold tens of thousands of strings that must stay bytes, and Foundation boxes each of them.
struct JSONReader {
  private static let deepest = 64

  private let bytes: [UInt8]
  private let file: String
  private var offset = 0

  static func root(of bytes: [UInt8], file: String) throws -> JSONField {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TokenizerError.unexpected(file: file, field: "the file", expected: "UTF-8 text", found: "other bytes")
    }
    var reader = JSONReader(bytes: bytes, file: file)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.offset == bytes.count else { throw reader.malformed("the end of the file") }
    return JSONField(value: value, path: "", file: file)
  }

  private init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  private func malformed(_ expected: String) -> TokenizerError {
    .malformed(file: file, offset: offset, expected: expected)
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  private mutating func consume(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    offset += 1
    return true
  }

  private mutating func value(depth: Int) throws -> JSONValue {
    guard depth < Self.deepest else { throw malformed("at most \(Self.deepest) nested lists and objects") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    let letters = word.withUTF8Buffer { Array($0) }
    guard bytes[offset...].starts(with: letters) else { throw malformed("'\(word)'") }
    offset += letters.count
    return value
  }

  private mutating func array(depth: Int) throws -> JSONValue {
    offset += 1
    var values: [JSONValue] = []
    skipSpace()
    if consume(UInt8(ascii: "]")) { return .array(values) }
    repeat {
      values.append(try value(depth: depth + 1))
      skipSpace()
    } while consume(UInt8(ascii: ","))
    guard consume(UInt8(ascii: "]")) else { throw malformed("',' or ']'") }
    return .array(values)
  }

  private mutating func object(depth: Int) throws -> JSONValue {
    offset += 1
    var members: [JSONMember] = []
    skipSpace()
    if consume(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw malformed("a quoted key") }
      let key = try string()
      skipSpace()
      guard consume(UInt8(ascii: ":")) else { throw malformed("':'") }
      members.append(JSONMember(key: key, value: try value(depth: depth + 1)))
      skipSpace()
    } while consume(UInt8(ascii: ","))
    guard consume(UInt8(ascii: "}")) else { throw malformed("',' or '}'") }
    return .object(members)
  }

  private mutating func number() throws -> Double {
    let start = offset
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { offset += 1 }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      offset = start
      throw malformed("a value")
    }
    return value
  }

  private mutating func string() throws -> [UInt8] {
    offset += 1
    var text: [UInt8] = []
    var start = offset
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        text.append(contentsOf: bytes[start..<offset])
        offset += 1
        return text
      case UInt8(ascii: "\\"):
        text.append(contentsOf: bytes[start..<offset])
        offset += 1
        text.append(contentsOf: try escape())
        start = offset
      case 0..<0x20: throw malformed("no control character in a string")
      default: offset += 1
      }
    }
    throw malformed("a closing '\"'")
  }

  private mutating func escape() throws -> [UInt8] {
    guard let byte = next else { throw malformed("an escaped character") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return Array(String(Character(try escapedScalar())).utf8)
    default:
      offset -= 1
      throw malformed("one of \"\\/bfnrtu after '\\'")
    }
  }

  private mutating func escapedScalar() throws -> Unicode.Scalar {
    let first = try fourHexDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, consume(UInt8(ascii: "\\")), consume(UInt8(ascii: "u")) else {
      throw malformed("a pair of surrogates")
    }
    let second = try fourHexDigits()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw malformed("a pair of surrogates") }
    return scalar
  }

  private mutating func fourHexDigits() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw malformed("four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}
