import CKernels

/// How numbers are stored: a property of a weight, never of a layer.
///
/// Plain numbers, one each, or blocks of 32 or 256 that share their scales (GGUF). Adding one is adding a row here, a layout
/// in `blocks.h` and a body in `unpack.inc`.
public enum Encoding: String, Sendable, CaseIterable {
  case f32, bf16, f16, f8_e4m3, int8
  case q8_0, q6_k, q5_k, q5_1, q5_0, q4_k, q4_1, q4_0, q3_k, q2_k, iq4_nl, iq4_xs

  /// Numbers of one block, and the bytes that it takes.
  package var block: (numbers: Int, bytes: Int) {
    switch self {
    case .f32: (1, 4)
    case .bf16, .f16: (1, 2)
    case .f8_e4m3, .int8: (1, 1)
    case .q8_0: (32, 34)
    case .q6_k: (256, 210)
    case .q5_k: (256, 176)
    case .q5_1: (32, 24)
    case .q5_0: (32, 22)
    case .q4_k: (256, 144)
    case .q4_1: (32, 20)
    case .q4_0, .iq4_nl: (32, 18)
    case .q3_k: (256, 110)
    case .q2_k: (256, 84)
    case .iq4_xs: (256, 136)
    }
  }

  /// Whether a number stands for itself: such weights may be laid out anew; the others are unpacked as they are multiplied.
  package var isFloat: Bool { self == .f32 || self == .bf16 || self == .f16 }

  /// Bytes of one number; for blocks ask `bytes(of:)`.
  package var width: Int {
    precondition(block.numbers == 1, "\(rawValue) has no bytes of one number")
    return block.bytes
  }

  /// Bytes of so many numbers: whole blocks.
  package func bytes(of count: Int) -> Int { count / block.numbers * block.bytes }

  /// Where its numbers or blocks may begin.
  package var alignment: Int { block.numbers == 1 ? block.bytes : 2 }

  /// What kernels call it.
  package var forKernels: weight_encoding {
    switch self {
    case .f32: weight_f32
    case .bf16: weight_bf16
    case .f16: weight_f16
    case .f8_e4m3: weight_f8_e4m3
    case .int8: weight_int8
    case .q8_0: weight_q8_0
    case .q6_k: weight_q6_k
    case .q5_k: weight_q5_k
    case .q5_1: weight_q5_1
    case .q5_0: weight_q5_0
    case .q4_k: weight_q4_k
    case .q4_1: weight_q4_1
    case .q4_0: weight_q4_0
    case .q3_k: weight_q3_k
    case .q2_k: weight_q2_k
    case .iq4_nl: weight_iq4_nl
    case .iq4_xs: weight_iq4_xs
    }
  }
}
