#if canImport(Glibc)
import Glibc
#endif

/// Element by element: 1 where it holds, 0 where it does not. What is not a number is unlike everything, itself too.
public enum Comparison: String, CaseIterable, Sendable {
  case lt, le, gt, ge, eq, ne

  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch self {
    case .lt: a.zipped(with: b) { $0 < $1 ? 1 : 0 }
    case .le: a.zipped(with: b) { $0 <= $1 ? 1 : 0 }
    case .gt: a.zipped(with: b) { $0 > $1 ? 1 : 0 }
    case .ge: a.zipped(with: b) { $0 >= $1 ? 1 : 0 }
    case .eq: a.zipped(with: b) { $0 == $1 ? 1 : 0 }
    case .ne: a.zipped(with: b) { $0 != $1 ? 1 : 0 }
    }
  }
}

extension Tensor {
  /// a to the power of b, element by element.
  public static func power(_ a: Tensor, _ b: Tensor) -> Tensor {
    // Squares are what recipes take, and cost a hundredth.
    if b.count == 1, b.values == [2] { return a.zipped(with: b) { x, _ in x * x } }
    return a.zipped(with: b) { powf($0, $1) }
  }

  /// Whether |a − b| ≤ absolute + relative·|b| everywhere, broadcast; equal infinities are close, what is not a number never is.
  /// NumPy's `allclose`.
  public static func isClose(_ a: Tensor, _ b: Tensor, relative: Double, absolute: Double) -> Bool {
    a.zipped(with: b) { x, y in
      x == y || (y.isFinite && abs(Double(x) - Double(y)) <= absolute + relative * abs(Double(y))) ? 1 : 0
    }.minimum == 1
  }

  /// Whether shapes and elements are equal.
  public func equals(_ other: Tensor) -> Bool {
    guard shape == other.shape else { return false }
    return withFloats { a in other.withFloats { b in a.indices.allSatisfy { a[$0] == b[$0] } } }
  }
}
