import CKernels

/// Attention without a bias on the tile unit: each head's keys and values are laid out once, then all its queries pass by.
struct TileAttention {
  private let q: Heads, k: Heads, v: Heads
  private let scale: Float

  /// nil where the unit does not make it, or where so few keys do not pay for laying them out.
  init?(_ q: Heads, _ k: Heads, _ v: Heads, scale: Float) {
    guard TileUnit.isThere, q.rows.encoding == .bf16, k.rows.encoding == .bf16, v.rows.encoding == .bf16, q.depth % 32 == 0, q.depth <= Int(tile_deepest),
          k.tokens >= TiledProduct.fewest, scale > 0 else { return nil }
    (self.q, self.k, self.v, self.scale) = (q, k, v, scale)
  }

  /// Long sequences are read by more queries at a time; the bytes do not depend on it, nor on the threads.
  private var queriesAtATime: Int { k.tokens > 2048 ? Int(tile_group) : 128 }

  /// Writes [queries, heads · depth].
  func run(into y: UnsafeMutablePointer<Float>) {
    let attention = tile_attention(keys: k.tokens, depth: q.depth, stride: q.heads * q.depth, scale: scale)
    let bytes = withUnsafePointer(to: attention) { tile_attention_bytes($0) }, laidOut = Storage(count: 2 * q.heads * bytes)
    func keys(_ head: Int) -> UnsafeMutableRawPointer { laidOut.start + 2 * head * bytes }
    func values(_ head: Int) -> UnsafeMutableRawPointer { keys(head) + bytes }
    Team.forEach(q.heads) { head, _ in
      var attention = attention
      tile_attention_pack(&attention, keys(head), values(head), k.head(head), v.head(head))
    }
    let group = queriesAtATime, groups = (q.tokens + group - 1) / group
    Team.forEach(q.heads * groups) { index, _ in
      var attention = attention
      let head = index / groups, first = index % groups * group, count = min(group, q.tokens - first)
      let scratch = Storage(count: tile_attention_scratch(&attention, count))
      tile_attend(&attention, y + first * attention.stride + head * q.depth, q.head(head, from: first), keys(head), values(head), count, scratch.start)
      withExtendedLifetime(scratch) {}
    }
    withExtendedLifetime((laidOut, self)) {}
  }
}
