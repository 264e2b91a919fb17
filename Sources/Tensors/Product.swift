import CKernels
import COneDNN
import Synchronization

/// Matrix products: the one place that calls oneDNN for them. Those of packed weights go to the `TileUnit` where there is one.
///
/// Results are the same bytes at any thread count. oneDNN's `brg*` implementations are so by themselves and get the whole
/// product; every other one is cut into fixed tiles, each run by one thread of the team.
package enum Product {
  /// What a product is made for. `rows` × `inputs` times `inputs` × `outputs`.
  struct Shape: Hashable, CustomStringConvertible {
    var rows: Int, outputs: Int, inputs: Int
    var source: Encoding, weights: Encoding
    var sourceStride: Int, targetStride: Int
    var bias: Bool
    var layout: WeightLayout
    /// Whether the product is added to what its target holds.
    var accumulates = false
    var description: String { "the product \(rows)×\(inputs)×\(outputs) in \(source.rawValue)" }
  }

  /// How the weights of a product lie in memory.
  enum WeightLayout: Hashable {
    case chosen                    // by oneDNN: asked for when packing
    case packed(PackedLayout)
    case rows(stride: Int)         // [outputs, inputs], as checkpoints store them
    case columns(stride: Int)      // [inputs, outputs]
  }

  /// A layout that weights were packed into, compared by its bytes.
  struct PackedLayout: Hashable, @unchecked Sendable {
    let description: dnnl_memory_desc_t
    let bytes: [UInt8]
    /// How the tile unit multiplies what lies so, if it does.
    let tiles: tile_product?
    init(_ description: dnnl_memory_desc_t, tiles: tile_product? = nil) {
      (self.description, self.tiles) = (description, tiles)
      self.bytes = withUnsafeBytes(of: description) { Array($0) }
    }
    /// Bytes of weights that lie so.
    var size: Int { description.size }
    static func == (a: Self, b: Self) -> Bool { a.bytes == b.bytes }
    func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
  }

  private struct Key: Hashable { let shape: Shape, threads: Int }
  private static let made = Mutex<[Key: Primitive]>([:])

  /// The primitive for a shape, made once for a thread count.
  static func primitive(_ shape: Shape, threads: Int) throws -> Primitive {
    let key = Key(shape: shape, threads: threads)
    if let found = made.withLock({ $0[key] }) { return found }
    Team.adopt(threads: threads)
    var source = try OneDNN.memory([shape.rows, shape.inputs], OneDNN.type(of: shape.source), strides: [shape.sourceStride, 1])
    var target = try OneDNN.memory([shape.rows, shape.outputs], shape.source == .int8 ? dnnl_s32 : dnnl_f32, strides: [shape.targetStride, 1])
    var bias = try OneDNN.memory([1, shape.outputs], dnnl_f32)
    var weights = try description(of: shape)
    var operation = dnnl_matmul_desc_t()
    let status = withUnsafePointer(to: &bias) {
      dnnl_matmul_desc_init(&operation, &source, &weights, shape.bias ? $0 : nil, &target)
    }
    try OneDNN.check(status, shape.description)
    let primitive = try Primitive(&operation, kind: shape.layout == .chosen ? nil : "matmul", accumulates: shape.accumulates, shape.description)
    made.withLock { $0[key] = primitive }
    return primitive
  }

  private static func description(of shape: Shape) throws -> dnnl_memory_desc_t {
    let dims = [shape.inputs, shape.outputs], type = OneDNN.type(of: shape.weights)
    switch shape.layout {
    case .chosen: return try OneDNN.memory(dims, type, tag: dnnl_format_tag_any)
    case .packed(let layout): return layout.description
    case .rows(let stride): return try OneDNN.memory(dims, type, strides: [1, stride])
    case .columns(let stride): return try OneDNN.memory(dims, type, strides: [stride, 1])
    }
  }

  /// Runs a primitive. `source` [rows, inputs], `target` [rows, outputs] f32 (int32 sums of int8), at the strides of its shape.
  static func run(_ primitive: Primitive, source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
                  target: UnsafeMutablePointer<Float>) throws {
    let scratch = primitive.scratch.size > 0 ? Storage(count: primitive.scratch.size) : nil
    try OneDNN.execute(primitive.handle, [
      (DNNL_ARG_SRC, primitive.source, UnsafeMutableRawPointer(mutating: source)),
      (DNNL_ARG_WEIGHTS, primitive.weights, UnsafeMutableRawPointer(mutating: weights)),
      (DNNL_ARG_DST, primitive.target, UnsafeMutableRawPointer(target)),
    ] + (bias.map { [(DNNL_ARG_BIAS, primitive.bias, UnsafeMutableRawPointer(mutating: $0))] } ?? [])
      + (scratch.map { [(DNNL_ARG_SCRATCHPAD, primitive.scratch, $0.start)] } ?? []), "a product (\(primitive.implementation))")
  }

  /// Whether this machine multiplies bf16 by itself, by an implementation that is faster than f32's.
  package static let multipliesBF16 = TileUnit.isBF16Quick && multiplies(.bf16)
  /// The same for int8.
  package static let multipliesInt8 = multiplies(.int8)

  private static func multiplies(_ encoding: Encoding) -> Bool {
    let shape = Shape(rows: 1024, outputs: 256, inputs: 256, source: encoding, weights: encoding, sourceStride: 256,
                      targetStride: 256, bias: false, layout: .chosen)
    return (try? primitive(shape, threads: Team.threads).isThreadInvariant) ?? false
  }
}
