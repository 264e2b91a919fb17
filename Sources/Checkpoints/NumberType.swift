import Tensors

/// How numbers lie in a file, and how they become f32.
enum NumberType {
  case f64, f32, f16, bf16, f8e4m3, f8e5m2
  case i64, i32, i16, i8, u64, u32, u16, u8, bool

  /// By the name that safetensors files use.
  init?(safetensors name: String) {
    switch name {
    case "F64": self = .f64
    case "F32": self = .f32
    case "F16": self = .f16
    case "BF16": self = .bf16
    case "F8_E4M3": self = .f8e4m3
    case "F8_E5M2": self = .f8e5m2
    case "I64": self = .i64
    case "I32": self = .i32
    case "I16": self = .i16
    case "I8": self = .i8
    case "U64": self = .u64
    case "U32": self = .u32
    case "U16": self = .u16
    case "U8": self = .u8
    case "BOOL": self = .bool
    default: return nil
    }
  }

  var width: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .f8e4m3, .f8e5m2, .i8, .u8, .bool: 1
    }
  }

  /// The numbers rounded to f32. There are as many bytes as the shape asks for.
  func tensor(_ shape: [Int], _ bytes: UnsafeRawBufferPointer, bigEndian: Bool = false) -> Tensor {
    var result = Tensor(uninitialized: shape)
    precondition(bytes.count == result.count * width, "\(bytes.count) bytes for \(shape) of \(self)")
    func fill<Word: FixedWidthInteger>(_: Word.Type, _ number: (Word) -> Float) {
      result.withMutableFloats { floats in
        for i in floats.indices {
          let word = bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<Word>.size, as: Word.self)
          floats[i] = number(bigEndian ? Word(bigEndian: word) : Word(littleEndian: word))
        }
      }
    }
    switch self {
    case .f64: fill(UInt64.self) { Float(Double(bitPattern: $0)) }
    case .f32: fill(UInt32.self) { Float(bitPattern: $0) }
    case .f16: fill(UInt16.self) { Self.float(half: $0) }
    case .bf16: fill(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .f8e4m3: fill(UInt8.self) { Self.float(e4m3: $0) }
    case .f8e5m2: fill(UInt8.self) { Self.float(half: UInt16($0) << 8) }      // a half without its low byte
    case .i64: fill(Int64.self) { Float($0) }
    case .i32: fill(Int32.self) { Float($0) }
    case .i16: fill(Int16.self) { Float($0) }
    case .i8: fill(Int8.self) { Float($0) }
    case .u64: fill(UInt64.self) { Float($0) }
    case .u32: fill(UInt32.self) { Float($0) }
    case .u16: fill(UInt16.self) { Float($0) }
    case .u8: fill(UInt8.self) { Float($0) }
    case .bool: fill(UInt8.self) { $0 == 0 ? 0 : 1 }
    }
    return result
  }

  /// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
  private static func float(half bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 1 ? -1 : 1, exponent = Int(bits >> 10 & 0x1f), fraction = Float(bits & 0x3ff)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 0x1f: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
    }
  }

  /// 1 sign, 4 exponent, 3 fraction bits, without infinities. Micikevicius et al. 2022 (FP8 formats for deep learning).
  private static func float(e4m3 bits: UInt8) -> Float {
    let sign: Float = bits >> 7 == 1 ? -1 : 1, exponent = Int(bits >> 3 & 0xf), fraction = Float(bits & 7)
    if bits & 0x7f == 0x7f { return .nan }
    return exponent == 0 ? sign * fraction * 0x1p-9 : sign * Float(sign: .plus, exponent: exponent - 7, significand: 1 + fraction / 8)
  }
}

extension Checkpoint {
  /// The numbers of a tensor rounded to f32, whatever type they are stored in: for tensors that are no weights.
  package func numbers(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    if entry.encoding != nil { return try tensor(name) }
    guard let type = NumberType(safetensors: entry.type) else { throw CheckpointError.encoding(self.name, name, entry.type) }
    return entry.withBytes { type.tensor(entry.shape, $0) }
  }
}
