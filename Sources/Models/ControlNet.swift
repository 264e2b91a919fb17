import Checkpoints
import Tensors

/// The sizes of a ControlNet, read from its config.json. Reference: diffusers `FluxControlNetModel`.
package struct ControlNetConfiguration: Sendable, Equatable {
  /// Those that it has in common with a transformer.
  package let flux: FluxConfiguration
  /// How many kinds of pictures it tells apart by a number; nil for one that is made for one kind.
  package let modes: Int?

  /// Channels that a network of XLabs, which looks at pixels, makes of them; nil for one that looks at latents (InstantX, Shakker).
  package let hint: Int?

  package init(_ settings: Settings) throws {
    hint = settings.has("conditioning_embedding_channels") ? try settings.whole("conditioning_embedding_channels", 1...1024) : nil
    flux = try FluxConfiguration(settings, patch: hint == nil ? 1 : 2)
    modes = settings.has("num_mode") ? try settings.whole("num_mode", 1...1024) : nil
    if let hint, 4 * hint != flux.inputs {
      throw CheckpointError.setting(settings.file, "conditioning_embedding_channels", "must be a quarter of in_channels (\(flux.inputs)), got \(hint)")
    }
  }

  /// Operations of one call: the blocks', and a product of width² behind each for the picture's tokens.
  package func operations(text: Int, image: Int) -> Double {
    let width = Double(flux.width)
    return flux.operations(text: text + (modes == nil ? 0 : 1), image: image) + 2 * width * width * Double((flux.doubleBlocks + flux.singleBlocks) * image)
  }
}

/// A network beside the transformer that looks at a picture of what is wanted, such as edges, a depth map or a pose, and adds to
/// what the transformer's blocks make. Zhang et al. 2023; reference: diffusers `FluxControlNetModel`.
package struct ControlNet: Sendable {
  package let configuration: ControlNetConfiguration
  private let imgIn: Linear, controlIn: Linear, txtIn: Linear
  private let embedding: TimestepEmbedding
  private let doubleBlocks: [DoubleStreamBlock], singleBlocks: [SingleStreamBlock]
  private let doubleOut: [Linear], singleOut: [Linear]
  /// One text token for each mode, [modes, width].
  private let modes: Tensor?
  private let hint: ControlHint?

  /// Where the modes are.
  static let modeName = "controlnet_mode_embedder.weight"

  package init(_ weights: Weights, _ configuration: ControlNetConfiguration) throws {
    let c = configuration.flux, width = c.width
    self.configuration = configuration
    try weights.expect(c.doubleBlocks, of: "transformer_blocks", "num_layers")
    try weights.expect(c.singleBlocks, of: "single_transformer_blocks", "num_single_layers")
    try weights.expect(c.hasGuidance, has: "time_text_embed.guidance_embedder.linear_1.weight", "guidance_embeds")
    let edges = weights.unquantised
    imgIn = try edges.linear("x_embedder", inputs: c.inputs, outputs: width)
    controlIn = try edges.linear("controlnet_x_embedder", inputs: c.inputs, outputs: width)
    txtIn = try edges.linear("context_embedder", inputs: c.sequenceWidth, outputs: width)
    embedding = try TimestepEmbedding(weights["time_text_embed"], c)
    doubleBlocks = try (0..<c.doubleBlocks).map { try DoubleStreamBlock(weights["transformer_blocks", $0], c) }
    singleBlocks = try (0..<c.singleBlocks).map { try SingleStreamBlock(weights["single_transformer_blocks", $0], c) }
    doubleOut = try (0..<c.doubleBlocks).map { try weights.linear("controlnet_blocks.\($0)", inputs: width, outputs: width) }
    singleOut = try (0..<c.singleBlocks).map { try weights.linear("controlnet_single_blocks.\($0)", inputs: width, outputs: width) }
    modes = try configuration.modes.map { try weights.tensor(Self.modeName, [$0, width]) }
    hint = try configuration.hint.map { try ControlHint(edges[ControlHint.name], channels: $0) }
  }

  /// What a network that looks at pixels makes of them, in the place of latents: [channels, height/8, width/8]; nil for one that does not.
  /// - Parameter picture: [height, width, 3] in [−1, 1]
  package func hint(of picture: Tensor) throws -> Tensor? { try hint?(picture) }

  /// - Parameters:
  ///   - img: the latents' tokens, [tokens, inputs]
  ///   - control: the control picture's, of the same shape; its hint's for a network that looks at pixels
  ///   - mode: which kind of picture it is, from 0, where the network has modes
  ///   - rotary: with a place for the mode's token before the text
  package func callAsFunction(img: Tensor, control: Tensor, txt: Tensor, pooled: Tensor, timestep: Float, guidance: Float?, mode: Int?, rotary: Rotary,
                              cancellation: Cancellation? = nil) throws -> Residuals {
    let vec = try embedding(timestep: timestep, guidance: guidance, pooled: pooled).silu(as: .f32).tensor
    var i = try imgIn(img), t = try txtIn(txt)
    i.add(try controlIn(control))
    if let mode, let modes { t = Tensor.concatenated([modes[mode..<mode + 1], t]) }
    var residuals = Residuals(takesTurns: hint != nil)
    for (block, out) in zip(doubleBlocks, doubleOut) {
      try cancellation?.check()
      try block(img: &i, txt: &t, vec: vec, rotary: rotary)
      residuals.double.append(try out(i))
    }
    if singleBlocks.isEmpty { return residuals }
    var x = Tensor.concatenated([t, i])
    for (block, out) in zip(singleBlocks, singleOut) {
      try cancellation?.check()
      try block(&x, vec: vec, rotary: rotary)
      residuals.single.append(try out(x[t.rows..<x.rows]))
    }
    return residuals
  }
}

/// What a ControlNet adds to the picture's tokens behind the transformer's blocks.
package struct Residuals: Sendable {
  /// [tokens, width] each, for double and for single blocks.
  package fileprivate(set) var double: [Tensor] = [], single: [Tensor] = []
  /// How much of them.
  package var scale: Float = 1
  /// Whether they are taken in turns, as XLabs does; else several blocks that follow each other share one.
  fileprivate let takesTurns: Bool

  /// Reference: diffusers `FluxTransformer2DModel.forward`, `controlnet_blocks_repeat`.
  package func add(_ all: [Tensor], to x: inout Tensor, from first: Int = 0, behind block: Int, of blocks: Int) {
    guard !all.isEmpty else { return }
    let sharing = (blocks + all.count - 1) / all.count
    x.add(all[takesTurns ? block % all.count : block / sharing], gate: Tensor(repeating: scale, [x.width]), from: first)
  }
}
