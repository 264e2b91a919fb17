import Checkpoints
import Tensors

/// Picture → distribution of z: the finest resolution first, halved three times. Reference: diffusers `Encoder`.
struct Encoder: Sendable {
  private struct DownBlock: Sendable {
    let blocks: [ResidualBlock]
    let downsample: Convolution?
  }
  private let convIn: Convolution
  private let downs: [DownBlock]
  private let middle: MiddleBlock
  private let normOut: GroupNorm
  private let convOut: Convolution
  private let quant: Convolution?

  init(_ all: Weights, _ configuration: AutoEncoderConfiguration) throws {
    let weights = all["encoder"], channels = configuration.channels, groups = configuration.groups
    let latents = configuration.latentChannels, last = channels[channels.count - 1]
    try all.expect(configuration.hasQuant, has: "quant_conv.weight", "use_quant_conv")
    try weights.expect(channels.count, of: "down_blocks", "block_out_channels")
    convIn = try weights.convolution("conv_in", configuration.imageChannels, channels[0])
    downs = try channels.indices.map { index in
      let here = weights["down_blocks", index], inputs = index == 0 ? channels[0] : channels[index - 1], outputs = channels[index]
      try here.expect(configuration.layersPerBlock, of: "resnets", "layers_per_block")
      let blocks = try (0..<configuration.layersPerBlock).map {
        try ResidualBlock(here["resnets", $0], $0 == 0 ? inputs : outputs, outputs, groups: groups)
      }
      // Halving pads one row and column of zeros after the picture, none before it.
      let downsample = index == channels.count - 1 ? nil
        : try here["downsamplers", 0].convolution("conv", outputs, outputs, stride: 2, padding: (0, 1))
      return DownBlock(blocks: blocks, downsample: downsample)
    }
    middle = try MiddleBlock(weights["mid_block"], configuration)
    normOut = try GroupNorm(weights["conv_norm_out"], last, groups: groups)
    convOut = try weights.convolution("conv_out", last, 2 * latents)
    quant = configuration.hasQuant ? try all.convolution("quant_conv", 2 * latents, 2 * latents, window: 1, padding: (0, 0)) : nil
  }

  /// - Parameter picture: [height·width, 3] in [−1, 1]
  /// - Returns: means, then log-variances: [height/8·width/8, 32], and its extent
  func callAsFunction(_ picture: Tensor, _ start: Extent, _ cancellation: Cancellation?) throws -> (Tensor, Extent) {
    var extent = start
    var x = try convIn(Operand(picture, convIn.encoding), extent)
    for down in downs {
      for block in down.blocks {
        try cancellation?.check()
        x = try block(x, extent)
      }
      guard let downsample = down.downsample else { continue }
      x = try downsample(Operand(x, downsample.encoding), extent)
      extent = downsample.extent(of: extent)
    }
    x = try middle(x, extent)
    let made = try convOut(normOut(x, as: convOut.encoding), extent)
    return (try quant.map { try $0(Operand(made, $0.encoding), extent) } ?? made, extent)
  }
}
