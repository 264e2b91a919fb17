/// How two shapes meet, as NumPy broadcasts: axes are matched from the last, and an axis of 1 is repeated.
///
/// The elements are visited in runs: axes that lie alike in both are taken as one, so that the inner loop is long.
@usableFromInline struct Broadcast {
  @usableFromInline let shape: [Int]
  /// Elements of one run, and how far each operand moves between two of them: 0 or 1.
  @usableFromInline let run: Int, leftStep: Int, rightStep: Int
  /// The axes outside of a run, innermost first.
  private let outer: [(count: Int, left: Int, right: Int)]

  /// nil where the shapes do not meet.
  @usableFromInline init?(_ a: [Int], _ b: [Int]) {
    if a == b {
      (shape, run, leftStep, rightStep, outer) = (a, a.reduce(1, *), 1, 1, [])
      return
    }
    guard let shape = Tensor.broadcast(a, b) else { return nil }
    self.shape = shape
    let left = Self.strides(of: a, in: shape), right = Self.strides(of: b, in: shape)
    var axes: [(count: Int, left: Int, right: Int)] = []
    for axis in shape.indices.reversed() where shape[axis] != 1 {
      if let last = axes.last, left[axis] == last.left * last.count, right[axis] == last.right * last.count {
        axes[axes.count - 1].count *= shape[axis]
      } else {
        axes.append((shape[axis], left[axis], right[axis]))
      }
    }
    let inner = axes.first ?? (1, 1, 1)
    (run, leftStep, rightStep) = (inner.count, inner.left, inner.right)
    outer = Array(axes.dropFirst())
  }

  /// How far apart the entries of each axis lie; 0 where the axis is repeated.
  static func strides(of shape: [Int], in target: [Int]) -> [Int] {
    var strides = [Int](repeating: 0, count: target.count), step = 1
    for axis in shape.indices.reversed() {
      strides[axis + target.count - shape.count] = shape[axis] == 1 ? 0 : step
      step *= shape[axis]
    }
    return strides
  }

  /// Where each run begins in the result and in both operands.
  @usableFromInline func forEachRun(_ body: (_ at: Int, _ left: Int, _ right: Int) throws -> Void) rethrows {
    guard !shape.contains(0) else { return }
    var index = [Int](repeating: 0, count: outer.count), left = 0, right = 0, at = 0
    while true {
      try body(at, left, right)
      at += run
      var axis = 0
      while axis < outer.count {
        index[axis] += 1
        (left, right) = (left + outer[axis].left, right + outer[axis].right)
        if index[axis] < outer[axis].count { break }
        (left, right) = (left - outer[axis].left * outer[axis].count, right - outer[axis].right * outer[axis].count)
        index[axis] = 0
        axis += 1
      }
      if axis == outer.count { return }
    }
  }
}
