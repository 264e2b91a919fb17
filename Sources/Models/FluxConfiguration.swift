import Checkpoints

/// The sizes of a FLUX.1 transformer, read from its config.json. A model variant is a value of this, not a subclass.
/// Reference: diffusers `FluxTransformer2DModel`.
public struct FluxConfiguration: Sendable, Equatable {
  public let headCount: Int
  public let headDepth: Int
  public let doubleBlocks: Int
  public let singleBlocks: Int
  /// Features of a token that goes in: 64 latents, plus 64 of a control image or 320 of a picture to fill.
  public let inputs: Int
  /// Features of the velocity of a token.
  public let outputs: Int
  /// Width of the T5 sequence.
  public let sequenceWidth: Int
  /// Width of the pooled CLIP embedding.
  public let pooledWidth: Int
  /// Whether the guidance scale is an input (dev) or not (schnell).
  public let hasGuidance: Bool
  /// How many of a head's channels turn with each axis of a position (index, row, column).
  public let axes: [Int]

  public var width: Int { headCount * headDepth }

  /// - Parameter patch: the `patch_size` that goes with what is read
  package init(_ settings: Settings, patch: Int = 1) throws {
    headCount = try settings.whole("num_attention_heads", 1...1024, standard: 24)
    headDepth = try settings.whole("attention_head_dim", 2...1024, standard: 128)
    doubleBlocks = try settings.whole("num_layers", 0...1024, standard: 19)
    singleBlocks = try settings.whole("num_single_layers", 0...1024, standard: 38)
    inputs = try settings.whole("in_channels", 4...65536, standard: 64)
    outputs = try settings.whole("out_channels", 4...65536, standard: inputs)
    sequenceWidth = try settings.whole("joint_attention_dim", 1...65536, standard: 4096)
    pooledWidth = try settings.whole("pooled_projection_dim", 1...65536, standard: 768)
    hasGuidance = try settings.flag("guidance_embeds", standard: false)
    axes = try settings.wholes("axes_dims_rope", 2...1024, standard: [16, 56, 56])
    guard axes.count == 3, axes.allSatisfy({ $0 % 2 == 0 }), axes.reduce(0, +) == headDepth else {
      throw CheckpointError.setting(settings.file, "axes_dims_rope", "must be three even numbers that add up to attention_head_dim (\(headDepth)), got \(axes)")
    }
    guard try settings.whole("patch_size", 1...8, standard: patch) == patch else {
      throw CheckpointError.setting(settings.file, "patch_size", "must be \(patch): packing is 2×2 in every FLUX.1 model")
    }
  }
}

extension FluxConfiguration {
  /// Operations of one call of the transformer, multiplications and additions each, by its products: a block's matrices hold 12·width²
  /// parameters for each token (twice in a double block, half of them for text), and attention takes tokens²·width twice.
  /// - Parameter blocks: fewer than there are
  package func operations(text: Int, image: Int, blocks: FluxTransformer.Depth? = nil) -> Double {
    let tokens = Double(text + image), width = Double(width), depth = blocks ?? .init(double: doubleBlocks, single: singleBlocks)
    let block = 2 * (12 * width * width * tokens + 2 * tokens * tokens * width)
    let edges = 2 * width * (Double(text * sequenceWidth) + Double(image * (inputs + outputs)))
    return Double(min(depth.double, doubleBlocks) + min(depth.single, singleBlocks)) * block + edges
  }
}
