import Tensors

/// The GGUF format, versions 2 and 3: key-value pairs, then names, shapes (innermost axis first), types and offsets of the
/// tensors, then their bytes, aligned. Reference: ggml's `docs/gguf.md`.
package enum GGUF {
  package static let magic: [UInt8] = Array("GGUF".utf8)

  /// One of the values that a file carries besides its tensors.
  package enum Value: Sendable, Equatable {
    case number(Double), flag(Bool), text(String), list([Value])

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var whole: Int? { if case .number(let number) = self { Int(exactly: number) } else { nil } }
  }

  package struct Contents: Sendable {
    package let metadata: [String: Value]
    package let entries: [String: Checkpoint.Entry]
  }

  /// What a type number means: its name, and numbers and bytes of a block. Reference: ggml's `ggml_type`.
  static let types: [UInt32: (name: String, numbers: Int, bytes: Int)] = [
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36),
  ]

  /// The contents of a file; every count, size and range is checked before anything is believed.
  package static func contents(of file: FileBytes) throws -> Contents {
    defer { withExtendedLifetime(file) {} }
    var reader = GGUFReader(file)
    let counts = try reader.header()
    var metadata: [String: Value] = [:]
    for _ in 0..<counts.values {
      let key = try reader.text("a key")
      guard metadata.updateValue(try reader.value("the value of '\(key)'"), forKey: key) == nil else { throw reader.broken("has the key '\(key)' twice") }
    }
    let descriptions = try (0..<counts.tensors).map { _ in try description(&reader) }
    let alignment = try alignment(metadata, reader)
    let start = (reader.at + alignment - 1) / alignment * alignment
    var entries: [String: Checkpoint.Entry] = [:], ranges: [(Range<Int>, String)] = []
    for tensor in descriptions {
      guard tensor.offset % alignment == 0 else {
        throw reader.broken("tensor '\(tensor.name)' begins at byte \(tensor.offset), which is no multiple of the alignment \(alignment); the file is damaged")
      }
      guard start <= file.count, tensor.offset <= file.count - start, tensor.bytes <= file.count - start - tensor.offset else {
        throw reader.broken("tensor '\(tensor.name)' ends \(tensor.bytes) bytes after byte \(tensor.offset) of the data, but the file has only \(max(file.count - start, 0)) bytes of data; it is cut off, download it again")
      }
      let entry = Checkpoint.Entry(tensor.name, type: tensor.type, shape: original(tensor, metadata), file: file, first: start + tensor.offset, count: tensor.bytes)
      guard entries.updateValue(entry, forKey: tensor.name) == nil else { throw reader.broken("has the tensor '\(tensor.name)' twice") }
      ranges.append((tensor.offset..<tensor.offset + tensor.bytes, tensor.name))
    }
    ranges.sort { ($0.0.lowerBound, $0.0.upperBound) < ($1.0.lowerBound, $1.0.upperBound) }
    for (a, b) in zip(ranges, ranges.dropFirst()) where a.0.upperBound > b.0.lowerBound {
      throw reader.broken("tensor '\(b.1)' overlaps '\(a.1)'; the file is damaged")
    }
    return Contents(metadata: metadata, entries: entries)
  }

  private struct Description { let name: String, shape: [Int], type: String, offset: Int, bytes: Int }

  private static func description(_ reader: inout GGUFReader) throws -> Description {
    let name = try reader.text("the name of a tensor"), axes = try reader.number(UInt32.self, "the axes of '\(name)'")
    guard 1...8 ~= axes else { throw reader.broken("tensor '\(name)' has \(axes) axes; the file is damaged") }
    let lengths = try (0..<axes).map { _ in try reader.number(UInt64.self, "the shape of '\(name)'") }
    let number = try reader.number(UInt32.self, "the type of '\(name)'"), offset = try reader.number(UInt64.self, "the offset of '\(name)'")
    guard let type = types[number] else { throw reader.broken("tensor '\(name)' has the unknown type \(number); was the file made by a newer tool?") }
    var bytes = type.bytes
    for (axis, length) in lengths.enumerated() {
      guard length > 0, length < UInt64(1) << 40 else { throw reader.broken("tensor '\(name)' has the impossible shape \(Array(lengths.reversed()))") }
      guard axis > 0 || Int(length) % type.numbers == 0 else {
        throw reader.broken("tensor '\(name)' has rows of \(length), which are no whole blocks of \(type.numbers) in \(type.name)")
      }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: axis == 0 ? Int(length) / type.numbers : Int(length))
      guard !overflow else { throw reader.broken("tensor '\(name)' has the impossible shape \(Array(lengths.reversed()))") }
      bytes = product
    }
    guard offset < UInt64(1) << 60 else { throw reader.broken("tensor '\(name)' has the impossible offset \(offset)") }
    return Description(name: name, shape: lengths.reversed().map { Int($0) }, type: type.name, offset: Int(offset), bytes: bytes)
  }

  /// ComfyUI-GGUF lays some tensors out anew so that they can be quantised, and keeps their shape beside them.
  private static func original(_ tensor: Description, _ metadata: [String: Value]) -> [Int] {
    guard case .list(let list)? = metadata["comfy.gguf.orig_shape.\(tensor.name)"], case let shape = list.compactMap(\.whole), shape.count == list.count,
          shape.allSatisfy({ $0 > 0 && $0 < 1 << 40 }), shape.count <= 8,
          shape.reduce(1.0, { $0 * Double($1) }) == tensor.shape.reduce(1.0, { $0 * Double($1) }) else { return tensor.shape }
    return shape
  }

  private static func alignment(_ metadata: [String: Value], _ reader: GGUFReader) throws -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard let alignment = value.whole, 1...65536 ~= alignment, alignment & (alignment - 1) == 0 else {
      throw reader.broken("'general.alignment' must be a power of two up to 65536, got \(value)")
    }
    return alignment
  }
}

/// Reads a GGUF file from front to back, and never past its end.
struct GGUFReader {
  private let file: FileBytes
  private(set) var at = 0

  init(_ file: FileBytes) { self.file = file }

  func broken(_ what: String) -> CheckpointError { .malformed(file.name, what) }

  /// Magic, version and the two counts.
  mutating func header() throws -> (tensors: Int, values: Int) {
    guard file.count >= 24 else { throw broken("\(file.count) bytes are too few for a GGUF file; it is cut off, download it again") }
    guard Array(file.bytes.prefix(4)) == GGUF.magic else { throw broken("does not begin with GGUF") }
    at = 4
    let version = try number(UInt32.self, "the version")
    guard version & 0xFFFF != 0 else { throw broken("is a GGUF file for big-endian machines; convert it anew for little-endian ones") }
    guard 2...3 ~= version else { throw broken("is of GGUF version \(version); versions 2 and 3 are read: convert it anew") }
    let tensors = try number(UInt64.self, "the number of tensors"), values = try number(UInt64.self, "the number of values")
    // The least that a tensor (24 bytes) and a value (13 bytes) take says how many there can be.
    guard tensors <= UInt64(file.count) / 24, values <= UInt64(file.count) / 13 else {
      throw broken("says that it holds \(tensors) tensors and \(values) values, but has only \(file.count) bytes; it is damaged or cut off")
    }
    return (Int(tensors), Int(values))
  }

  mutating func number<T: FixedWidthInteger>(_ type: T.Type, _ what: String) throws -> T {
    let size = MemoryLayout<T>.size
    guard size <= file.count - at else { throw broken("ends within \(what); it is cut off, download it again") }
    defer { at += size }
    return T(littleEndian: file.bytes.loadUnaligned(fromByteOffset: at, as: T.self))
  }

  mutating func text(_ what: String) throws -> String {
    let count = try number(UInt64.self, what)
    guard count <= UInt64(file.count - at) else { throw broken("\(what) is said to take \(count) bytes, but only \(file.count - at) are left; the file is damaged or cut off") }
    defer { at += Int(count) }
    guard let text = String(validating: file.bytes[at..<at + Int(count)], as: UTF8.self) else { throw broken("\(what) is no text; the file is damaged") }
    return text
  }

  mutating func value(_ what: String) throws -> GGUF.Value { try value(of: number(UInt32.self, what), what, depth: 0) }

  private mutating func value(of type: UInt32, _ what: String, depth: Int) throws -> GGUF.Value {
    switch type {
    case 0: return .number(Double(try number(UInt8.self, what)))
    case 1: return .number(Double(try number(Int8.self, what)))
    case 2: return .number(Double(try number(UInt16.self, what)))
    case 3: return .number(Double(try number(Int16.self, what)))
    case 4: return .number(Double(try number(UInt32.self, what)))
    case 5: return .number(Double(try number(Int32.self, what)))
    case 6: return .number(Double(Float(bitPattern: try number(UInt32.self, what))))
    case 7: return .flag(try number(UInt8.self, what) != 0)
    case 8: return .text(try text(what))
    case 9: return .list(try list(what, depth: depth))
    case 10: return .number(Double(try number(UInt64.self, what)))
    case 11: return .number(Double(try number(Int64.self, what)))
    case 12: return .number(Double(bitPattern: try number(UInt64.self, what)))
    default: throw broken("\(what) has the unknown type \(type); the file is damaged")
    }
  }

  private mutating func list(_ what: String, depth: Int) throws -> [GGUF.Value] {
    let type = try number(UInt32.self, what), count = try number(UInt64.self, what)
    guard depth < 4 else { throw broken("\(what) holds lists of lists of lists; the file is damaged") }
    guard count <= UInt64(file.count - at) else { throw broken("\(what) is said to be a list of \(count), but only \(file.count - at) bytes are left; the file is damaged or cut off") }
    return try (0..<count).map { _ in try value(of: type, what, depth: depth + 1) }
  }
}
