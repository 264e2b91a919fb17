import CKernels
import Synchronization

/// Heads cut from projected rows: q, k or v as [heads, tokens, depth], each head's rows together.
package struct Heads {
  package let heads: Int, tokens: Int, depth: Int
  package let rows: Operand

  package init(heads: Int, tokens: Int, depth: Int, encoding: Encoding) {
    (self.heads, self.tokens, self.depth) = (heads, tokens, depth)
    rows = Operand(rows: heads * tokens, width: depth, encoding: encoding)
  }

  /// Cuts columns of x (from `column`) into heads and writes them from token `first` on; on the way normalises each head
  /// by its RMS (`gain` [depth]) and turns its pairs by the rows' angles.
  package func write(_ x: Tensor, column: Int, first: Int, gain: Tensor? = nil, epsilon: Float = 1e-6,
                     cosines: Tensor? = nil, sines: Tensor? = nil) {
    precondition(column + heads * depth <= x.width && first + x.rows <= tokens, "\(x.shape) does not fit \(heads) heads of \(depth)")
    let (from, stride) = (x.floats + column, x.width)
    let (gains, cosine, sine) = (gain?.floats, cosines?.floats, sines?.floats)
    Team.forRows(x.rows, by: Operand.piece(heads * depth)) { range in
      let layout = head_layout(tokens: range.count, x_stride: stride, heads: heads, depth: depth, y_tokens: tokens,
                               y_first: first + range.lowerBound)
      kernel.pointee.split_heads(rows.start, rows.rowEncoding, from + range.lowerBound * stride, gains,
                                 cosine.map { $0 + range.lowerBound * depth }, sine.map { $0 + range.lowerBound * depth },
                                 layout, epsilon)
    }
    withExtendedLifetime((x, gain, cosines, sines)) {}
  }

  func head(_ head: Int, from token: Int = 0) -> UnsafeMutableRawPointer { rows.at(head * tokens + token) }
}

/// softmax(scale · q·kᵀ + bias) · v, a tile of queries at a time: the scores never exist as a whole. Without a bias the tile unit
/// makes it where there is one.
///
/// Each tile is made by one thread with single-threaded products, so the bytes do not depend on the number of threads.
package struct Attention {
  package let scale: Float
  /// Added to the scores: [heads, queries, keys], or [1, queries, keys] for all heads.
  package let bias: Tensor?

  private static let queriesPerTile = 128

  package init(scale: Float, bias: Tensor? = nil) {
    (self.scale, self.bias) = (scale, bias)
  }

  /// q, k, v of equal heads and depth → [queries, heads · depth].
  package func callAsFunction(_ q: Heads, _ k: Heads, _ v: Heads) throws -> Tensor {
    var y = Tensor(uninitialized: [q.tokens, q.heads * q.depth])
    if bias == nil, let tiled = TileAttention(q, k, v, scale: scale) {
      y.withMutableFloats { floats in if let start = floats.baseAddress { tiled.run(into: start) } }
      return y
    }
    let tiles = (q.tokens + Self.queriesPerTile - 1) / Self.queriesPerTile
    let failure = Mutex<TensorError?>(nil)
    for rows in Set([min(Self.queriesPerTile, q.tokens), q.tokens % Self.queriesPerTile]) where rows > 0 {
      _ = try products(rows, q, k)
    }
    y.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      Team.forEach(q.heads * tiles) { index, _ in
        let first = index % tiles * Self.queriesPerTile
        let queries = first..<min(q.tokens, first + Self.queriesPerTile)
        do { try attend(queries, head: index / tiles, q, k, v, into: start) }
        catch { failure.withLock { $0 = error as? TensorError ?? .product("attention", -1) } }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return y
  }

  private func attend(_ queries: Range<Int>, head: Int, _ q: Heads, _ k: Heads, _ v: Heads, into y: UnsafeMutablePointer<Float>) throws {
    let (scoring, mixing) = try products(queries.count, q, k)
    let scores = Storage(count: queries.count * k.tokens * 4)
    let weights = Operand(rows: queries.count, width: k.tokens, encoding: q.rows.encoding)
    let score = scores.start.assumingMemoryBound(to: Float.self)
    try Product.run(scoring, source: q.head(head, from: queries.lowerBound), weights: k.head(head), bias: nil, target: score)
    let extra = bias.map { $0.floats + (($0.shape[0] == 1 ? 0 : head) * $0.shape[1] + queries.lowerBound) * $0.shape[2] }
    kernel.pointee.softmax(weights.start, weights.rowEncoding, score, extra, k.tokens, scale, queries.count, k.tokens)
    try Product.run(mixing, source: weights.start, weights: v.head(head), bias: nil,
                    target: y + queries.lowerBound * q.heads * q.depth + head * q.depth)
    withExtendedLifetime((scores, weights)) {}
  }

  /// Scores [rows, keys] = q·kᵀ, and the mix [rows, depth] = weights·v, written into rows of all heads.
  private func products(_ rows: Int, _ q: Heads, _ k: Heads) throws -> (Primitive, Primitive) {
    let (encoding, keys, depth) = (q.rows.encoding, k.tokens, q.depth)
    let scoring = Product.Shape(rows: rows, outputs: keys, inputs: depth, source: encoding, weights: encoding,
                                sourceStride: depth, targetStride: keys, bias: false, layout: .rows(stride: depth))
    let mixing = Product.Shape(rows: rows, outputs: depth, inputs: keys, source: encoding, weights: encoding,
                               sourceStride: keys, targetStride: q.heads * depth, bias: false, layout: .columns(stride: depth))
    return (try Product.primitive(scoring, threads: 1), try Product.primitive(mixing, threads: 1))
  }
}
