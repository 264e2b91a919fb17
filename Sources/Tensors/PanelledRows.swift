import CKernels

/// Rows of f32 as the processor's vectors multiply them, laid out once for all outputs of a product; weights are laid out beside them a few
/// at a time, from whatever they are kept in. For machines whose vectors multiply f32 faster than bf16, and for all that have no bf16.
struct PanelledRows {
  let rows: Int, inputs: Int
  private let storage: Storage

  private static var shape: panel_shape { kernel.pointee.panels }

  /// Whether there are such products of these rows.
  static func take(_ x: Operand) -> Bool { x.encoding == .f32 && x.width > 0 && shape.rows > 0 }

  init(_ x: Operand) {
    let (width, depth) = (Self.shape.rows, Self.shape.depth), panels = (x.rows + width - 1) / width
    (rows, inputs, storage) = (x.rows, x.width, Storage(count: panels * width * x.width * 4))
    let floats = storage.start.assumingMemoryBound(to: Float.self), inputs = inputs
    Team.forEach(panels) { panel, _ in
      let first = panel * width, count = min(width, x.rows - first), from = x.at(first).assumingMemoryBound(to: Float.self)
      for k in stride(from: 0, to: inputs, by: depth) {
        let here = min(depth, inputs - k)
        kernel.pointee.panel_lay?(floats + k * panels * width + first * here, from + k, inputs, count, width, here)
      }
    }
    withExtendedLifetime(x) {}
  }

  /// x · weightᵀ + bias for some rows, whole panels of them: target [.., stride], its first row the first of x. Every number is summed along the
  /// inputs in one order, so the bytes do not depend on the cut.
  func multiply(_ range: Range<Int>, weight: Rows, bias: UnsafePointer<Float>?, target: UnsafeMutablePointer<Float>, stride: Int, accumulates: Bool) {
    let shape = Self.shape, panels = (rows + shape.rows - 1) / shape.rows, floats = storage.start.assumingMemoryBound(to: Float.self)
    let columns = (weight.count + shape.columns - 1) / shape.columns * shape.columns, depth = min(shape.depth, inputs)
    let laid = Storage(count: columns * depth * 4), strip = Storage(count: shape.columns * depth * 4)
    let factors = laid.start.assumingMemoryBound(to: Float.self), plain = strip.start.assumingMemoryBound(to: Float.self)
    for k in Swift.stride(from: 0, to: inputs, by: depth) {
      let here = min(depth, inputs - k), isLast = k + here == inputs
      for column in Swift.stride(from: 0, to: weight.count, by: shape.columns) {
        let count = min(shape.columns, weight.count - column)
        for row in 0..<count { weight.unpack(row: column + row, inputs: k..<k + here, to: plain + row * here) }
        kernel.pointee.panel_lay?(factors + column * here, plain, here, count, shape.columns, here)
      }
      let source = floats + k * panels * shape.rows + range.lowerBound * here
      kernel.pointee.panel_multiply?(target + range.lowerBound * stride, stride, source, factors, isLast ? bias : nil, here, range.count, weight.count, accumulates || k > 0)
    }
    withExtendedLifetime((self, laid, strip)) {}
  }

  /// How the rows are cut so that every thread has some of the tiles. Each strip lays the weights out anew, so it has twenty panels at the least.
  func strips(tiles: Int) -> [Range<Int>] {
    let width = Self.shape.rows
    let least = 20 * width
    var high = (rows + width - 1) / width * width
    while high > least, tiles * ((rows + high - 1) / high) < 4 * Team.threads { high = (high / 2 + width - 1) / width * width }
    return Swift.stride(from: 0, to: rows, by: high).map { $0..<min(rows, $0 + high) }
  }
}
