import CKernels
import COneDNN
import Synchronization

/// A weight [outputs, inputs] in some encoding, and how to multiply by it.
///
/// Three forms, one face. *Packed*: laid out once as oneDNN's fastest product wants it. *Sums*: the same in int8, whose sums are
/// scaled afterwards. *Rows*: as the checkpoint stores it, for machines and encodings that have no such product; a tile of rows
/// at a time is unpacked and multiplied.
package final class Matrix: Sendable {
  package let outputs: Int
  package let inputs: Int
  /// What is done to rows before this matrix multiplies them.
  package let intake: Intake

  enum Form: Sendable {
    case packed(Product.PackedLayout, Storage)
    case sums(Product.PackedLayout, Storage, scales: Tensor)
    case rows([Rows])
  }
  let form: Form
  /// What is looked at before the first product: numbers that come from a cache on disk.
  private let unproven: Mutex<(@Sendable () throws -> Void)?>

  /// How its numbers are kept; of several, the first part's.
  package var encoding: Encoding {
    switch form { case .packed: intake.encoding; case .sums: .int8; case .rows(let rows): rows[0].encoding }
  }

  /// Whether it was laid out for a whole product (else it is multiplied tile by tile).
  package var isPacked: Bool { if case .rows = form { false } else { true } }

  /// A matrix from the rows of a weight, kept in `precision`: packed if the machine has a product for it.
  package convenience init(_ rows: Rows, precision: Encoding) throws { try self.init([rows], precision: precision) }

  /// A matrix from several weights whose outputs follow each other. Plain numbers are kept in `precision`; blocks stay blocks,
  /// in the file if that is where they are, and are multiplied in it. In int8 all are made anew.
  /// - Parameter roundsRows: whether rows may be rounded to int8 too
  package init(_ parts: [Rows], precision: Encoding, roundsRows: Bool = true) throws {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.width == parts[0].width }, "weights of unlike width: \(parts.map(\.width))")
    (outputs, inputs) = (parts.reduce(0) { $0 + $1.count }, parts[0].width)
    unproven = Mutex(nil)
    let tiled: Encoding = precision != .f32 && Product.multipliesBF16 ? .bf16 : .f32
    if precision == .int8 {
      let made = Quantised(parts)
      if roundsRows, Product.multipliesInt8, let (layout, storage) = try Self.packed(made.rows), let scales = made.rows.scales {
        (form, intake) = (.sums(layout, storage, scales: scales), Intake(.int8, columns: made.columns, turn: made.turn))
      } else {
        (form, intake) = (.rows([made.rows]), Intake(tiled, columns: made.columns, turn: made.turn))
      }
    } else if !parts.allSatisfy(\.encoding.isFloat) {
      (form, intake) = (.rows(Rows.joined(parts)), Intake(tiled))
    } else {
      let rows = parts.count == 1 ? try parts[0].converted(to: precision) : try Rows.stacked(parts, as: precision)
      if let (layout, storage) = try Self.packed(rows) { (form, intake) = (.packed(layout, storage), Intake(rows.encoding)) }
      else { (form, intake) = (.rows([rows]), .f32) }
    }
    for part in parts where !isKept(part) { part.letGo() }
  }

  /// Whether the numbers are multiplied from where the checkpoint has them.
  private func isKept(_ part: Rows) -> Bool {
    guard case .rows(let rows) = form else { return false }
    return rows.contains { $0.storage === part.storage }
  }

  /// A matrix that is multiplied tile by tile from its rows: any encoding, any machine.
  package init(rows: Rows) {
    (outputs, inputs, form, intake) = (rows.count, rows.width, .rows([rows]), .f32)
    unproven = Mutex(nil)
  }

  /// A matrix without numbers, for whoever only wants to know that there is one. It multiplies nothing.
  package convenience init(unread outputs: Int, inputs: Int) {
    self.init(outputs: outputs, inputs: inputs, intake: .f32, form: .rows([])) { preconditionFailure("a product with a matrix that was not read") }
  }

  /// A matrix that was laid out before.
  /// - Parameter proof: throws where its numbers are damaged; asked before the first product
  init(outputs: Int, inputs: Int, intake: Intake, form: Form, proof: @escaping @Sendable () throws -> Void) {
    (self.outputs, self.inputs, self.intake, self.form) = (outputs, inputs, intake, form)
    unproven = Mutex(proof)
  }

  /// Narrower matrices of int8 have no fast product for few rows, nor have those whose inputs are no whole tiles: oneDNN falls back to its
  /// reference one there.
  private static let narrowest = 64

  /// The layout that weights are packed into, the tile unit's or oneDNN's; nil where neither has a thread-invariant product.
  static func packing(outputs: Int, inputs: Int, _ encoding: Encoding) throws -> Product.PackedLayout? {
    guard encoding != .bf16 || Product.multipliesBF16, encoding != .f16 else { return nil }
    guard encoding != .int8 || outputs >= narrowest && inputs % narrowest == 0 && inputs > 0 else { return nil }
    if encoding != .f32, let tiles = TileUnit.product(outputs: outputs, inputs: inputs, stride: outputs, isInt8: encoding == .int8) {
      return Product.PackedLayout(try TileUnit.layout(tiles), tiles: tiles)
    }
    // The layout chosen for 1,024 rows is accepted for every number of rows.
    let shape = Product.Shape(rows: 1024, outputs: outputs, inputs: inputs, source: encoding, weights: encoding,
                              sourceStride: inputs, targetStride: outputs, bias: false, layout: .chosen)
    let primitive = try Product.primitive(shape, threads: Team.threads)
    return primitive.isThreadInvariant ? Product.PackedLayout(primitive.weights) : nil
  }

  /// Packs for whole products; nil where there is none.
  private static func packed(_ rows: Rows) throws -> (Product.PackedLayout, Storage)? {
    let (outputs, inputs) = (rows.count, rows.width)
    guard let layout = try packing(outputs: outputs, inputs: inputs, rows.encoding) else { return nil }
    let storage = Storage(count: layout.size)
    try OneDNN.reorder(rows.start, OneDNN.memory([inputs, outputs], OneDNN.type(of: rows.encoding), strides: [1, inputs]),
                       to: storage.start, layout.description)
    withExtendedLifetime(rows) {}
    return (layout, storage)
  }

  /// y = x·Wᵀ + bias, and what adapters add.   x [rows, inputs] as `intake` says; y [rows, outputs] f32.
  package func callAsFunction(_ x: Operand, bias: Tensor? = nil, adapters: [Adapter.Share] = []) throws -> Tensor {
    var y = Tensor(uninitialized: [x.rows, outputs])
    let used = adapters.filter { $0.scale != 0 }, join = joining(used, x)
    try y.withMutableFloats { floats in
      if let start = floats.baseAddress { try multiply(x, bias: bias, adapters: join ? used : [], into: start) }
    }
    if !join { for share in used { try share.adapter.add(share.scale, of: x, to: &y, beside: bias) } }
    return y
  }

  /// Whether adapters are added while the product is made.
  private func joining(_ adapters: [Adapter.Share], _ x: Operand) -> Bool {
    guard !adapters.isEmpty, x.rows > 0, adapters.allSatisfy({ $0.adapter.joins && $0.adapter.inputs == inputs }) else { return false }
    return switch form {
    case .packed(let layout, _), .sums(let layout, _, _): layout.tiles != nil && outputs % 32 == 0
    case .rows(let rows): x.encoding == .bf16 && x.rows >= TiledProduct.fewest && rows.allSatisfy { $0.count % 32 == 0 }
    }
  }

  /// The same, for rows still in f32.
  package func callAsFunction(_ x: Tensor, bias: Tensor? = nil) throws -> Tensor {
    try self(Operand(x, as: intake), bias: bias)
  }

  private func multiply(_ x: Operand, bias: Tensor?, adapters: [Adapter.Share], into y: UnsafeMutablePointer<Float>) throws {
    precondition(x.width == inputs, "rows of \(x.width) times a matrix of \(inputs) inputs")
    precondition(x.encoding == intake.encoding, "rows in \(x.encoding) times a matrix that takes \(intake.encoding)")
    guard x.rows > 0 else { return }
    try prove()
    var ending = TileUnit.Ending(bias: bias?.floats)
    switch form {
    case .packed(let layout, let storage):
      if let tiles = layout.tiles { multiply(x, tiles, storage, ending, adapters, into: y) } else { try multiply(x, layout, storage, bias: bias, into: y) }
    case .sums(let layout, let storage, let scales):
      guard let byRow = x.scales?.start.assumingMemoryBound(to: Float.self) else { preconditionFailure("int8 rows without scales") }
      if let tiles = layout.tiles {
        (ending.byRow, ending.byColumn) = (UnsafePointer(byRow), scales.floats)
        multiply(x, tiles, storage, ending, adapters, into: y)
        return withExtendedLifetime((x, bias, scales)) {}
      }
      try multiply(x, layout, storage, bias: nil, into: y)
      let (byColumn, offset, outputs) = (scales.floats, bias?.floats, outputs)
      Team.forRows(x.rows, by: Operand.piece(outputs)) { rows in
        kernel.pointee.scale_sums(y + rows.lowerBound * outputs, byRow + rows.lowerBound, byColumn, offset, rows.count, outputs)
      }
    case .rows(let weights):
      var product = TiledProduct(x: x, weights: weights, ending: ending, y: y, stride: outputs)
      if !adapters.isEmpty { product.join(adapters) }
      try product.run()
    }
    withExtendedLifetime((x, bias)) {}
  }

  /// A whole product on the tile unit, with all that is done to its sums.
  private func multiply(_ x: Operand, _ tiles: tile_product, _ storage: Storage, _ ending: TileUnit.Ending, _ adapters: [Adapter.Share], into y: UnsafeMutablePointer<Float>) {
    let gathered = TileUnit.gathered(tiles, rows: x.rows, source: x.start)
    var ending = ending
    if !adapters.isEmpty {
      // Adapters multiply in bf16 what the matrix multiplies in int8.
      let plain = x.plain(.bf16), rows = x.encoding == .bf16 ? gathered : TileUnit.gathered(plain, groupedAs: gathered)
      ending.additions = adapters.compactMap { $0.adapter.addition($0.scale, of: rows) }
      withExtendedLifetime(plain) {}
    }
    TileUnit.run(tiles, gathered, weights: storage.start, ending: ending, target: y)
  }

  private func prove() throws {
    try unproven.withLock { proof in
      try proof?()
      proof = nil
    }
  }

  /// A whole product with the packed numbers, through oneDNN.
  private func multiply(_ x: Operand, _ layout: Product.PackedLayout, _ storage: Storage, bias: Tensor?, into y: UnsafeMutablePointer<Float>) throws {
    let shape = Product.Shape(rows: x.rows, outputs: outputs, inputs: inputs, source: x.encoding, weights: x.encoding,
                              sourceStride: inputs, targetStride: outputs, bias: bias != nil, layout: .packed(layout))
    let threads = Team.threads
    let primitive = try Product.primitive(shape, threads: threads)
    Team.adopt(threads: threads)
    try Product.run(primitive, source: x.start, weights: storage.start, bias: bias?.floats, target: y)
  }
}
