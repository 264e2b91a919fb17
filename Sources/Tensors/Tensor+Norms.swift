import CKernels

/// Norms and activations: one pass over the rows, written in the encoding that the next product takes.
extension Tensor {
  /// (x − mean) / √(var + ε) · gain + offset, each row by itself.   gain, offset [width] or nil.
  package func layerNorm(gain: Tensor? = nil, offset: Tensor? = nil, epsilon: Float, as intake: Intake) -> Operand {
    let y = Operand(rows: rows, width: width, as: intake)
    let (x, width, gains, offsets) = (floats, width, gain?.floats, offset?.floats)
    y.fill { rows, to, encoding in
      kernel.pointee.layer_norm(to, encoding, x + rows.lowerBound * width, gains, offsets, rows.count, width, epsilon)
    }
    withExtendedLifetime((self, gain, offset)) {}
    return y
  }

  /// x / √(mean(x²) + ε) · gain, each row by itself.   gain [width].
  package func rmsNorm(gain: Tensor, epsilon: Float, as intake: Intake) -> Operand {
    let y = Operand(rows: rows, width: width, as: intake)
    let (x, width, gains) = (floats, width, gain.floats)
    y.fill { rows, to, encoding in
      kernel.pointee.rms_norm(to, encoding, x + rows.lowerBound * width, gains, rows.count, width, epsilon)
    }
    withExtendedLifetime((self, gain)) {}
    return y
  }

  /// Tanh GELU.
  package func geluTanh(as intake: Intake) -> Operand {
    let y = Operand(rows: rows, width: width, as: intake)
    let (x, width) = (floats, width)
    y.fill { rows, to, encoding in
      kernel.pointee.gelu_tanh(to, encoding, width, x + rows.lowerBound * width, width, rows.count, width)
    }
    withExtendedLifetime(self) {}
    return y
  }

  /// Each row of self, then the tanh GELU of some columns of `other`.
  package func joined(withGELUOf other: Tensor, columns: Range<Int>, as intake: Intake) -> Operand {
    precondition(rows == other.rows && columns.upperBound <= other.width, "\(columns) of \(other.shape) beside \(shape)")
    let y = Operand(rows: rows, width: width + columns.count, as: intake)
    let (x, own, whole, stride, from) = (floats, width, width + columns.count, other.width, other.floats + columns.lowerBound)
    y.fill { rows, to, encoding in
      let size = encoding == row_bf16 ? 2 : 4
      for (index, row) in rows.enumerated() {
        let (place, source) = (to + index * whole * size, x + row * own)
        if encoding == row_bf16 { kernel.pointee.bf16_from_f32(place.assumingMemoryBound(to: UInt16.self), source, own) }
        else { place.copyMemory(from: source, byteCount: own * 4) }
      }
      kernel.pointee.gelu_tanh(to + own * size, encoding, whole, from + rows.lowerBound * stride, stride, rows.count, columns.count)
    }
    withExtendedLifetime((self, other)) {}
    return y
  }

  /// T5's gated feed-forward: each row is [a | b], `hidden` wide each; GELU(a) · b.
  package func geluGated(_ hidden: Int, as intake: Intake) -> Operand {
    precondition(width == 2 * hidden, "rows of \(width) are not two halves of \(hidden)")
    let y = Operand(rows: rows, width: hidden, as: intake)
    let x = floats
    y.fill { rows, to, encoding in
      for (index, row) in rows.enumerated() {
        let a = x + row * 2 * hidden
        kernel.pointee.gelu_gated(to + index * hidden * (encoding == row_bf16 ? 2 : 4), encoding, a, a + hidden, hidden)
      }
    }
    withExtendedLifetime(self) {}
    return y
  }

  /// x · sigmoid(1.702 x), CLIP's activation.
  package func geluQuick(as intake: Intake) -> Operand {
    elementwise(as: intake) { to, from, encoding, count in kernel.pointee.gelu_quick(to, encoding, from, count) }
  }

  /// x · sigmoid(x).
  package func silu(as intake: Intake) -> Operand {
    elementwise(as: intake) { to, from, encoding, count in kernel.pointee.silu(to, encoding, from, count) }
  }

  private func elementwise(
    as intake: Intake,
    _ apply: (UnsafeMutableRawPointer, UnsafePointer<Float>, row_encoding, _ count: Int) -> Void
  ) -> Operand {
    let y = Operand(rows: rows, width: width, as: intake)
    let (x, width) = (floats, width)
    y.fill { rows, to, encoding in apply(to, x + rows.lowerBound * width, encoding, rows.count * width) }
    withExtendedLifetime(self) {}
    return y
  }

  /// self += gate · y, the gate [width] the same for every row (nil is 1).
  package mutating func add(_ y: Tensor, gate: Tensor? = nil) {
    precondition(count == y.count, "\(shape) += \(y.shape)")
    add(y, gate: gate, from: 0)
  }

  /// The rows from `first` on += gate · y.
  package mutating func add(_ y: Tensor, gate: Tensor? = nil, from first: Int) {
    precondition(y.width == width && first + y.rows <= rows, "\(shape) += \(y.shape) from row \(first)")
    let (rows, width) = (y.rows, width)
    withMutableFloats { floats in
      guard let x = floats.baseAddress.map({ $0 + first * width }) else { return }
      let (from, gates) = (y.floats, gate?.floats)
      Team.forRows(rows, by: Operand.piece(width)) { rows in
        kernel.pointee.gated_add(x + rows.lowerBound * width, from + rows.lowerBound * width, gates, rows.count, width)
      }
    }
    withExtendedLifetime((y, gate)) {}
  }

  /// Group norm over [area, channels] rows (a picture, channels last), then SiLU where wanted.
  /// - Parameter sums: of the whole picture, where this is a part of one
  package func groupNorm(groups: Int, gain: Tensor, offset: Tensor, epsilon: Float, silu: Bool, as encoding: Encoding, sums: ChannelSums? = nil) -> Operand {
    let (rows, width) = (rows, width)
    let (gains, offsets) = (sums ?? channelSums).scales(groups: groups, gain: gain, offset: offset, epsilon: epsilon)
    let y = Operand(rows: rows, width: width, encoding: encoding)
    let x = floats
    Team.forRows(rows, by: Operand.piece(width)) { rows in
      kernel.pointee.scale_channels(y.at(rows.lowerBound), y.rowEncoding, x + rows.lowerBound * width, gains.floats,
                                    offsets.floats, silu ? 1 : 0, rows.count, width)
    }
    withExtendedLifetime((self, gains, offsets)) {}
    return y
  }

  /// Sums of every channel, in double over pieces of a fixed size, joined in order.
  package var channelSums: ChannelSums {
    let (rows, width, x) = (rows, width, floats)
    let piece = Operand.piece(width), pieces = (rows + piece - 1) / piece
    let partial = Storage(count: pieces * width * 16)
    let sums = partial.start.assumingMemoryBound(to: Double.self)
    sums.update(repeating: 0, count: pieces * width * 2)
    Team.forRows(rows, by: piece) { range in
      let mine = sums + range.lowerBound / piece * width * 2
      kernel.pointee.channel_sums(mine, mine + width, x + range.lowerBound * width, range.count, width)
    }
    var all = ChannelSums(channels: width)
    for piece in 0..<pieces {
      for channel in 0..<width {
        all.sum[channel] += sums[piece * width * 2 + channel]
        all.squares[channel] += sums[piece * width * 2 + width + channel]
      }
    }
    all.rows = rows
    withExtendedLifetime((partial, self)) {}
    return all
  }
}

/// What group norms need to know of a picture: the sum and the sum of squares of each channel.
package struct ChannelSums: Sendable {
  package fileprivate(set) var sum: [Double], squares: [Double]
  package fileprivate(set) var rows = 0

  package init(channels: Int) { (sum, squares) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels)) }

  /// With those of another part of the picture.
  package mutating func add(_ other: ChannelSums) {
    precondition(sum.count == other.sum.count, "sums of \(other.sum.count) channels added to those of \(sum.count)")
    for channel in sum.indices {
      sum[channel] += other.sum[channel]
      squares[channel] += other.squares[channel]
    }
    rows += other.rows
  }

  /// What a group norm multiplies each channel by and adds to it.
  fileprivate func scales(groups: Int, gain: Tensor, offset: Tensor, epsilon: Float) -> (Tensor, Tensor) {
    let width = sum.count, perGroup = width / groups
    var scale = [Float](repeating: 0, count: width), shift = scale
    for group in 0..<groups {
      let channels = group * perGroup..<(group + 1) * perGroup
      let sum = channels.reduce(0.0) { $0 + self.sum[$1] }, squares = channels.reduce(0.0) { $0 + self.squares[$1] }
      let count = Double(rows * perGroup), mean = sum / count
      let inverse = 1 / (max(0, squares / count - mean * mean) + Double(epsilon)).squareRoot()
      for channel in group * perGroup..<(group + 1) * perGroup {
        let factor = inverse * Double(gain.floats[channel])
        scale[channel] = Float(factor)
        shift[channel] = Float(Double(offset.floats[channel]) - mean * factor)
      }
    }
    return (Tensor([width], scale), Tensor([width], shift))
  }
}

extension Operand {
  /// Writes the rows of x into columns of this, from `column` on.
  package func write(_ x: Tensor, at column: Int) {
    precondition(x.rows == rows && column + x.width <= width, "\(x.shape) does not fit at \(column) of \(width)")
    let (from, count) = (x.floats, x.width)
    Team.forRows(rows, by: Operand.piece(count)) { rows in
      for row in rows {
        let (to, source) = (at(row, column), from + row * count)
        if encoding == .bf16 { kernel.pointee.bf16_from_f32(to.assumingMemoryBound(to: UInt16.self), source, count) }
        else { to.copyMemory(from: source, byteCount: count * 4) }
      }
    }
    withExtendedLifetime((x, self)) {}
  }
}
