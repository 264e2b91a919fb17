/// Element by element, as NumPy broadcasts: axes are matched from the last, and an axis of 1 is repeated.
extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.zipped(with: b) { $0 + $1 } }
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.zipped(with: b) { $0 - $1 } }
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.zipped(with: b) { $0 * $1 } }
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.zipped(with: b) { $0 / $1 } }

  public static func + (a: Tensor, b: Float) -> Tensor { a.mapped { $0 + b } }
  public static func - (a: Tensor, b: Float) -> Tensor { a.mapped { $0 - b } }
  public static func * (a: Tensor, b: Float) -> Tensor { a.mapped { $0 * b } }
  public static func / (a: Tensor, b: Float) -> Tensor { a.mapped { $0 / b } }
  public static func + (a: Float, b: Tensor) -> Tensor { b.mapped { a + $0 } }
  public static func - (a: Float, b: Tensor) -> Tensor { b.mapped { a - $0 } }
  public static func * (a: Float, b: Tensor) -> Tensor { b.mapped { a * $0 } }
  public static func / (a: Float, b: Tensor) -> Tensor { b.mapped { a / $0 } }
  public static prefix func - (a: Tensor) -> Tensor { a.mapped { -$0 } }

  /// `f` of every element.
  @inlinable public func mapped(_ f: (Float) throws -> Float) rethrows -> Tensor {
    var result = Tensor(blank: shape)
    try withFloats { x in
      try result.withMutableFloats { y in for i in 0..<x.count { y[i] = try f(x[i]) } }
    }
    return result
  }

  /// The shape that both broadcast to, or nil where they do not meet.
  public static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    var shape = [Int](repeating: 1, count: rank)
    for axis in 1...max(rank, 1) where axis <= rank {
      let x = axis <= a.count ? a[a.count - axis] : 1, y = axis <= b.count ? b[b.count - axis] : 1
      guard x == y || x == 1 || y == 1 else { return nil }
      shape[rank - axis] = x == 1 ? y : x
    }
    return shape
  }

  /// `f` of the elements of both, broadcast. The shapes must meet: ask `broadcast` first where a stranger chose them.
  @inlinable public func zipped(with other: Tensor, _ f: (Float, Float) throws -> Float) rethrows -> Tensor {
    guard let meeting = Broadcast(shape, other.shape) else { preconditionFailure("shapes \(self.shape) and \(other.shape) do not go together") }
    var result = Tensor(blank: meeting.shape)
    let run = meeting.run
    try withFloats { a in
      try other.withFloats { b in
        try result.withMutableFloats { y in
          try meeting.forEachRun { at, left, right in
            switch (meeting.leftStep, meeting.rightStep) {
            case (1, 1): for i in 0..<run { y[at + i] = try f(a[left + i], b[right + i]) }
            case (1, _): let b = b[right]; for i in 0..<run { y[at + i] = try f(a[left + i], b) }
            case (_, 1): let a = a[left]; for i in 0..<run { y[at + i] = try f(a, b[right + i]) }
            default: let value = try f(a[left], b[right]); for i in 0..<run { y[at + i] = value }
            }
          }
        }
      }
    }
    return result
  }

  /// Every axis of 1 repeated to what `target` asks. The shapes must meet.
  public func expanded(to target: [Int]) -> Tensor {
    if shape == target { return self }
    precondition(shape.count <= target.count && Tensor.broadcast(shape, target) == target, "\(shape) does not broadcast to \(target)")
    return gathered(target, strides: Broadcast.strides(of: shape, in: target))
  }

  /// Memory to be written by the inlinable loops above.
  @usableFromInline init(blank shape: [Int]) { self.init(uninitialized: shape) }

  /// (1 − t)·a + t·b, exactly a at 0 and b at 1.
  public static func lerp(_ a: Tensor, _ b: Tensor, _ t: Float) -> Tensor {
    a.zipped(with: b) { t == 0 ? $0 : t == 1 ? $1 : $0 + t * ($1 - $0) }
  }
}
