import Tensors

/// What the blocks after the first added to a picture's tokens when all were last computed: where the first block now says nearly the
/// same as then, they are taken to add the same again, and are spared. Reference: diffusers `FirstBlockCache`; ParaAttention.
package struct FirstBlockCache: Sendable {
  /// How far the first block's contribution may have moved, on the mean and in shares of itself.
  package let threshold: Float
  /// Whether blocks may be spared in the next evaluation.
  package let isOpen: Bool
  /// What the first block added, and what the others did, when all were last computed. [tokens, width]
  package private(set) var first: Tensor?, rest: Tensor?
  /// Blocks that the evaluations so far asked for, and how many of them were spared.
  package private(set) var asked = 0, spared = 0

  package init(threshold: Float, isOpen: Bool = true, first: Tensor? = nil, rest: Tensor? = nil) {
    (self.threshold, self.isOpen, self.first, self.rest) = (threshold, isOpen, first, rest)
  }

  /// What the other blocks would add after the first one added `change`; nil if they are to be computed, and then `change` is remembered.
  /// - Parameter blocks: of the whole model
  mutating func rest(after change: Tensor, blocks: Int) -> Tensor? {
    asked += blocks
    if isOpen, let first, let rest, first.shape == change.shape, rest.shape == change.shape, Self.distance(change, first) < Double(threshold) {
      spared += blocks - 1
      return rest
    }
    (first, rest) = (change, nil)
    return nil
  }

  /// All blocks were computed: the ones after the first made `after` of `before`.
  mutating func keep(_ after: Tensor, from before: Tensor) { rest = after - before }

  /// mean |a − b| / mean |b|, summed in double and in order.
  private static func distance(_ a: Tensor, _ b: Tensor) -> Double {
    let (apart, size) = a.withFloats { a in
      b.withFloats { b in
        a.indices.reduce(into: (0.0, 0.0)) { sums, i in
          sums.0 += Double(abs(a[i] - b[i]))
          sums.1 += Double(abs(b[i]))
        }
      }
    }
    return apart / size
  }
}
