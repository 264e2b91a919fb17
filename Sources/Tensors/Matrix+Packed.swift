import CKernels

extension Matrix {
  /// A matrix as it lies in memory, for whoever keeps it on disk.
  package struct Packed: Sendable {
    package enum Kind: String, Codable, Sendable { case packed, sums, rows }

    package let kind: Kind
    package let outputs: Int, inputs: Int
    /// Of the numbers, and of the rows that they multiply.
    package let encoding: Encoding, intake: Encoding
    /// oneDNN's description of how they lie; empty for rows.
    package let layout: [UInt8]
    package let weights: Storage
    package let scales: Tensor?, columns: Tensor?
    package let turn: Int

    package init(kind: Kind, outputs: Int, inputs: Int, encoding: Encoding, intake: Encoding, layout: [UInt8], weights: Storage, scales: Tensor?, columns: Tensor?, turn: Int) {
      (self.kind, self.outputs, self.inputs, self.encoding, self.intake, self.layout) = (kind, outputs, inputs, encoding, intake, layout)
      (self.weights, self.scales, self.columns, self.turn) = (weights, scales, columns, turn)
    }
  }

  /// What decides how numbers are packed, besides the library and the processor; to be raised when that changes.
  package static var packing: String { "2 \(Quantised.smoothing) \(Quantised.longestTurn)" }

  /// How it lies in memory; nil where its numbers are used from the checkpoint.
  package var packed: Packed? {
    func made(_ kind: Packed.Kind, _ encoding: Encoding, _ layout: [UInt8], _ weights: Storage, _ scales: Tensor?) -> Packed {
      Packed(kind: kind, outputs: outputs, inputs: inputs, encoding: encoding, intake: intake.encoding, layout: layout, weights: weights, scales: scales,
             columns: intake.columns, turn: intake.turn)
    }
    switch form {
    case .packed(let layout, let storage): return made(.packed, intake.encoding, layout.bytes, storage, nil)
    case .sums(let layout, let storage, let scales): return made(.sums, .int8, layout.bytes, storage, scales)
    case .rows(let rows):
      guard rows.count == 1, rows[0].encoding == .int8, rows[0].storage.isOwned, rows[0].first == 0, rows[0].scale == 1, let scales = rows[0].scales else { return nil }
      return made(.rows, .int8, [], rows[0].storage, scales)
    }
  }

  /// A matrix that was kept; nil where this machine lays it out otherwise.
  /// - Parameter proof: throws where the numbers are damaged; asked before the first product
  package convenience init?(_ packed: Packed, proof: @escaping @Sendable () throws -> Void) throws {
    let intake = Intake(packed.intake, columns: packed.columns, turn: packed.turn)
    let form: Form
    switch packed.kind {
    case .rows:
      guard packed.encoding == .int8, packed.weights.count == packed.outputs * packed.inputs, let scales = packed.scales else { return nil }
      form = .rows([Rows(count: packed.outputs, width: packed.inputs, encoding: .int8, storage: packed.weights, scales: scales)])
    case .packed, .sums:
      guard let layout = try Self.packing(outputs: packed.outputs, inputs: packed.inputs, packed.encoding), layout.bytes == packed.layout,
            packed.weights.count == layout.size else { return nil }
      if packed.kind == .packed { form = .packed(layout, packed.weights) } else {
        guard packed.encoding == .int8, let scales = packed.scales else { return nil }
        form = .sums(layout, packed.weights, scales: scales)
      }
    }
    self.init(outputs: packed.outputs, inputs: packed.inputs, intake: intake, form: form, proof: proof)
  }
}

/// A sum over bytes that differs after any single flipped bit: pieces of a fixed size on the team, joined in order.
package func checkedSum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  guard let start = bytes.baseAddress else { return checksum([0], 0) }
  let piece = 1 << 20, pieces = (bytes.count + piece - 1) / piece
  var sums = [UInt64](repeating: 0, count: pieces)
  sums.withUnsafeMutableBufferPointer { sums in
    guard let sums = sums.baseAddress else { return }
    Team.forEach(pieces) { index, _ in sums[index] = checksum(start + index * piece, min(piece, bytes.count - index * piece)) }
  }
  return sums.withUnsafeBytes { checksum($0.baseAddress ?? start, $0.count) }
}
