/// What a tensor amounts to along one axis. Sums run in double, in the order of the axis.
public enum Reduction: String, CaseIterable, Sendable {
  case sum, mean, std, min, max, norm

  /// Of a whole tensor.
  public func callAsFunction(_ x: Tensor) -> Double {
    switch self {
    case .sum: x.sum
    case .mean: x.mean
    case .std: x.standardDeviation
    case .min: Double(x.minimum)
    case .max: Double(x.maximum)
    case .norm: x.norm
    }
  }
}

extension Tensor {
  /// One axis less: every line along `axis` is what it amounts to.
  public func reduced(_ reduction: Reduction, axis: Int) -> Tensor {
    let length = shape[axis], inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *)
    var result = Tensor(uninitialized: Array(shape[..<axis] + shape[(axis + 1)...]))
    var totals = [Double](repeating: 0, count: inner)
    withFloats { x in
      result.withMutableFloats { y in
        for block in 0..<outer {
          let lines = UnsafeBufferPointer(rebasing: x[block * length * inner..<(block + 1) * length * inner])
          Self.reduce(reduction, lines, length, &totals)
          for i in 0..<inner { y[block * inner + i] = Float(totals[i]) }
        }
      }
    }
    return result
  }

  /// Lines side by side, [length, totals.count].
  private static func reduce(_ reduction: Reduction, _ x: UnsafeBufferPointer<Float>, _ length: Int, _ totals: inout [Double]) {
    let width = totals.count
    func gather(_ start: Double, _ add: (Double, Double, _ line: Int) -> Double) {
      totals.withUnsafeMutableBufferPointer { totals in
        if width == 1 {
          // A single line is summed in a register.
          var total = start
          for row in 0..<length { total = add(total, Double(x[row]), 0) }
          return totals[0] = total
        }
        totals.update(repeating: start)
        for row in 0..<length { for i in 0..<width { totals[i] = add(totals[i], Double(x[row * width + i]), i) } }
      }
    }
    switch reduction {
    case .sum: gather(0) { sum, x, _ in sum + x }
    case .mean:
      gather(0) { sum, x, _ in sum + x }
      for i in 0..<width { totals[i] /= Double(length) }
    case .std:
      gather(0) { sum, x, _ in sum + x }
      let means = totals.map { $0 / Double(length) }
      gather(0) { sum, x, i in sum + (x - means[i]) * (x - means[i]) }
      for i in 0..<width { totals[i] = length > 1 ? (totals[i] / Double(length - 1)).squareRoot() : .nan }
    case .norm:
      gather(0) { sum, x, _ in sum + x * x }
      for i in 0..<width { totals[i] = totals[i].squareRoot() }
    case .min: gather(.infinity) { least, x, _ in least.isNaN || least <= x ? least : x }
    case .max: gather(-.infinity) { most, x, _ in most.isNaN || most >= x ? most : x }
    }
  }
}
