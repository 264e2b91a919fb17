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
  public var minimum: Float { withFloats { $0.reduce(Float.nan) { $0.isNaN ? $1 : Swift.min($0, $1) } } }
  /// The greatest element.
  public var maximum: Float { withFloats { $0.reduce(Float.nan) { $0.isNaN ? $1 : Swift.max($0, $1) } } }

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
