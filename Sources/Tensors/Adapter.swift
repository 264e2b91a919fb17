import CKernels

/// What an adapter adds to some outputs of a linear layer, beside its product: y += scale · ((x·downᵀ)·upᵀ + bias); where there is no
/// `up`, `down` is the whole difference of the weight. With a gain c of each output the whole becomes y += scale · (c · (W + Δ) − W) · x.
package final class Adapter: Sendable {
  /// Which outputs of the layer.
  package let outputs: Range<Int>
  private let down: Rows, up: Rows?
  private let bias: Tensor?
  private let gain: Tensor?       // [outputs]

  /// How wide the rows are that it takes: more than its layer's where it reads what the layer does not.
  package var inputs: Int { down.width }

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
    (self.outputs, self.bias, self.gain) = (outputs, bias, gain)
    let column = gain.map { $0.reshaped([outputs.count, 1]) }
    self.down = try Rows(intake.matching(up == nil ? column.map { $0 * down } ?? down : down)).converted(to: encoding)
    self.up = try up.map { up in try Rows(column.map { $0 * up } ?? up).converted(to: encoding) }
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
    let encoding = down.encoding, width = y.width
    var inner = Tensor(uninitialized: [x.rows, down.count])
    try inner.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      try TiledProduct(x: x.plain(encoding), weights: [down], bias: nil, y: start, stride: down.count).run()
      for index in floats.indices where up != nil { floats[index] *= scale }
    }
    try y.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      let first = start + outputs.lowerBound
      if let up { try TiledProduct(x: Operand(inner, encoding), weights: [up], bias: nil, y: first, stride: width, accumulates: true).run() }
      guard up == nil || bias != nil else { return }
      let whole = up == nil ? inner.floats : nil, offset = bias?.floats, count = outputs.count
      Team.forRows(x.rows, by: Operand.piece(count)) { rows in
        for row in rows {
          let to = first + row * width
          if let whole { for column in 0..<count { to[column] += scale * whole[row * count + column] } }
          if let offset { for column in 0..<count { to[column] += scale * offset[column] } }
        }
      }
      withExtendedLifetime((inner, bias)) {}
    }
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
