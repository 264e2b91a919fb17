import Checkpoints
import Tensors

/// The diffusion transformer: the velocity of every token, given time, guidance and text.
/// Reference: diffusers `FluxTransformer2DModel`; Black Forest Labs 2024.
package struct FluxTransformer: Sendable {
  package let configuration: FluxConfiguration
  package private(set) var imgIn: Linear, txtIn: Linear
  package private(set) var embedding: TimestepEmbedding
  package private(set) var doubleBlocks: [DoubleStreamBlock]
  package private(set) var singleBlocks: [SingleStreamBlock]
  package private(set) var lastLayer: LastLayer

  /// How many blocks of each kind.
  package struct Depth: Sendable, Equatable {
    package let double: Int, single: Int
    package init(double: Int, single: Int) { (self.double, self.single) = (double, single) }
  }

  /// - Parameters:
  ///   - depth: fewer blocks than there are, for whoever only wants to know how long they take
  ///   - progress: called with the share of blocks loaded so far, 0 … 1
  package init(_ weights: Weights, _ configuration: FluxConfiguration, depth: Depth? = nil, progress: (Double) throws -> Void = { _ in }) throws {
    let depth = depth ?? Depth(double: configuration.doubleBlocks, single: configuration.singleBlocks)
    try weights.expect(configuration.doubleBlocks, of: "transformer_blocks", "num_layers")
    try weights.expect(configuration.singleBlocks, of: "single_transformer_blocks", "num_single_layers")
    try weights.expect(configuration.hasGuidance, has: "time_text_embed.guidance_embedder.linear_1.weight", "guidance_embeds")
    self.configuration = configuration
    imgIn = try weights.unquantised.linear("x_embedder", inputs: configuration.inputs, outputs: configuration.width)
    txtIn = try weights.unquantised.linear("context_embedder", inputs: configuration.sequenceWidth, outputs: configuration.width)
    embedding = try TimestepEmbedding(weights["time_text_embed"], configuration)
    let blocks = Double(depth.double + depth.single)
    doubleBlocks = try (0..<min(depth.double, configuration.doubleBlocks)).map {
      try progress(Double($0) / blocks)
      return try DoubleStreamBlock(weights["transformer_blocks", $0], configuration)
    }
    singleBlocks = try (0..<min(depth.single, configuration.singleBlocks)).map {
      try progress(Double(depth.double + $0) / blocks)
      return try SingleStreamBlock(weights["single_transformer_blocks", $0], configuration)
    }
    lastLayer = try LastLayer(weights, configuration)
  }

  /// The velocity of a picture's tokens.
  /// - Parameters:
  ///   - img: [tokens, inputs]
  ///   - txt: the T5 sequence, [text tokens, sequenceWidth]
  ///   - pooled: the pooled CLIP embedding, [pooledWidth]
  ///   - timestep: in [0, 1]
  ///   - guidance: the distilled guidance scale; only for a model that has it
  ///   - residuals: what ControlNets add to the first of the picture's tokens
  /// - Returns: [tokens, outputs]
  package func callAsFunction(img: Tensor, txt: Tensor, pooled: Tensor, timestep: Float, guidance: Float?, rotary: Rotary, residuals: [Residuals] = [],
                              cancellation: Cancellation? = nil) throws -> Tensor {
    var none: FirstBlockCache?
    return try self(img: img, txt: txt, pooled: pooled, timestep: timestep, guidance: guidance, rotary: rotary, residuals: residuals, cache: &none, cancellation: cancellation)
  }

  /// The same, where the blocks after the first may be spared.
  package func callAsFunction(img: Tensor, txt: Tensor, pooled: Tensor, timestep: Float, guidance: Float?, rotary: Rotary, residuals: [Residuals] = [],
                              cache: inout FirstBlockCache?, cancellation: Cancellation? = nil) throws -> Tensor {
    let vec = try embedding(timestep: timestep, guidance: guidance, pooled: pooled).silu(as: .f32).tensor
    var i = try imgIn(wide: img), t = try txtIn(txt)
    var start: Tensor?
    for (index, block) in doubleBlocks.enumerated() {
      try cancellation?.check()
      let given = cache != nil && index == 0 ? i : nil
      try block(img: &i, txt: &t, vec: vec, rotary: rotary)
      for one in residuals { one.add(one.double, to: &i, behind: index, of: doubleBlocks.count) }
      guard let given else { continue }
      if let rest = cache?.rest(after: i - given, blocks: doubleBlocks.count + singleBlocks.count) { return try lastLayer(i + rest, vec: vec) }
      start = i
    }
    var x = Tensor.concatenated([t, i])
    for (index, block) in singleBlocks.enumerated() {
      try cancellation?.check()
      try block(&x, vec: vec, rotary: rotary)
      for one in residuals { one.add(one.single, to: &x, from: t.rows, behind: index, of: singleBlocks.count) }
    }
    let made = x[t.rows..<x.rows]
    if let start { cache?.keep(made, from: start) }
    return try lastLayer(made, vec: vec)
  }
}

extension FluxTransformer: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try change(&imgIn)
    try change(&txtIn)
    try embedding.changeLayers(change)
    for index in doubleBlocks.indices { try doubleBlocks[index].changeLayers(change) }
    for index in singleBlocks.indices { try singleBlocks[index].changeLayers(change) }
    try lastLayer.changeLayers(change)
  }

  package mutating func changeNorms(_ change: (String, inout Tensor) throws -> Void) rethrows {
    for index in doubleBlocks.indices { try doubleBlocks[index].changeNorms(change) }
    for index in singleBlocks.indices { try singleBlocks[index].changeNorms(change) }
  }
}
