import Checkpoints
import Tensors

/// z → picture: the coarsest resolution first, doubled three times. Reference: diffusers `Decoder`.
struct Decoder: Sendable {
  struct UpBlock: Sendable {
    let blocks: [ResidualBlock]
    let upsample: Convolution?
  }
  private let postQuant: Convolution?
  private let convIn: Convolution
  private let middle: MiddleBlock
  let ups: [UpBlock]
  let imageChannels: Int
  private let normOut: GroupNorm
  private let convOut: Convolution

  init(_ all: Weights, _ configuration: AutoEncoderConfiguration) throws {
    let weights = all["decoder"], channels: [Int] = configuration.channels.reversed(), groups = configuration.groups
    let latents = configuration.latentChannels
    try all.expect(configuration.hasPostQuant, has: "post_quant_conv.weight", "use_post_quant_conv")
    try weights.expect(channels.count, of: "up_blocks", "block_out_channels")
    imageChannels = configuration.imageChannels
    postQuant = configuration.hasPostQuant ? try all.convolution("post_quant_conv", latents, latents, window: 1, padding: (0, 0)) : nil
    convIn = try weights.convolution("conv_in", latents, channels[0])
    middle = try MiddleBlock(weights["mid_block"], configuration)
    ups = try channels.indices.map { index in
      let here = weights["up_blocks", index], inputs = index == 0 ? channels[0] : channels[index - 1], outputs = channels[index]
      try here.expect(configuration.layersPerBlock + 1, of: "resnets", "layers_per_block")
      let blocks = try (0...configuration.layersPerBlock).map {
        try ResidualBlock(here["resnets", $0], $0 == 0 ? inputs : outputs, outputs, groups: groups)
      }
      let upsample = index == channels.count - 1 ? nil : try here["upsamplers", 0].convolution("conv", outputs, outputs)
      return UpBlock(blocks: blocks, upsample: upsample)
    }
    normOut = try GroupNorm(weights["conv_norm_out"], channels[channels.count - 1], groups: groups)
    convOut = try weights.convolution("conv_out", channels[channels.count - 1], configuration.imageChannels)
  }

  /// - Parameters:
  ///   - z: [height·width, 16]
  ///   - tiling: the tiles that the picture is made in; nil for the whole at once
  /// - Returns: [height·8·width·8, 3] and its extent
  func callAsFunction(_ z: Tensor, _ start: Extent, tiling: Tiling?, _ cancellation: Cancellation?) throws -> (Tensor, Extent) {
    var extent = start
    let isTiled = tiling.map { $0.side < max(start.height, start.width) << (ups.count - 1) && ups.count > 1 } ?? false
    let unquantised = try postQuant.map { try $0(Operand(z, $0.encoding), extent) } ?? z
    var x = try middle(convIn(Operand(unquantised, convIn.encoding), extent), extent)
    for (level, up) in ups.enumerated() {
      for block in up.blocks {
        try cancellation?.check()
        x = try block(x, extent)
      }
      if isTiled, let tiling, level + 1 == firstTiled { return try TiledDecoding(decoder: self, tiling: tiling)(x, extent, cancellation) }
      guard let upsample = up.upsample else { continue }
      let wider = Extent(height: extent.height * 2, width: extent.width * 2)
      x = try upsample(doubled(x, extent, as: upsample.encoding), wider)
      extent = wider
    }
    return (try finished(x, extent), extent)
  }

  /// Colours, of what the finest resolution made.
  func finished(_ x: Tensor, _ extent: Extent, _ norms: SharedNorms? = nil) throws -> Tensor {
    try convOut(normOut(x, as: convOut.encoding, norms), extent)
  }
}
