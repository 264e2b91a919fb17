import CKernels

/// Rows made just before a product and eaten by it, in the encoding that the product multiplies.
///
/// The residual stream stays f32 in a `Tensor`; a kernel that norms or activates writes its rows straight into one of these.
package struct Operand {
  package let rows: Int
  package let width: Int
  package let encoding: Encoding      // f32, bf16 or int8
  package let storage: Storage
  private let first: Int              // bytes from the start of the storage
  /// Of int8: what each row is to be multiplied by, [rows].
  let scales: Storage?
  private let intake: Intake

  /// Rows still to be written.
  package init(rows: Int, width: Int, encoding: Encoding) { self.init(rows: rows, width: width, as: Intake(encoding)) }

  /// Rows still to be written, by `fill` alone where the intake is not plain.
  package init(rows: Int, width: Int, as intake: Intake) {
    self.init(rows: rows, width: width, as: intake, storage: Storage(count: rows * width * intake.encoding.width), first: 0)
  }

  private init(rows: Int, width: Int, as intake: Intake, storage: Storage, first: Int) {
    (self.rows, self.width, encoding, self.intake) = (rows, width, intake.encoding, intake)
    (self.storage, self.first) = (storage, first)
    scales = intake.encoding == .int8 ? Storage(count: rows * 4) : nil
  }

  /// The rows of a tensor: its own bytes in f32, rounded ones in bf16.
  package init(_ x: Tensor, _ encoding: Encoding) { self.init(x, as: Intake(encoding)) }

  /// The rows of a tensor as a matrix takes them.
  package init(_ x: Tensor, as intake: Intake) {
    guard intake.encoding != .f32 || !intake.isPlain else {
      self.init(rows: x.rows, width: x.width, as: intake, storage: x.storage, first: x.offset * 4)
      return
    }
    self.init(rows: x.rows, width: x.width, as: intake)
    let (from, width) = (x.floats, x.width)
    fill { rows, to, encoding in
      let (source, count) = (from + rows.lowerBound * width, rows.count * width)
      if encoding == row_bf16 { kernel.pointee.bf16_from_f32(to.assumingMemoryBound(to: UInt16.self), source, count) }
      else { to.copyMemory(from: source, byteCount: count * 4) }
    }
    withExtendedLifetime(x) {}
  }

  /// Makes all rows on the team: `body` writes a range of them to a place in an encoding. What a matrix wants done to them first is
  /// done to each piece while it is still near.
  package func fill(_ body: (_ rows: Range<Int>, _ to: UnsafeMutableRawPointer, _ encoding: row_encoding) -> Void) {
    Team.forRows(rows, by: Operand.piece(width)) { rows in
      guard !intake.isPlain else { return body(rows, at(rows.lowerBound), rowEncoding) }
      let piece = encoding == .f32 ? nil : Storage(count: rows.count * width * 4), place = at(rows.lowerBound)
      let floats = (piece?.start ?? place).assumingMemoryBound(to: Float.self)
      body(rows, floats, row_f32)
      if intake.columns != nil || intake.turn > 1 { kernel.pointee.turn_rows(floats, intake.columns?.floats, intake.turn, rows.count, width) }
      if let scales {
        let scale = scales.start.assumingMemoryBound(to: Float.self) + rows.lowerBound
        kernel.pointee.quantise_rows(place.assumingMemoryBound(to: Int8.self), scale, floats, rows.count, width)
      } else if encoding == .bf16 {
        kernel.pointee.bf16_from_f32(place.assumingMemoryBound(to: UInt16.self), floats, rows.count * width)
      }
      withExtendedLifetime(piece) {}
    }
    withExtendedLifetime(self) {}
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

  /// The same rows in f32 or bf16, for a product beside the one that they were made for; of int8, what the numbers stand for.
  func plain(_ target: Encoding) -> Operand {
    guard encoding != target else { return self }
    guard encoding == .int8, let scales else { return Operand(tensor, target) }
    let made = Operand(rows: rows, width: width, encoding: target)
    let byRow = scales.start.assumingMemoryBound(to: Float.self)
    Team.forRows(rows, by: Operand.piece(width)) { rows in
      for row in rows { kernel.pointee.unpack(made.at(row), made.rowEncoding, at(row), Encoding.int8.forKernels, byRow[row], width) }
    }
    withExtendedLifetime((self, made)) {}
    return made
  }

  /// Rows that one call of a kernel takes: about 16 Ki elements, the same at any thread count.
  static func piece(_ width: Int) -> Int { max(1, (16 << 10) / max(width, 1)) }
}

extension Tensor {
  /// Each element as bf16 keeps it.
  package var roundedToBF16: Tensor { Operand(reshaped([1, count]), .bf16).tensor.reshaped(shape) }
}
