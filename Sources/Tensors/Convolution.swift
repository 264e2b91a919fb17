import COneDNN
import Synchronization

/// A picture between convolutions: rows of channels, one a pixel ("channels last"), as an `Operand` or a `Tensor` [area, channels].
package struct Extent: Hashable, Sendable {
  package var height: Int, width: Int
  package init(height: Int, width: Int) { (self.height, self.width) = (height, width) }
  package var area: Int { height * width }
}

/// A 2-D convolution through oneDNN, channels last. Weights [outputs, inputs, k, k] as checkpoints store them.
package final class Convolution: Sendable {
  package let outputs: Int, inputs: Int
  package let encoding: Encoding                       // of weights and of the rows that come in
  private let window: Int, stride: Int
  private let before: Int, after: Int                  // zeros around the picture: left/top, right/bottom
  /// The numbers where they were found; laid out when a picture first needs them, so that a decoder costs nothing for its encoder.
  private let weight: Rows?
  private let bias: Tensor?

  private struct Made { var primitive: Primitive; var weights: Storage }
  private struct Shelf { var made: [Key: Made] = [:], packed: [Product.PackedLayout: Storage] = [:] }
  private let shelf = Mutex(Shelf())
  private struct Key: Hashable { let extent: Extent, threads: Int }

  /// - Parameters:
  ///   - padding: zeros before and after each axis.
  ///   - isRead: whether the numbers are taken; without them it cannot be run
  package init(weight: Rows, inputs: Int, window: Int, bias: Tensor?, stride: Int = 1, padding: (Int, Int),
               precision: Encoding, isRead: Bool = true) throws {
    precondition(weight.width == inputs * window * window, "a \(window)×\(window) window of \(inputs) channels in rows of \(weight.width)")
    (outputs, self.inputs, self.window, self.stride) = (weight.count, inputs, window, stride)
    (before, after, self.bias) = (padding.0, padding.1, bias)
    encoding = precision == .bf16 && Product.multipliesBF16 ? .bf16 : .f32
    self.weight = isRead ? weight : nil
  }

  /// The extent of what comes out.
  package func extent(of x: Extent) -> Extent {
    func size(_ n: Int) -> Int { (n + before + after - window) / stride + 1 }
    return Extent(height: size(x.height), width: size(x.width))
  }

  /// x [area, inputs] in `encoding` → [area', outputs] f32.
  package func callAsFunction(_ x: Operand, _ extent: Extent) throws -> Tensor {
    precondition(x.rows == extent.area && x.width == inputs && x.encoding == encoding, "\(x.rows)×\(x.width) \(x.encoding) rows for \(extent) of \(inputs)")
    let key = Key(extent: extent, threads: Team.threads)
    let made = try shelf.withLock { shelf in
      if let found = shelf.made[key] { return found }
      let fresh = try make(key, &shelf.packed)
      shelf.made[key] = fresh
      return fresh
    }
    Team.adopt(threads: key.threads)
    var y = Tensor(uninitialized: [self.extent(of: extent).area, outputs])
    let scratch = Storage(count: made.primitive.scratch.size)
    try y.withMutableFloats { floats in
      guard let start = floats.baseAddress else { return }
      try OneDNN.execute(made.primitive.handle, [
        (DNNL_ARG_SRC, made.primitive.source, x.start),
        (DNNL_ARG_WEIGHTS, made.primitive.weights, made.weights.start),
        (DNNL_ARG_DST, made.primitive.target, UnsafeMutableRawPointer(start)),
        (DNNL_ARG_SCRATCHPAD, made.primitive.scratch, scratch.start),
      ] + (bias.map { [(DNNL_ARG_BIAS, made.primitive.bias, UnsafeMutableRawPointer(mutating: $0.floats))] } ?? []), name)
    }
    withExtendedLifetime((x, scratch)) {}
    return y
  }

  private func make(_ key: Key, _ shelf: inout [Product.PackedLayout: Storage]) throws -> Made {
    Team.adopt(threads: key.threads)
    let type = OneDNN.type(of: encoding), result = extent(of: key.extent)
    var source = try picture(key.extent, inputs, type), target = try picture(result, outputs, dnnl_f32)
    var weights = try OneDNN.memory([outputs, inputs, window, window], type, tag: dnnl_format_tag_any)
    var offsets = try OneDNN.memory([outputs], dnnl_f32)
    let (strides, left, right) = ([stride, stride].map { dnnl_dim_t($0) }, [before, before].map { dnnl_dim_t($0) }, [after, after].map { dnnl_dim_t($0) })
    var operation = dnnl_convolution_desc_t()
    let status = withUnsafePointer(to: &offsets) {
      dnnl_convolution_forward_desc_init(&operation, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights,
                                         bias == nil ? nil : $0, &target, strides, left, right)
    }
    try OneDNN.check(status, name)
    let primitive = try Primitive(&operation, kind: "convolution", name)
    let layout = Product.PackedLayout(primitive.weights)
    if let packed = shelf[layout] { return Made(primitive: primitive, weights: packed) }
    guard let weight else { preconditionFailure("\(name), whose numbers were not read, cannot be run") }
    let packed = Storage(count: primitive.weights.size), plain = try weight.converted(to: encoding)
    try OneDNN.reorder(plain.start, OneDNN.memory([outputs, inputs, window, window], type), to: packed.start, primitive.weights)
    withExtendedLifetime(plain) { weight.letGo() }
    shelf[layout] = packed
    return Made(primitive: primitive, weights: packed)
  }

  private var name: String { "a \(window)×\(window) convolution of \(inputs) to \(outputs) channels in \(encoding.rawValue)" }

  private func picture(_ extent: Extent, _ channels: Int, _ type: dnnl_data_type_t) throws -> dnnl_memory_desc_t {
    try OneDNN.memory([1, channels, extent.height, extent.width], type,
                      strides: [extent.area * channels, 1, extent.width * channels, channels])
  }
}
