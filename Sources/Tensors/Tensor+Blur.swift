#if canImport(Glibc)
import Glibc
#endif

extension Tensor {
  /// The widest blur: its kernel then covers 8,001 places.
  public static let widestBlur = 1000.0

  /// A Gaussian blur over the last two axes, or the only one: every element becomes the mean of its neighbours, weighed by
  /// exp(−d² / 2σ²) up to the distance 4σ (rounded); beyond the borders the outermost element goes on.
  /// SciPy's `gaussian_filter(x, sigma, mode="nearest", truncate=4, axes=(-2, -1))`.
  public func blurred(sigma: Double) -> Tensor {
    precondition(0...Tensor.widestBlur ~= sigma, "a blur of \(sigma)")
    let radius = Int(4 * sigma + 0.5)
    guard radius > 0, count > 0, let width = shape.last else { return self }
    let raw = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let sum = raw.reduce(0, +), weights = raw.map { $0 / sum }
    let height = shape.count > 1 ? shape[shape.count - 2] : 1
    // SciPy takes the axes in order, and rounds in between.
    let columns = shape.count > 1 ? blurred(weights, lines: count / (width * height), length: height, inner: width) : self
    return columns.blurred(weights, lines: count / width, length: width, inner: 1)
  }

  /// Along the middle axis of [lines, length, inner].
  private func blurred(_ weights: [Double], lines: Int, length: Int, inner: Int) -> Tensor {
    var result = Tensor(uninitialized: shape)
    let radius = weights.count / 2, from = floats
    result.withMutableFloats { floats in
      guard let to = floats.baseAddress else { return }
      Team.forEach(lines) { line, _ in
        let x = from + line * length * inner, y = to + line * length * inner
        withUnsafeTemporaryAllocation(of: Double.self, capacity: (length + 2 * radius) * inner) { padded in
          for place in 0..<length + 2 * radius {
            let source = x + min(max(place - radius, 0), length - 1) * inner
            for i in 0..<inner { padded[place * inner + i] = Double(source[i]) }
          }
          withUnsafeTemporaryAllocation(of: Double.self, capacity: length * inner) { sums in
            sums.update(repeating: 0)
            for (step, weight) in weights.enumerated() {
              for i in 0..<length * inner { sums[i] += weight * padded[step * inner + i] }
            }
            for i in 0..<length * inner { y[i] = Float(sums[i]) }
          }
        }
      }
    }
    withExtendedLifetime(self) {}
    return result
  }
}
