import CKernels

/// The rows of a weight as a checkpoint stores them, not yet made into anything.
package struct Rows: Sendable {
  package let count: Int
  package let width: Int
  package let encoding: Encoding
  package let storage: Storage
  package let first: Int          // bytes from the start of the storage

  package init(count: Int, width: Int, encoding: Encoding, storage: Storage, first: Int = 0) {
    precondition(first + count * width * encoding.width <= storage.count, "\(count)×\(width) rows reach past their bytes")
    (self.count, self.width, self.encoding, self.storage, self.first) = (count, width, encoding, storage, first)
  }

  package init(_ x: Tensor) {
    self.init(count: x.rows, width: x.width, encoding: .f32, storage: x.storage, first: x.offset * 4)
  }

  package var start: UnsafeMutableRawPointer { storage.start + first }

  /// The same numbers in another encoding: f32 or bf16.
  package func converted(to target: Encoding) throws -> Rows {
    if encoding == target { return self }
    let result = Rows(count: count, width: width, encoding: target, storage: Storage(count: count * width * target.width))
    write(into: result)
    return result
  }

  /// Several weights as one, their rows one after the other; all of one width.
  package static func stacked(_ parts: [Rows], as target: Encoding) throws -> Rows {
    let width = parts[0].width
    precondition(parts.allSatisfy { $0.width == width }, "weights of unlike width: \(parts.map(\.width))")
    let storage = Storage(count: parts.reduce(0) { $0 + $1.count } * width * target.width)
    var at = 0
    for part in parts {
      part.write(into: Rows(count: part.count, width: width, encoding: target, storage: storage, first: at))
      at += part.count * width * target.width
    }
    return Rows(count: parts.reduce(0) { $0 + $1.count }, width: width, encoding: target, storage: storage)
  }

  private func write(into target: Rows) {
    Team.forRows(count, by: Operand.piece(width)) { rows in
      let (begin, elements) = (rows.lowerBound * width, rows.count * width)
      let (from, to) = (start + begin * encoding.width, target.start + begin * target.encoding.width)
      if encoding == target.encoding { return to.copyMemory(from: from, byteCount: elements * encoding.width) }
      let halves = from.assumingMemoryBound(to: UInt16.self)
      switch (encoding, target.encoding) {
      case (.f32, _): kernel.pointee.bf16_from_f32(to.assumingMemoryBound(to: UInt16.self), from.assumingMemoryBound(to: Float.self), elements)
      case (.bf16, .f32): kernel.pointee.f32_from_bf16(to.assumingMemoryBound(to: Float.self), halves, elements)
      case (.f16, .f32): kernel.pointee.f32_from_f16(to.assumingMemoryBound(to: Float.self), halves, elements)
      default: through(halves, elements, to.assumingMemoryBound(to: UInt16.self))
      }
    }
    withExtendedLifetime((self, target)) {}
  }

  /// f16 → bf16, by way of f32.
  private func through(_ from: UnsafePointer<UInt16>, _ count: Int, _ to: UnsafeMutablePointer<UInt16>) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { floats in
      guard let middle = floats.baseAddress else { return }
      kernel.pointee.f32_from_f16(middle, from, count)
      kernel.pointee.bf16_from_f32(to, middle, count)
    }
  }

  /// The numbers as a tensor [count, width].
  package func tensor() throws -> Tensor {
    let rows = try converted(to: .f32)
    return Tensor([count, width], storage: rows.storage, offset: rows.first / 4)
  }
}
