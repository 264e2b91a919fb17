#if canImport(Glibc)
import Glibc
#endif

/// The distribution Beta(a, a) on [0, 1].
struct BetaDistribution {
  /// a, at most 1.
  let shape: Double

  /// The share below x: the regularized incomplete beta function Iₓ(a, a). DLMF 8.17.22.
  func cumulative(_ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x <= 0.5 else { return 1 - cumulative(1 - x) }       // the fraction converges fast below the middle
    let front = exp(shape * (log(x) + log1p(-x)) - 2 * lgamma(shape) + lgamma(2 * shape)) / shape
    return front * continuedFraction(x)
  }

  /// Lentz's method in Thompson and Barnett's form.
  private func continuedFraction(_ x: Double) -> Double {
    let tiny = 1e-300, a = shape
    func term(_ k: Int) -> Double {
      let m = Double(k / 2)
      return k % 2 == 0 ? m * (a - m) * x / ((a + 2 * m - 1) * (a + 2 * m)) : -(a + m) * (2 * a + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    }
    func apart(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0, d = 1 / apart(1 + term(1)), result = d
    for k in 2...200 {
      d = 1 / apart(1 + term(k) * d)
      c = apart(1 + term(k) / c)
      result *= c * d
      if abs(c * d - 1) < 1e-16 { break }
    }
    return result
  }

  /// The x with this share below it, by halving: every bit of a double is decided.
  func quantile(_ share: Double) -> Double {
    guard share > 0 else { return 0 }
    guard share < 1 else { return 1 }
    guard share <= 0.5 else { return 1 - quantile(1 - share) }
    guard share < 0.5 else { return 0.5 }       // by symmetry; callers round what they make of it
    var low = 0.0, high = 0.5
    while true {
      let middle = (low + high) / 2
      guard middle > low, middle < high else { return high }
      if cumulative(middle) < share { low = middle } else { high = middle }
    }
  }
}
