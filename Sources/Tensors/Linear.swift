/// y = x·Wᵀ + b, and what adapters add. Does not know how its matrix is encoded.
package struct Linear: Sendable {
  package let matrix: Matrix
  package let bias: Tensor?       // [outputs]
  /// The weights that it was made of, and which outputs are whose.
  package let parts: [Part]
  /// What is added to the product, and how much of it.
  package var adapters: [Adapter.Share] = []

  package struct Part: Sendable {
    /// As the checkpoint calls the layer.
    package let name: String
    package let outputs: Range<Int>
    package init(name: String, outputs: Range<Int>) { (self.name, self.outputs) = (name, outputs) }
  }

  package init(_ matrix: Matrix, bias: Tensor?, parts: [Part] = []) {
    precondition(bias.map { $0.count == matrix.outputs } ?? true, "a bias of \(bias?.count ?? 0) for \(matrix.outputs) outputs")
    (self.matrix, self.bias, self.parts) = (matrix, bias, parts)
  }

  package var intake: Intake { matrix.intake }
  package var outputs: Int { matrix.outputs }
  package var inputs: Int { matrix.inputs }

  package func callAsFunction(_ x: Operand) throws -> Tensor {
    try matrix(x, bias: bias, adapters: adapters)
  }

  /// The same of rows that may be wider than the matrix: what they have more, only adapters see.
  package func callAsFunction(wide x: Tensor) throws -> Tensor {
    if x.width == inputs { return try self(x) }
    let own = Operand(x.narrowed(axis: 1, 0..<inputs), as: intake), all = Operand(x, as: intake)
    var y = try matrix(own, bias: bias)
    for share in adapters { try share.adapter.add(share.scale, of: share.adapter.inputs == x.width ? all : own, to: &y, beside: bias) }
    return y
  }

  package func callAsFunction(_ x: Tensor) throws -> Tensor { try self(Operand(x, as: intake)) }
}

/// A model that is made of linear layers.
package protocol Layered {
  /// Changes every layer, in the order in which they are used.
  mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows
  /// Changes the gains of norms, by their names; of those that can be changed.
  mutating func changeNorms(_ change: (_ name: String, _ gain: inout Tensor) throws -> Void) rethrows
}

extension Layered {
  /// Of a model whose norms stay as they are.
  package mutating func changeNorms(_ change: (_ name: String, _ gain: inout Tensor) throws -> Void) rethrows {}
}

/// The gains of a norm, by name.
package struct Gain: Sendable {
  package let name: String
  package var values: Tensor
  package init(name: String, _ values: Tensor) { (self.name, self.values) = (name, values) }
}
