#if canImport(Glibc)
import Glibc
#endif

extension Tensor {
  /// Nearly parallel tensors are mixed in a straight line: the arc between them is one.
  private static let parallel = 0.9995

  /// From a to b along the arc between them, all elements taken as one vector: what lies between two noises is noise of their
  /// size. Shoemake 1985.
  public static func slerp(_ a: Tensor, _ b: Tensor, _ t: Float) -> Tensor {
    precondition(a.shape == b.shape, "\(a.shape) and \(b.shape)")
    let lengths = a.norm * b.norm
    let cosine = lengths > 0 ? min(max(a.dot(b) / lengths, -1), 1) : 1
    guard abs(cosine) < parallel else { return lerp(a, b, t) }
    let angle = acos(cosine), share = Double(t)
    let (from, to) = (Float(sin((1 - share) * angle) / sin(angle)), Float(sin(share * angle) / sin(angle)))
    return a.zipped(with: b) { from * $0 + to * $1 }
  }

  /// The sum of the products of all elements, in double.
  public func dot(_ other: Tensor) -> Double {
    precondition(count == other.count, "\(shape) and \(other.shape)")
    return withFloats { a in other.withFloats { b in a.indices.reduce(0.0) { $0 + Double(a[$1]) * Double(b[$1]) } } }
  }
}
