import Tensors

extension Tensor {
  /// Σ weight · part, element by element, summed in double and rounded once. The parts have one shape.
  static func weighted(_ terms: [(weight: Double, part: Tensor)]) -> Tensor {
    precondition(!terms.isEmpty && terms.allSatisfy { $0.part.shape == terms[0].part.shape }, "parts of unlike shape: \(terms.map(\.part.shape))")
    var sums = [Double](repeating: 0, count: terms[0].part.count)
    for (weight, part) in terms where weight != 0 {
      part.withFloats { values in for i in 0..<values.count { sums[i] += weight * Double(values[i]) } }
    }
    return Tensor(terms[0].part.shape, sums.map { Float($0) })
  }

  static func weighted(_ terms: (weight: Double, part: Tensor)...) -> Tensor { weighted(terms) }

  /// What a velocity at these latents says the finished picture is: D = x − σ·v.
  func denoised(by velocity: Tensor, at sigma: Double) -> Tensor { .weighted((1, self), (-sigma, velocity)) }
}
