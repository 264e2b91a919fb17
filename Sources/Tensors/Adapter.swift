import CKernels

/// What an adapter adds to some outputs of a linear layer, beside its product: y += scale · ((x·downᵀ)·upᵀ + bias); where there is no
/// `up`, `down` is the whole difference of the weight. With a gain c of each output the whole becomes y += scale · (c · (W + Δ) − W) · x.
package final class Adapter: Sendable {
  /// Which outputs of the layer.
  package let outputs: Range<Int>
  /// How wide the rows are that it takes: more than its layer's where it reads what the layer does not.
  package let inputs: Int
  private let form: Form
  private let bias: Tensor?
  private let gain: Tensor?       // [outputs]

  private enum Form: Sendable {
    case rows(down: Rows, up: Rows?)
    /// Laid out for the tile unit, with zeros up to whole tiles of the rank.
    case tiles(down: Storage, up: Storage, rank: Int)
  }

  /// An adapter and how much of it is wanted.
  package struct Share: Sendable {
    let adapter: Adapter, scale: Float
    package init(_ adapter: Adapter, scale: Float) { (self.adapter, self.scale) = (adapter, scale) }
  }

  /// - Parameters:
  ///   - down: [rank, inputs], or [outputs, inputs] where there is no `up`
  ///   - up: [outputs, rank]
  ///   - intake: how the layer's rows are made, which are this adapter's too
  ///   - gain: of each output, for an adapter that is decomposed into magnitude and direction
  package init(down: Tensor, up: Tensor?, bias: Tensor? = nil, outputs: Range<Int>, intake: Intake, gain: Tensor? = nil) throws {
    precondition((up ?? down).rows == outputs.count && (up == nil || up?.width == down.rows), "an adapter \(up?.shape ?? []) · \(down.shape) for \(outputs.count) outputs")
    let encoding: Encoding = intake.encoding != .f32 && Product.multipliesBF16 ? .bf16 : .f32
    (self.outputs, self.bias, self.gain, inputs) = (outputs, bias, gain, down.width)
    let column = gain.map { $0.reshaped([outputs.count, 1]) }
    let first = intake.matching(up == nil ? column.map { $0 * down } ?? down : down), second = up.map { up in column.map { $0 * up } ?? up }
    if encoding == .bf16, let second, let tiles = try Self.tiles(first, second) { form = tiles; return }
    form = .rows(down: try Rows(first).converted(to: encoding), up: try second.map { try Rows($0).converted(to: encoding) })
  }

  /// Both halves as the tile unit takes them; nil where it does not.
  private static func tiles(_ down: Tensor, _ up: Tensor) throws -> Form? {
    let rank = (down.rows + 31) / 32 * 32
    guard rank <= Int(tile_longest), let first = downProduct(rank: rank, inputs: down.width), let second = upProduct(rank: rank, outputs: up.rows) else { return nil }
    var wide = Tensor.zeros([rank, down.width]), deep = Tensor.zeros([up.rows, rank])
    wide.withMutableFloats { to in for index in 0..<down.count { to[index] = down.floats[index] } }
    deep.withMutableFloats { to in for row in 0..<up.rows { for column in 0..<up.width { to[row * rank + column] = up.floats[row * up.width + column] } } }
    return .tiles(down: TileUnit.packed(first, Rows(wide)), up: TileUnit.packed(second, Rows(deep)), rank: rank)
  }

  private static func downProduct(rank: Int, inputs: Int) -> tile_product? { TileUnit.product(outputs: rank, inputs: inputs, stride: rank) }
  private static func upProduct(rank: Int, outputs: Int, stride: Int = 0) -> tile_product? {
    TileUnit.product(outputs: outputs, inputs: rank, stride: stride, accumulates: true)
  }

  /// Whether it can be added to a product while that is made.
  var joins: Bool {
    guard case .tiles = form else { return false }
    return bias == nil && gain == nil && outputs.lowerBound % 32 == 0 && outputs.count % 32 == 0
  }

  /// What is added to a product while it is made, of rows that are laid out in bf16; of an adapter that joins.
  func addition(_ scale: Float, of x: TileUnit.GatheredRows) -> TileUnit.Addition? {
    guard case .tiles(let down, let up, let rank) = form, let product = Self.downProduct(rank: rank, inputs: inputs) else { return nil }
    var inner = Tensor(uninitialized: [x.rows, rank])
    inner.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      TileUnit.run(product, x, weights: down.start, ending: .init(), target: start)
      for index in floats.indices { floats[index] *= scale }
    }
    let rows = Operand(inner, .bf16)
    return withExtendedLifetime((rows, down)) { TileUnit.Addition(rows: TileUnit.gathered(rows, groupedAs: x), weights: up, inputs: rank, outputs: outputs) }
  }

  /// The layer's own share of the outputs, y − b, becomes 1 + scale · (c − 1) times what it was.
  private func turn(_ y: inout Tensor, _ gain: Tensor, _ scale: Float, beside offset: Tensor?) {
    let (rows, width, count, first) = (y.rows, y.width, outputs.count, outputs.lowerBound)
    y.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      let (gains, offsets) = (gain.floats, offset?.floats)
      Team.forRows(rows, by: Operand.piece(count)) { rows in
        for row in rows {
          let to = start + row * width + first
          for column in 0..<count {
            let base = offsets?[first + column] ?? 0
            to[column] = base + (to[column] - base) * (1 + scale * (gains[column] - 1))
          }
        }
      }
    }
    withExtendedLifetime((gain, offset)) {}
  }

  /// - Parameter offset: the layer's own bias, which is part of y
  func add(_ scale: Float, of x: Operand, to y: inout Tensor, beside offset: Tensor?) throws {
    guard scale != 0, x.rows > 0 else { return }
    if let gain { turn(&y, gain, scale, beside: offset) }
    switch form {
    case .tiles(_, _, let rank):
      let x = x.plain(.bf16), width = y.width
      guard let own = Self.downProduct(rank: rank, inputs: inputs), let addition = addition(scale, of: TileUnit.gathered(own, rows: x.rows, source: x.start)),
            let product = Self.upProduct(rank: rank, outputs: outputs.count, stride: width) else { preconditionFailure("tiles without a unit for them") }
      y.withMutableFloats { floats in
        guard let start = floats.baseAddress else { return }
        TileUnit.run(product, addition.rows, weights: addition.start, ending: .init(), target: start + outputs.lowerBound)
      }
      withExtendedLifetime(x) {}
      addBias(scale, to: &y)
    case .rows(let down, let up): try add(scale, down, up, of: x.plain(down.encoding), to: &y)
    }
  }

  private func add(_ scale: Float, _ down: Rows, _ up: Rows?, of x: Operand, to y: inout Tensor) throws {
    let encoding = down.encoding, width = y.width
    var inner = Tensor(uninitialized: [x.rows, down.count])
    try inner.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      try TiledProduct(x: x, weights: [down], ending: .init(), y: start, stride: down.count).run()
      for index in floats.indices { floats[index] *= scale }
    }
    try y.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      let first = start + outputs.lowerBound, count = outputs.count
      if let up { return try TiledProduct(x: Operand(inner, encoding), weights: [up], ending: .init(), y: first, stride: width, accumulates: true).run() }
      let whole = inner.floats
      Team.forRows(x.rows, by: Operand.piece(count)) { rows in
        for row in rows { for column in 0..<count { first[row * width + column] += whole[row * count + column] } }
      }
      withExtendedLifetime(inner) {}
    }
    addBias(scale, to: &y)
  }

  private func addBias(_ scale: Float, to y: inout Tensor) {
    guard let bias else { return }
    let rows = y.rows, width = y.width, count = outputs.count, first = outputs.lowerBound, offset = bias.floats
    y.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      Team.forRows(rows, by: Operand.piece(count)) { rows in
        for row in rows { for column in 0..<count { start[row * width + first + column] += scale * offset[column] } }
      }
    }
    withExtendedLifetime(bias) {}
  }
}

extension Intake {
  /// A weight for rows that are made so: what is done to the rows is undone in it. [rows, inputs]
  func matching(_ weight: Tensor) -> Tensor {
    guard columns != nil || turn > 1 else { return weight }
    var made = weight
    let (rows, width, turn, inverse) = (weight.rows, weight.width, turn, columns?.mapped { 1 / $0 })
    made.withMutableFloats { floats in
      if let start = floats.baseAddress { kernel.pointee.turn_rows(start, inverse?.floats, turn, rows, width) }
    }
    withExtendedLifetime(inverse) {}
    return made
  }
}
