import Synchronization

/// One product by itself, as fast as oneDNN makes it: packed weights, rows ready, nothing around it. What the floor of a
/// benchmark is made of.
package final class LoneProduct: Sendable {
  private let primitive: Primitive
  private let source: Storage, weights: Storage, target: Storage
  private let threads: Int

  /// - Parameter encoding: of rows and weights: f32, bf16 or int8
  package init(rows: Int, inputs: Int, outputs: Int, encoding: Encoding) throws {
    threads = Team.threads
    let shape = Product.Shape(rows: rows, outputs: outputs, inputs: inputs, source: encoding, weights: encoding, sourceStride: inputs,
                              targetStride: outputs, bias: false, layout: .chosen)
    primitive = try Product.primitive(shape, threads: threads)
    source = Storage.filled(rows * inputs * encoding.width, encoding)
    weights = Storage.filled(primitive.weights.size, encoding)
    target = Storage(count: rows * outputs * 4)
  }

  package func run() throws {
    Team.adopt(threads: threads)
    try Product.run(primitive, source: source.start, weights: weights.start, bias: nil, target: target.start.assumingMemoryBound(to: Float.self))
  }
}

/// Attention's two products by themselves, a head to a thread: scores of all queries and keys, then their mix of values.
package final class LoneAttention: Sendable {
  private let scoring: Primitive, mixing: Primitive
  private let heads: Int, tokens: Int, depth: Int
  private let encoding: Encoding
  private let rows: Storage, weights: Storage

  package init(heads: Int, tokens: Int, depth: Int, encoding: Encoding) throws {
    (self.heads, self.tokens, self.depth, self.encoding) = (heads, tokens, depth, encoding)
    scoring = try Product.primitive(.init(rows: tokens, outputs: tokens, inputs: depth, source: encoding, weights: encoding, sourceStride: depth,
                                          targetStride: tokens, bias: false, layout: .rows(stride: depth)), threads: 1)
    mixing = try Product.primitive(.init(rows: tokens, outputs: depth, inputs: tokens, source: encoding, weights: encoding, sourceStride: tokens,
                                         targetStride: depth, bias: false, layout: .columns(stride: depth)), threads: 1)
    rows = Storage.filled(3 * heads * tokens * depth * encoding.width, encoding)
    weights = Storage.filled(tokens * tokens * encoding.width, encoding)
  }

  package func run() throws {
    let failure = Mutex<TensorError?>(nil), size = tokens * depth * encoding.width
    let scores = (0..<Team.threads).map { _ in Storage(count: tokens * max(tokens, depth) * 4) }
    Team.forEach(heads) { head, thread in
      let target = scores[thread].start.assumingMemoryBound(to: Float.self)
      do {
        try Product.run(scoring, source: rows.start + head * size, weights: rows.start + (heads + head) * size, bias: nil, target: target)
        try Product.run(mixing, source: weights.start, weights: rows.start + (2 * heads + head) * size, bias: nil, target: target)
      } catch { failure.withLock { $0 = error as? TensorError ?? .product("attention", -1) } }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}

extension Storage {
  /// Repeatable small numbers of an encoding, blocks with sound scales: weights to measure with.
  package static func filled(_ count: Int, _ encoding: Encoding) -> Storage {
    let storage = Storage(count: count), pattern = min(count, (1 << 22) / (2 * encoding.block.bytes) * 2 * encoding.block.bytes)
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    for at in stride(from: 0, to: pattern, by: 2) {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let bits = UInt16(truncatingIfNeeded: state >> 48)
      // ±2⁻⁷ … 2⁻⁵ in bf16 and in the upper half of f32; any bits elsewhere.
      let value = encoding == .bf16 || encoding == .f32 && at % 4 == 2 ? 0x3C00 | bits & 0x80FF : bits
      if at + 1 < pattern { storage.start.storeBytes(of: value, toByteOffset: at, as: UInt16.self) }
    }
    for block in stride(from: 0, to: pattern, by: encoding.block.bytes) {
      for offset in encoding.scaleOffsets { storage.start.storeBytes(of: 0x0C00 as UInt16, toByteOffset: block + offset, as: UInt16.self) }     // 2⁻¹²
    }
    var at = pattern
    while at < count {
      (storage.start + at).copyMemory(from: storage.start, byteCount: min(pattern, count - at))
      at += pattern
    }
    return storage
  }
}

extension Encoding {
  /// Where a block keeps its f16 scales.
  fileprivate var scaleOffsets: [Int] {
    switch self {
    case .f32, .bf16, .f16, .f8_e4m3, .int8: []
    case .q8_0, .q5_0, .q4_0, .iq4_nl, .iq4_xs: [0]
    case .q4_1, .q5_1, .q4_k, .q5_k: [0, 2]
    case .q2_k: [80, 82]
    case .q3_k: [108]
    case .q6_k: [208]
    }
  }
}
