import COneDNN

/// A weight [outputs, inputs] in some encoding, and how to multiply by it.
///
/// Two forms, one face. *Packed*: laid out once as oneDNN's fastest product wants it. *Rows*: as the checkpoint stores it,
/// for machines and encodings that have no such product; a tile of rows at a time is unpacked to f32 and multiplied.
package final class Matrix: Sendable {
  package let outputs: Int
  package let inputs: Int

  private enum Form: Sendable {
    case packed(Product.PackedLayout, Storage, Encoding)
    case rows(Storage, first: Int, Encoding)       // first: bytes before row 0
  }
  private let form: Form

  /// What rows this matrix multiplies: bf16 by bf16 where packed so, f32 otherwise.
  package var operandEncoding: Encoding {
    if case .packed(_, _, let encoding) = form { encoding } else { .f32 }
  }

  /// How its numbers are kept.
  package var encoding: Encoding {
    switch form { case .packed(_, _, let encoding), .rows(_, _, let encoding): encoding }
  }

  /// Whether it was laid out for a whole product (else it is multiplied tile by tile).
  package var isPacked: Bool { if case .packed = form { true } else { false } }

  /// A matrix from the rows of a weight, kept in `precision`: packed if the machine has a product for it.
  package convenience init(_ rows: Rows, precision: Encoding) throws {
    let rows = try rows.converted(to: precision)
    if let packed = try Matrix(packing: rows) { self.init(packed) } else { self.init(rows: rows) }
  }

  private init(_ other: Matrix) {
    (outputs, inputs, form) = (other.outputs, other.inputs, other.form)
  }

  /// A matrix that is multiplied tile by tile from its rows: any encoding, any machine.
  package init(rows: Rows) {
    (outputs, inputs) = (rows.count, rows.width)
    form = .rows(rows.storage, first: rows.first, rows.encoding)
  }

  /// Packs for whole products; nil where oneDNN has no thread-invariant one.
  private init?(packing rows: Rows) throws {
    (outputs, inputs) = (rows.count, rows.width)
    guard rows.encoding != .f16, rows.encoding == .f32 || Product.multipliesBF16 else { return nil }
    // The layout chosen for 1,024 rows is accepted for every number of rows.
    let shape = Product.Shape(rows: 1024, outputs: outputs, inputs: inputs, source: rows.encoding, weights: rows.encoding,
                              sourceStride: inputs, targetStride: outputs, bias: false, layout: .chosen)
    let primitive = try Product.primitive(shape, threads: Team.threads)
    guard primitive.isThreadInvariant else { return nil }
    let storage = Storage(count: primitive.weightBytes)
    try OneDNN.reorder(rows.start, OneDNN.memory([inputs, outputs], OneDNN.type(of: rows.encoding), strides: [1, inputs]),
                       to: storage.start, primitive.weights)
    withExtendedLifetime(rows) {}
    form = .packed(Product.PackedLayout(primitive.weights), storage, rows.encoding)
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
    case .rows(let storage, let first, let encoding):
      try TiledProduct(x: x, outputs: outputs, inputs: inputs, encoding: encoding, weights: storage.start + first,
                       bias: bias?.floats, y: y, stride: stride).run()
    }
    withExtendedLifetime((x, bias)) {}
  }
}
