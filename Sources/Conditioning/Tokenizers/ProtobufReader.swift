/// The fields of one protobuf message, in order; every length is checked against the message.
struct ProtobufReader {
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case bytes(ArraySlice<UInt8>)
  }

  private let bytes: ArraySlice<UInt8>
  private let file: String
  private var offset: Int

  init(_ bytes: ArraySlice<UInt8>, file: String) {
    self.bytes = bytes
    self.file = file
    offset = bytes.startIndex
  }

  /// The next field with its number; nil at the end of the message.
  mutating func next() throws -> (number: Int, value: Value)? {
    while offset < bytes.endIndex {
      let start = offset
      let tag = try varint()
      guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw malformed("a protobuf field", at: start) }
      let number = Int(tag >> 3)
      switch tag & 7 {
      case 0: return (number, .varint(try varint()))
      case 1: _ = try take(8)   // fixed64: no field of a sentencepiece model has it
      case 2: return (number, .bytes(try take(try varint())))
      case 5: return (number, .fixed32(try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }))
      default: throw malformed("a protobuf field", at: start)
      }
    }
    return nil
  }

  private func malformed(_ expected: String, at offset: Int) -> TokenizerError {
    .malformed(file: file, offset: offset, expected: expected)
  }

  private mutating func varint() throws -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard offset < bytes.endIndex else { break }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw malformed("a number", at: start)
  }

  private mutating func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
    guard count <= UInt64(bytes.endIndex - offset) else {
      throw malformed("\(count) bytes, with \(bytes.endIndex - offset) left", at: offset)
    }
    let taken = bytes[offset..<offset + Int(count)]
    offset = taken.endIndex
    return taken
  }
}
