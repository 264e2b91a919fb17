import CKernels

/// Rows made just before a product and eaten by it, in the encoding that the product multiplies.
///
/// The residual stream stays f32 in a `Tensor`; a kernel that norms or activates writes its rows straight into one of these.
package struct Operand {
  package let rows: Int
  package let width: Int
  package let encoding: Encoding      // f32 or bf16
  package let storage: Storage
  private let first: Int              // bytes from the start of the storage

  /// Rows still to be written.
  package init(rows: Int, width: Int, encoding: Encoding) {
    self.init(rows: rows, width: width, encoding: encoding, storage: Storage(count: rows * width * encoding.width), first: 0)
  }

  private init(rows: Int, width: Int, encoding: Encoding, storage: Storage, first: Int) {
    self.rows = rows
    self.width = width
    self.encoding = encoding
    self.storage = storage
    self.first = first
  }

  /// The rows of a tensor: its own bytes in f32, rounded ones in bf16.
  package init(_ x: Tensor, _ encoding: Encoding) {
    guard encoding == .bf16 else {
      self.init(rows: x.rows, width: x.width, encoding: .f32, storage: x.storage, first: x.offset * 4)
      return
    }
    self.init(rows: x.rows, width: x.width, encoding: .bf16)
    let (from, to, width) = (x.floats, start.assumingMemoryBound(to: UInt16.self), x.width)
    Team.forRows(rows, by: Operand.piece(x.width)) { rows in
      kernel.pointee.bf16_from_f32(to + rows.lowerBound * width, from + rows.lowerBound * width, rows.count * width)
    }
    withExtendedLifetime(x) {}
  }

  package var start: UnsafeMutableRawPointer { storage.start + first }

  /// Where row `row`, column `column` begins.
  package func at(_ row: Int, _ column: Int = 0) -> UnsafeMutableRawPointer {
    start + (row * width + column) * encoding.width
  }

  /// What kernels call this encoding.
  package var rowEncoding: row_encoding { encoding == .bf16 ? row_bf16 : row_f32 }

  /// The rows as f32, for whoever must look at them.
  package var tensor: Tensor {
    var result = Tensor(uninitialized: [rows, width])
    let start = start, count = rows * width
    result.withMutableFloats { floats in
      guard let to = floats.baseAddress else { return }
      if encoding == .bf16 { kernel.pointee.f32_from_bf16(to, start.assumingMemoryBound(to: UInt16.self), count) }
      else { to.update(from: start.assumingMemoryBound(to: Float.self), count: count) }
    }
    return result
  }

  /// Rows that one call of a kernel takes: about 16 Ki elements, the same at any thread count.
  static func piece(_ width: Int) -> Int { max(1, (16 << 10) / max(width, 1)) }
}

extension Tensor {
  /// Each element as bf16 keeps it.
  package var roundedToBF16: Tensor { Operand(reshaped([1, count]), .bf16).tensor.reshaped(shape) }
}
