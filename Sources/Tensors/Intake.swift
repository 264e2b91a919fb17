/// What a matrix takes: how the rows that it multiplies are encoded, and what is done to them before.
package struct Intake: Sendable {
  /// f32, bf16 or int8.
  package let encoding: Encoding
  /// What each column is multiplied by first, [inputs]: the columns of an int8 weight are made equally large, and rows take the
  /// difference.
  let columns: Tensor?
  /// How many neighbours are then spread over each other (a Hadamard transform), so that no column stands out; 1 is none.
  let turn: Int

  package init(_ encoding: Encoding) { self.init(encoding, columns: nil, turn: 1) }

  init(_ encoding: Encoding, columns: Tensor?, turn: Int) { (self.encoding, self.columns, self.turn) = (encoding, columns, turn) }

  package static let f32 = Intake(.f32)
  package static let bf16 = Intake(.bf16)

  /// Whether rows are multiplied as they are made.
  var isPlain: Bool { columns == nil && turn == 1 && encoding != .int8 }

  /// What q, k and v are kept in behind such a matrix.
  package var heads: Encoding { encoding == .int8 ? Product.multipliesBF16 ? .bf16 : .f32 : encoding }
}
