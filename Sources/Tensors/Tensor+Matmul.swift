import Synchronization

extension Tensor {
  /// The shapes of a·b over the last two axes, as NumPy's `matmul` has them; nil where the two do not meet.
  private struct Multiplication {
    let rows: Int, inner: Int, columns: Int
    /// The axes before the last two, broadcast.
    let batch: [Int]
    let left: [Int], right: [Int]
    let shape: [Int]

    init?(_ a: [Int], _ b: [Int]) {
      guard !a.isEmpty, !b.isEmpty else { return nil }
      // A vector on the left is a row, on the right a column, and the result lacks that axis.
      let (isRow, isColumn) = (a.count == 1, b.count == 1)
      left = isRow ? [1] + a : a
      right = isColumn ? b + [1] : b
      (rows, inner, columns) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
      guard inner == right[right.count - 2], let batch = Tensor.broadcast(left.dropLast(2), right.dropLast(2)) else { return nil }
      self.batch = batch
      shape = batch + (isRow ? [] : [rows]) + (isColumn ? [] : [columns])
    }
  }

  /// The shape of `matmul`; nil where the two do not meet.
  public static func shapeOfProduct(_ a: [Int], _ b: [Int]) -> [Int]? { Multiplication(a, b)?.shape }

  private static let tile = 128

  /// a·b over the last two axes, as NumPy's `matmul`: the axes before them are broadcast, a vector is a row or a column.
  ///
  /// Each product is cut into fixed tiles, each made by one thread, so the bytes do not depend on the number of threads.
  public static func matmul(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    guard let sizes = Multiplication(a.shape, b.shape) else { throw TensorError.shapes(a.shape, b.shape, "matmul") }
    var y = Tensor.zeros(sizes.shape)
    let products = sizes.batch.reduce(1, *)
    guard y.count > 0, sizes.inner > 0 else { return y }
    let (lefts, rights) = (starts(sizes.left, in: sizes.batch), starts(sizes.right, in: sizes.batch))
    let (down, across) = ((sizes.rows + tile - 1) / tile, (sizes.columns + tile - 1) / tile)
    func primitive(_ rows: Int, _ columns: Int) throws -> Primitive {
      try Product.primitive(Product.Shape(rows: rows, outputs: columns, inputs: sizes.inner, source: .f32, weights: .f32, sourceStride: sizes.inner,
                                          targetStride: sizes.columns, bias: false, layout: .columns(stride: sizes.columns)), threads: 1)
    }
    func piece(_ index: Int, of count: Int) -> Range<Int> { index * tile..<min(count, (index + 1) * tile) }
    // All that the tiles need is made before the team starts.
    for rows in Set([min(tile, sizes.rows), piece(down - 1, of: sizes.rows).count]) {
      for columns in Set([min(tile, sizes.columns), piece(across - 1, of: sizes.columns).count]) { _ = try primitive(rows, columns) }
    }
    let failure = Mutex<TensorError?>(nil), (from, weights) = (a.floats, b.floats)
    y.withMutableFloats { floats in
      guard let to = floats.baseAddress else { return }
      Team.forEach(products * down * across) { index, _ in
        let (product, place) = index.quotientAndRemainder(dividingBy: down * across)
        let rows = piece(place / across, of: sizes.rows), columns = piece(place % across, of: sizes.columns)
        do {
          try Product.run(primitive(rows.count, columns.count), source: from + lefts[product] + rows.lowerBound * sizes.inner,
                          weights: weights + rights[product] + columns.lowerBound, bias: nil,
                          target: to + (product * sizes.rows + rows.lowerBound) * sizes.columns + columns.lowerBound)
        } catch { failure.withLock { $0 = error as? TensorError ?? .product("matmul", -1) } }
      }
    }
    withExtendedLifetime((a, b)) {}
    if let error = failure.withLock({ $0 }) { throw error }
    return y
  }

  /// Where the matrix of each product begins.
  private static func starts(_ shape: [Int], in batch: [Int]) -> [Int] {
    let matrix = shape.suffix(2).reduce(1, *), strides = Broadcast.strides(of: Array(shape.dropLast(2)), in: batch)
    return (0..<batch.reduce(1, *)).map { index in
      var rest = index, at = 0
      for axis in batch.indices.reversed() {
        at += rest % batch[axis] * strides[axis]
        rest /= batch[axis]
      }
      return at * matrix
    }
  }
}
