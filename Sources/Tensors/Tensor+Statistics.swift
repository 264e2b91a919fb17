#if canImport(Glibc)
import Glibc
#endif

/// What a whole tensor amounts to. Sums run in double, in order, so that they are the same on every run.
extension Tensor {
  public var sum: Double { withFloats { $0.reduce(0.0) { $0 + Double($1) } } }
  public var mean: Double { sum / Double(count) }

  /// The sample standard deviation (n − 1 in the denominator, as PyTorch's `std`); NaN below two elements.
  public var standardDeviation: Double {
    let mean = mean
    let squares = withFloats { $0.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } }
    return count > 1 ? (squares / Double(count - 1)).squareRoot() : .nan
  }

  /// The Euclidean norm.
  public var norm: Double { withFloats { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }.squareRoot() }

  /// The least element; NaN if any is, and for an empty tensor.
  public var minimum: Float { extreme { $0.isNaN || $0 <= $1 ? $0 : $1 } }
  /// The greatest element; NaN if any is, and for an empty tensor.
  public var maximum: Float { extreme { $0.isNaN || $0 >= $1 ? $0 : $1 } }

  private func extreme(_ chosen: (Float, Float) -> Float) -> Float {
    withFloats { floats in
      floats.first.map { floats.dropFirst().reduce($0, chosen) } ?? .nan
    }
  }

  /// Whether shape and bits are the same; where nobody wrote, without looking at them.
  package func isIdentical(to other: Tensor) -> Bool {
    guard shape == other.shape else { return false }
    if storage === other.storage && offset == other.offset { return true }
    defer { withExtendedLifetime((self, other)) {} }
    return memcmp(floats, other.floats, count * 4) == 0
  }

  /// The largest difference between elements, or infinity where one of them is not a number.
  public func largestDifference(from other: Tensor) -> Float {
    precondition(shape == other.shape, "\(shape) against \(other.shape)")
    return withFloats { a in
      other.withFloats { b in
        var worst: Float = 0
        for i in 0..<a.count {
          let difference = abs(a[i] - b[i])
          if difference.isNaN { return .infinity }
          worst = Swift.max(worst, difference)
        }
        return worst
      }
    }
  }
}
