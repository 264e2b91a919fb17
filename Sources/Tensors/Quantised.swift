import CKernels

#if canImport(Glibc)
import Glibc
#endif

/// A weight in int8: one scale an output, its columns made equally large and spread over each other first, so that neither a
/// large column of the weight nor one of the rows decides how finely all others are kept.
///
/// x·Wᵀ = (x·C·H)·(W·C⁻¹·H)ᵀ, C the columns' sizes and H a Hadamard transform: SmoothQuant (Xiao et al. 2023) by the weights
/// alone, then the rotation of QuaRot (Ashkboos et al. 2024). Rows are multiplied by C·H as they are quantised (`Intake`).
struct Quantised {
  let rows: Rows
  let columns: Tensor             // [inputs]
  let turn: Int

  /// How much of a column's size is taken out of the weight. Measured: see `SPEED.md`.
  static let smoothing = 1.0
  /// A column is made no more than this many times larger or smaller.
  private static let mostSmoothing = 1024.0
  /// The longest Hadamard transform: beyond it the spread gains nothing that 8 bits would show.
  static let longestTurn = 1024

  init(_ parts: [Rows]) {
    let count = parts.reduce(0) { $0 + $1.count }, width = parts[0].width
    turn = Self.turn(width)
    columns = Self.columns(parts)
    let inverse = columns.mapped { 1 / $0 }
    let numbers = Storage(count: count * width)
    var scales = Tensor(uninitialized: [count])
    let turn = turn
    scales.withMutableFloats { scales in
      guard let scale = scales.baseAddress else { return }
      var first = 0
      for part in parts {
        Team.forRows(part.count, by: Operand.piece(width)) { rows in
          let piece = Storage(count: rows.count * width * 4), at = first + rows.lowerBound
          let floats = piece.start.assumingMemoryBound(to: Float.self)
          part.unpack(rows, to: piece.start, as: .f32)
          kernel.pointee.turn_rows(floats, inverse.floats, turn, rows.count, width)
          kernel.pointee.quantise_rows((numbers.start + at * width).assumingMemoryBound(to: Int8.self), scale + at, floats, rows.count, width)
          withExtendedLifetime(piece) {}
        }
        first += part.count
      }
    }
    withExtendedLifetime((parts, inverse)) {}
    rows = Rows(count: count, width: width, encoding: .int8, storage: numbers, scales: scales)
  }

  /// The largest power of two that divides the width, up to `longestTurn`.
  static func turn(_ width: Int) -> Int { min(width & -width, longestTurn) }

  /// The root mean square of each column, over the middle of them all.
  private static func columns(_ parts: [Rows]) -> Tensor {
    let width = parts[0].width, piece = 256
    var sums = [Double](repeating: 0, count: width)
    for part in parts {
      let pieces = (part.count + piece - 1) / piece
      let partial = Storage(count: pieces * width * 16)
      let squares = partial.start.assumingMemoryBound(to: Double.self)
      squares.update(repeating: 0, count: pieces * width * 2)
      Team.forRows(part.count, by: piece) { rows in
        let scratch = Storage(count: rows.count * width * 4), mine = squares + rows.lowerBound / piece * width * 2
        part.unpack(rows, to: scratch.start, as: .f32)
        kernel.pointee.channel_sums(mine, mine + width, scratch.start.assumingMemoryBound(to: Float.self), rows.count, width)
      }
      for index in 0..<pieces { for column in 0..<width { sums[column] += squares[index * width * 2 + width + column] } }
      withExtendedLifetime((part, partial)) {}
    }
    let count = Double(parts.reduce(0) { $0 + $1.count })
    let sizes = sums.map { ($0 / count).squareRoot() }, middle = sizes.sorted()[width / 2]
    return Tensor([width], sizes.map { size in
      guard middle > 0, size > 0 else { return 1 }
      return Float(pow(min(max(size / middle, 1 / mostSmoothing), mostSmoothing), smoothing))
    })
  }
}
