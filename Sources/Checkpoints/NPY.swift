import Foundation
import Tensors

/// NumPy's format for one array: a magic number, a header that is a Python literal, the elements.
/// Reference: `numpy.lib.format`, versions 1.0 to 3.0.
package enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy refuses longer headers.
  private static let longestHeader = 10_000
  /// NumPy's elements begin at a multiple of this.
  private static let alignment = 64

  /// The array in a file, rounded to f32; a single number has the shape [1].
  package static func tensor(of file: FileBytes) throws -> Tensor {
    defer { withExtendedLifetime(file) {} }
    let (header, first) = try header(of: file)
    var literal = Literal(header[...])
    guard let array = literal.array() else { throw CheckpointError.malformed(file.name, "the header is not what NumPy writes; the file is damaged") }
    let (type, isBigEndian) = try type(array.description, file)
    guard array.shape.count <= 32 else { throw CheckpointError.malformed(file.name, "the array has \(array.shape.count) axes; the most is 32") }
    guard !array.shape.contains(0) else { throw CheckpointError.malformed(file.name, "the array of shape \(array.shape) is empty") }
    var size = type.width
    for axis in array.shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: axis)
      guard !overflow else { throw CheckpointError.malformed(file.name, "the shape \(array.shape) is impossible") }
      size = product
    }
    guard size == file.count - first else {
      throw CheckpointError.malformed(file.name, "an array of shape \(array.shape) in \(array.description) needs \(size) bytes, but \(file.count - first) follow the header")
    }
    let elements = UnsafeRawBufferPointer(rebasing: file.bytes[first...])
    let shape = array.shape.isEmpty ? [1] : array.shape
    if !array.isFortran { return type.tensor(shape, elements, bigEndian: isBigEndian) }
    // Columns first: the same as rows first with the axes backwards.
    return type.tensor(shape.reversed(), elements, bigEndian: isBigEndian).permuted(shape.indices.reversed())
  }

  /// A file of f32, little-endian, rows first. `comment` stands in the header where Python, and so NumPy, passes it over.
  package static func file(_ tensor: Tensor, comment: String) -> [UInt8] {
    let shape = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.shape.count == 1 ? "," : "")
    var header = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), } # \(plain(comment))".utf8)
    header += [UInt8](repeating: 32, count: (alignment - (magic.count + 4 + header.count + 1) % alignment) % alignment) + [10]
    var bytes = magic + [1, 0] + withUnsafeBytes(of: UInt16(header.count).littleEndian) { Array($0) } + header
    bytes.reserveCapacity(bytes.count + tensor.count * 4)
    tensor.withFloats { bytes += UnsafeRawBufferPointer($0) }
    return bytes
  }

  /// The comment in a file's header; nil where there is none.
  package static func comment(of file: FileBytes) throws -> String? {
    let text = try header(of: file).text
    guard let mark = text.lastIndex(of: UInt8(ascii: "#")) else { return nil }
    return String(decoding: text[(mark + 1)...].drop { $0 == 32 }, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// As a comment keeps it: printable ASCII, without the sign that begins one.
  package static func plain(_ comment: String) -> String {
    comment.utf8.map { 0x20..<0x7f ~= $0 && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "%") ? String(UnicodeScalar($0)) : ($0 < 16 ? "%0" : "%") + String($0, radix: 16) }.joined()
  }

  private static func header(of file: FileBytes) throws -> (text: [UInt8], first: Int) {
    let bytes = file.bytes
    defer { withExtendedLifetime(file) {} }
    guard bytes.count >= 10, bytes.starts(with: magic) else { throw CheckpointError.malformed(file.name, "this is not a .npy file: NumPy's magic number is missing") }
    guard 1...3 ~= bytes[6] else { throw CheckpointError.malformed(file.name, "version \(bytes[6]) of the .npy format is unknown; there are 1, 2 and 3") }
    let wide = bytes[6] > 1, first = wide ? 12 : 10
    guard bytes.count >= first else { throw CheckpointError.malformed(file.name, "the file is cut off in its header") }
    let length = wide ? Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))) : Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
    guard length <= longestHeader else { throw CheckpointError.malformed(file.name, "a header of \(length) bytes is longer than any that NumPy reads (\(longestHeader))") }
    guard first + length <= bytes.count else { throw CheckpointError.malformed(file.name, "the header alone takes \(length) bytes but the file has \(bytes.count); it is cut off") }
    return (Array(bytes[first..<first + length]), first + length)
  }

  /// `<f4` and its like.
  private static func type(_ description: String, _ file: FileBytes) throws -> (NumberType, bigEndian: Bool) {
    let code = description.first.map { "<>=|".contains($0) } == true ? description.dropFirst() : description[...]
    let types: [Substring: NumberType] = ["f8": .f64, "f4": .f32, "f2": .f16, "i8": .i64, "i4": .i32, "i2": .i16, "i1": .i8,
                                          "u8": .u64, "u4": .u32, "u2": .u16, "u1": .u8, "b1": .bool]
    if code == "O" { throw CheckpointError.malformed(file.name, "holds Python objects, which are a pickle and never opened; save it as numbers") }
    guard let type = types[code] else { throw CheckpointError.malformed(file.name, "elements of type '\(description)' are no plain numbers; save it as float32: x.astype(\"float32\")") }
    return (type, description.first == ">")
  }
}

/// What a header says.
private struct Header { var description = "", isFortran = false, shape: [Int] = [] }

/// The Python literal of a header: one flat dictionary of a text, a truth and a tuple of whole numbers.
private struct Literal {
  private var rest: ArraySlice<UInt8>
  init(_ text: ArraySlice<UInt8>) { rest = text }

  mutating func array() -> Header? {
    var array = Header(), seen: Set<String> = []
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = text(), seen.insert(key).inserted, take(":") else { return nil }
      switch key {
      case "descr":
        guard let text = text() else { return nil }
        array.description = text
      case "fortran_order":
        guard let word = word(), word == "True" || word == "False" else { return nil }
        array.isFortran = word == "True"
      case "shape":
        guard let shape = tuple() else { return nil }
        array.shape = shape
      default: return nil
      }
      if take(",") { continue }
      guard take("}") else { return nil }
      break
    }
    guard seen.count == 3 else { return nil }
    skip()
    return rest.isEmpty || rest.first == UInt8(ascii: "#") ? array : nil
  }

  private mutating func skip() { rest = rest.drop { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 } }

  private mutating func take(_ sign: Character) -> Bool {
    skip()
    guard let first = rest.first, first == sign.asciiValue else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func text() -> String? {
    skip()
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
    rest.removeFirst()
    guard let end = rest.firstIndex(of: quote), !rest[..<end].contains(UInt8(ascii: "\\")) else { return nil }
    defer { rest = rest[(end + 1)...] }
    return String(validating: rest[..<end], as: UTF8.self)
  }

  private mutating func word() -> String? {
    skip()
    let letters = rest.prefix { 65...90 ~= $0 || 97...122 ~= $0 }
    rest = rest[letters.endIndex...]
    return String(decoding: letters, as: UTF8.self)
  }

  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var numbers: [Int] = []
    while !take(")") {
      skip()
      let digits = rest.prefix { 48...57 ~= $0 }
      rest = rest[digits.endIndex...]
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      if rest.first == UInt8(ascii: "L") { rest.removeFirst() }      // Python 2 wrote long numbers so
      numbers.append(number)
      if take(",") { continue }
      guard take(")") else { return nil }
      break
    }
    return numbers
  }
}
