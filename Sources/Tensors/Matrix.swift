import COneDNN

/// A weight [outputs, inputs] in some encoding, and how to multiply by it.
///
/// Two forms, one face. *Packed*: laid out once as oneDNN's fastest product wants it. *Rows*: as the checkpoint stores it,
/// for machines and encodings that have no such product; a tile of rows at a time is unpacked and multiplied.
package final class Matrix: Sendable {
  package let outputs: Int
  package let inputs: Int

  private enum Form: Sendable {
    case packed(Product.PackedLayout, Storage, Encoding)
    case rows([Rows], operand: Encoding)
  }
  private let form: Form

  /// What rows this matrix multiplies: bf16 or f32.
  package var operandEncoding: Encoding {
    switch form { case .packed(_, _, let encoding), .rows(_, let encoding): encoding }
  }

  /// How its numbers are kept; of several, the first part's.
  package var encoding: Encoding {
    switch form { case .packed(_, _, let encoding): encoding; case .rows(let rows, _): rows[0].encoding }
  }

  /// Whether it was laid out for a whole product (else it is multiplied tile by tile).
  package var isPacked: Bool { if case .packed = form { true } else { false } }

  /// A matrix from the rows of a weight, kept in `precision`: packed if the machine has a product for it.
  package convenience init(_ rows: Rows, precision: Encoding) throws { try self.init([rows], precision: precision) }

  /// A matrix from several weights whose outputs follow each other. Plain numbers are kept in `precision`; blocks stay blocks,
  /// in the file if that is where they are, and are multiplied in it.
  package init(_ parts: [Rows], precision: Encoding) throws {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.width == parts[0].width }, "weights of unlike width: \(parts.map(\.width))")
    (outputs, inputs) = (parts.reduce(0) { $0 + $1.count }, parts[0].width)
    guard parts.allSatisfy({ $0.encoding.isFloat }) else {
      form = .rows(Rows.joined(parts), operand: precision == .bf16 && Product.multipliesBF16 ? .bf16 : .f32)
      return
    }
    let rows = parts.count == 1 ? try parts[0].converted(to: precision) : try Rows.stacked(parts, as: precision)
    form = try Self.packed(rows) ?? .rows([rows], operand: .f32)
  }

  /// A matrix that is multiplied tile by tile from its rows: any encoding, any machine.
  package init(rows: Rows, operand: Encoding = .f32) {
    (outputs, inputs) = (rows.count, rows.width)
    form = .rows([rows], operand: operand)
  }

  /// Packs for whole products; nil where oneDNN has no thread-invariant one.
  private static func packed(_ rows: Rows) throws -> Form? {
    let (outputs, inputs) = (rows.count, rows.width)
    guard rows.encoding == .f32 || rows.encoding == .bf16 && Product.multipliesBF16 else { return nil }
    // The layout chosen for 1,024 rows is accepted for every number of rows.
    let shape = Product.Shape(rows: 1024, outputs: outputs, inputs: inputs, source: rows.encoding, weights: rows.encoding,
                              sourceStride: inputs, targetStride: outputs, bias: false, layout: .chosen)
    let primitive = try Product.primitive(shape, threads: Team.threads)
    guard primitive.isThreadInvariant else { return nil }
    let storage = Storage(count: primitive.weightBytes)
    try OneDNN.reorder(rows.start, OneDNN.memory([inputs, outputs], OneDNN.type(of: rows.encoding), strides: [1, inputs]),
                       to: storage.start, primitive.weights)
    withExtendedLifetime(rows) {}
    return .packed(Product.PackedLayout(primitive.weights), storage, rows.encoding)
  }

  /// y = x·Wᵀ + bias.   x [rows, inputs] in `operandEncoding`; y [rows, outputs] f32.
  package func callAsFunction(_ x: Operand, bias: Tensor? = nil) throws -> Tensor {
    var y = Tensor(uninitialized: [x.rows, outputs])
    try y.withMutableFloats { floats in
      if let start = floats.baseAddress { try multiply(x, bias: bias, into: start, stride: outputs) }
    }
    return y
  }

  /// The same, for rows still in f32.
  package func callAsFunction(_ x: Tensor, bias: Tensor? = nil) throws -> Tensor {
    try self(Operand(x, operandEncoding), bias: bias)
  }

  private func multiply(_ x: Operand, bias: Tensor?, into y: UnsafeMutablePointer<Float>, stride: Int) throws {
    precondition(x.width == inputs, "rows of \(x.width) times a matrix of \(inputs) inputs")
    precondition(x.encoding == operandEncoding, "rows in \(x.encoding) times a matrix that takes \(operandEncoding)")
    guard x.rows > 0 else { return }
    switch form {
    case .packed(let layout, let storage, let encoding):
      let shape = Product.Shape(rows: x.rows, outputs: outputs, inputs: inputs, source: encoding, weights: encoding,
                                sourceStride: inputs, targetStride: stride, bias: bias != nil, layout: .packed(layout))
      let threads = Team.threads
      let primitive = try Product.primitive(shape, threads: threads)
      Team.adopt(threads: threads)
      try Product.run(primitive, source: x.start, weights: storage.start, bias: bias?.floats, target: y)
    case .rows(let weights, _):
      try TiledProduct(x: x, weights: weights, bias: bias?.floats, y: y, stride: stride).run()
    }
    withExtendedLifetime((x, bias)) {}
  }
}
