import CKernels

/// The rows of a weight as a checkpoint stores them, not yet made into anything.
package struct Rows: Sendable {
  package let count: Int
  package let width: Int
  package let encoding: Encoding
  package let storage: Storage
  package let first: Int          // bytes from the start of the storage
  /// What each number is multiplied by: one for all rows, of f8 weights that were scaled.
  package var scale: Float = 1
  /// What the numbers of each row are multiplied by, [count]: of int8.
  var scales: Tensor?

  package init(count: Int, width: Int, encoding: Encoding, storage: Storage, first: Int = 0, scale: Float = 1, scales: Tensor? = nil) {
    precondition(width % encoding.block.numbers == 0, "rows of \(width) are no whole blocks of \(encoding.rawValue)")
    precondition(first + count * encoding.bytes(of: width) <= storage.count, "\(count)×\(width) rows reach past their bytes")
    (self.count, self.width, self.encoding, self.storage, self.first) = (count, width, encoding, storage, first)
    (self.scale, self.scales) = (scale, scales)
  }

  package init(_ x: Tensor) {
    self.init(count: x.rows, width: x.width, encoding: .f32, storage: x.storage, first: x.offset * 4)
  }

  package var start: UnsafeMutableRawPointer { storage.start + first }
  /// Bytes of one row.
  package var stride: Int { encoding.bytes(of: width) }

  /// The numbers are kept elsewhere: pages of a mapped file leave memory until somebody looks at them again.
  func letGo() { storage.letGo(first..<first + count * stride) }

  /// Some of the rows, sharing their bytes.
  package subscript(range: Range<Int>) -> Rows {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "rows \(range) of \(count)")
    return Rows(count: range.count, width: width, encoding: encoding, storage: storage, first: first + range.lowerBound * stride, scale: scale,
                scales: scales.map { $0[range] })
  }

  /// The same numbers in another encoding: f32 or bf16.
  package func converted(to target: Encoding) throws -> Rows {
    if encoding == target { return self }
    let result = Rows(count: count, width: width, encoding: target, storage: Storage(count: count * width * target.width))
    write(to: result.start, as: target)
    return result
  }

  /// Several weights as one, their rows one after the other; all of one width.
  package static func stacked(_ parts: [Rows], as target: Encoding) throws -> Rows {
    let width = parts[0].width
    precondition(parts.allSatisfy { $0.width == width }, "weights of unlike width: \(parts.map(\.width))")
    let storage = Storage(count: parts.reduce(0) { $0 + $1.count } * width * target.width)
    var at = storage.start
    for part in parts {
      part.write(to: at, as: target)
      at += part.count * width * target.width
    }
    return Rows(count: parts.reduce(0) { $0 + $1.count }, width: width, encoding: target, storage: storage)
  }

  /// Parts that follow each other in one file, in one encoding, as the one weight that they were there.
  package static func joined(_ parts: [Rows]) -> [Rows] {
    parts.reduce(into: []) { made, next in
      guard let last = made.last, last.storage === next.storage, last.encoding == next.encoding, last.width == next.width,
            last.scale == next.scale, last.scales == nil, next.scales == nil, last.first + last.count * last.stride == next.first else { return made.append(next) }
      made[made.count - 1] = Rows(count: last.count + next.count, width: last.width, encoding: last.encoding, storage: last.storage,
                                  first: last.first, scale: last.scale)
    }
  }

  /// Writes the numbers of some rows as f32 or bf16, on the calling thread.
  package func unpack(_ rows: Range<Int>, to target: UnsafeMutableRawPointer, as encoding: Encoding) {
    let (from, count) = (start + rows.lowerBound * stride, rows.count * width)
    if self.encoding == encoding { return target.copyMemory(from: from, byteCount: count * encoding.width) }
    if self.encoding == .f32 {
      return kernel.pointee.bf16_from_f32(target.assumingMemoryBound(to: UInt16.self), from.assumingMemoryBound(to: Float.self), count)
    }
    let to = encoding == .bf16 ? row_bf16 : row_f32
    guard let scales else { return kernel.pointee.unpack(target, to, from, self.encoding.forKernels, scale, count) }
    for (index, row) in rows.enumerated() {
      kernel.pointee.unpack(target + index * width * encoding.width, to, from + index * stride, self.encoding.forKernels, scales.floats[row], width)
    }
    withExtendedLifetime(scales) {}
  }

  /// Writes some numbers of one row as f32, on the calling thread; whole blocks of them.
  func unpack(row: Int, inputs: Range<Int>, to target: UnsafeMutablePointer<Float>) {
    let from = start + row * stride + encoding.bytes(of: inputs.lowerBound)
    if encoding == .f32, scale == 1 { return UnsafeMutableRawPointer(target).copyMemory(from: from, byteCount: inputs.count * 4) }
    kernel.pointee.unpack(target, row_f32, from, encoding.forKernels, scales?.floats[row] ?? scale, inputs.count)
    withExtendedLifetime(scales) {}
  }

  private func write(to target: UnsafeMutableRawPointer, as encoding: Encoding) {
    Team.forRows(count, by: Operand.piece(width)) { rows in
      unpack(rows, to: target + rows.lowerBound * width * encoding.width, as: encoding)
    }
    withExtendedLifetime(self) {}
  }

  /// The numbers as a tensor [count, width].
  package func tensor() throws -> Tensor {
    let rows = try converted(to: .f32)
    return Tensor([count, width], storage: rows.storage, offset: rows.first / 4)
  }
}
