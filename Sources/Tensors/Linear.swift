/// y = x·Wᵀ + b. Does not know how its matrix is encoded.
package struct Linear: Sendable {
  package let matrix: Matrix
  package let bias: Tensor?       // [outputs]

  package init(_ matrix: Matrix, bias: Tensor?) {
    precondition(bias.map { $0.count == matrix.outputs } ?? true, "a bias of \(bias?.count ?? 0) for \(matrix.outputs) outputs")
    (self.matrix, self.bias) = (matrix, bias)
  }

  package var intake: Intake { matrix.intake }
  package var outputs: Int { matrix.outputs }
  package var inputs: Int { matrix.inputs }

  package func callAsFunction(_ x: Operand) throws -> Tensor { try matrix(x, bias: bias) }
  package func callAsFunction(_ x: Tensor) throws -> Tensor { try matrix(x, bias: bias) }
}
