import Tensors

/// A cursor into a checkpoint: `weights["transformer_blocks", 3]["attn"].linear("to_q", …)` reads
/// `transformer_blocks.3.attn.to_q.weight`, checks its shape, and says which name it was when something is wrong.
package struct Weights: Sendable {
  package let checkpoint: Checkpoint
  package let precision: Encoding         // of the matrices made from it
  private let prefix: String
  /// Whether rows may be rounded to int8 for these matrices.
  private var roundsRows = true
  /// Matrices that were laid out before, or that are to be kept so.
  private var kept: PackedWeights?
  /// Whether names and shapes are only looked at, and no number is read.
  package private(set) var isSurvey = false

  package init(_ checkpoint: Checkpoint, precision: Encoding, kept: PackedWeights? = nil) {
    (self.checkpoint, self.precision, prefix, self.kept) = (checkpoint, precision, "", kept)
  }

  /// Weights of which a model can be made that holds no numbers: whether all of it is there, in the right shapes, is known at once, before
  /// anything is spent on it. Such a model must not be run.
  package init(surveying checkpoint: Checkpoint) {
    self.init(checkpoint, precision: .f32, prefix: "")
    isSurvey = true
  }

  private func with(precision: Encoding? = nil, prefix: String? = nil, roundsRows: Bool? = nil) -> Weights {
    var weights = Weights(checkpoint, precision: precision ?? self.precision, prefix: prefix ?? self.prefix)
    (weights.roundsRows, weights.kept, weights.isSurvey) = (roundsRows ?? self.roundsRows, kept, isSurvey)
    return weights
  }

  private init(_ checkpoint: Checkpoint, precision: Encoding, prefix: String) { (self.checkpoint, self.precision, self.prefix) = (checkpoint, precision, prefix) }

  package subscript(_ name: String) -> Weights { with(prefix: "\(prefix)\(name).") }

  /// The same for layers at the ends of a model, small and sensitive: bf16 where the others are int8.
  package var unquantised: Weights { precision == .int8 ? with(precision: .bf16) : self }

  /// The same for layers that multiply one row at a time, where rounding it to int8 would gain nothing.
  package var exactlyMultiplied: Weights { with(roundsRows: false) }
  package subscript(_ name: String, _ index: Int) -> Weights { self[name]["\(index)"] }

  package func has(_ name: String) -> Bool { checkpoint.entries[prefix + name] != nil }

  /// There must be just as many `name.0`, `name.1`, … as config.json says under `key`.
  package func expect(_ count: Int, of name: String, _ key: String) throws {
    let start = "\(prefix)\(name)."
    let found = Set(checkpoint.entries.keys.filter { $0.hasPrefix(start) }.map { $0.dropFirst(start.count).prefix { $0 != "." } }).count
    guard found == count else {
      throw CheckpointError.malformed(checkpoint.name, "holds \(found) of '\(prefix)\(name)', but config.json asks for \(count) ('\(key)'); do the two files belong together?")
    }
  }

  /// `name` must be there where config.json says so under `key`, and only there.
  package func expect(_ wanted: Bool, has name: String, _ key: String) throws {
    guard has(name) == wanted else {
      throw CheckpointError.malformed(checkpoint.name, "\(wanted ? "lacks" : "holds") '\(prefix)\(name)', but config.json says '\(key)' is \(wanted); do the two files belong together?")
    }
  }

  /// The shape of a tensor as it is stored.
  package func shape(of name: String) throws -> [Int] { try checkpoint.entry(prefix + name).shape }

  /// The tensor `name`, in f32, of this shape.
  package func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
    try check(name, shape)
    return isSurvey ? Tensor.zeros(shape) : try checkpoint.tensor(prefix + name)
  }

  /// The rows of the weight `name`, of this shape, as they are stored.
  package func rows(_ name: String, _ shape: [Int]) throws -> Rows {
    try check(name, shape)
    return try checkpoint.rows(prefix + name)
  }

  /// `name.weight` [outputs, inputs] and `name.bias` [outputs].
  package func linear(_ name: String, inputs: Int, outputs: Int, bias: Bool = true) throws -> Linear {
    try linear([(name, outputs)], inputs: inputs, bias: bias)
  }

  /// Several layers that take the same input as one: their outputs follow each other.
  package func linear(_ parts: [(name: String, outputs: Int)], inputs: Int, bias: Bool = true) throws -> Linear {
    let rows = try parts.map { try self.rows("\($0.name).weight", [$0.outputs, inputs]) }
    let biases = bias ? try parts.map { try tensor("\($0.name).bias", [$0.outputs]) } : []
    var first = 0
    let named = parts.map { part in
      defer { first += part.outputs }
      return Linear.Part(name: prefix + part.name, outputs: first..<first + part.outputs)
    }
    return Linear(try matrix(rows, named.map(\.name).joined(separator: " ")), bias: bias ? Tensor.concatenated(biases) : nil, parts: named)
  }

  /// The matrix of some weights, laid out before or anew.
  private func matrix(_ rows: [Rows], _ name: String) throws -> Matrix {
    let outputs = rows.reduce(0) { $0 + $1.count }
    if isSurvey { return Matrix(unread: outputs, inputs: rows[0].width) }
    if let found = try kept?.matrix(name, outputs: outputs, inputs: rows[0].width) { return found }
    let made = try Matrix(rows, precision: precision, roundsRows: roundsRows)
    kept?.keep(made, as: name)
    return made
  }

  /// The gains of a norm of this width.
  package func gain(_ name: String, _ width: Int) throws -> Gain { Gain(name: prefix + name, try tensor("\(name).weight", [width])) }

  private func check(_ name: String, _ shape: [Int]) throws {
    let entry = try checkpoint.entry(prefix + name)
    guard entry.shape == shape else { throw CheckpointError.shape(checkpoint.name, entry.origin, expected: shape, got: entry.shape) }
  }
}
