/// The same elements in other places, as copies.
extension Tensor {
  /// A tensor of this shape whose neighbours along each axis lie `strides` apart here, from element `first` on.
  func gathered(_ target: [Int], strides: [Int], first: Int = 0) -> Tensor {
    var result = Tensor(uninitialized: target)
    guard result.count > 0 else { return result }
    // Axes that lie behind each other in both are one.
    var axes: [(count: Int, stride: Int)] = []
    for axis in target.indices.reversed() where target[axis] != 1 {
      if let last = axes.last, strides[axis] == last.stride * last.count { axes[axes.count - 1].count *= target[axis] }
      else { axes.append((target[axis], strides[axis])) }
    }
    let run = axes.first ?? (1, 1), outer = Array(axes.dropFirst()), count = result.count
    withFloats { x in
      result.withMutableFloats { y in
        guard let x = x.baseAddress, let y = y.baseAddress else { return }
        var index = [Int](repeating: 0, count: outer.count), from = x + first
        for at in stride(from: 0, to: count, by: run.count) {
          switch run.stride {
          case 1: (y + at).update(from: from, count: run.count)
          case 0: (y + at).update(repeating: from.pointee, count: run.count)
          case let step: for i in 0..<run.count { y[at + i] = from[i * step] }
          }
          var axis = 0
          while axis < outer.count {
            index[axis] += 1
            from += outer[axis].stride
            if index[axis] < outer[axis].count { break }
            from -= outer[axis].stride * outer[axis].count
            index[axis] = 0
            axis += 1
          }
        }
      }
    }
    return result
  }

  /// How far apart the entries of each axis lie.
  private var strides: [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }

  /// The axes in another order: axis i of the result is `axes[i]` of this.
  public func permuted(_ axes: [Int]) -> Tensor {
    precondition(axes.sorted() == Array(shape.indices), "\(axes) of \(shape)")
    let strides = strides
    return gathered(axes.map { shape[$0] }, strides: axes.map { strides[$0] })
  }

  /// Some neighbours along an axis.
  public func narrowed(axis: Int, _ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[axis], "\(range) of axis \(axis) of \(shape)")
    var target = shape
    target[axis] = range.count
    let strides = strides
    return gathered(target, strides: strides, first: range.lowerBound * strides[axis])
  }

  /// Where a condition is not 0, `a`; elsewhere `b`. All three of one shape.
  public static func chosen(where condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(condition.shape == a.shape && a.shape == b.shape, "\(condition.shape), \(a.shape), \(b.shape)")
    var result = Tensor(uninitialized: a.shape)
    condition.withFloats { condition in
      a.withFloats { a in
        b.withFloats { b in
          result.withMutableFloats { y in for i in 0..<y.count { y[i] = condition[i] != 0 ? a[i] : b[i] } }
        }
      }
    }
    return result
  }
}
