import Checkpoints
import Tensors

/// What a ControlNet of XLabs sees of a picture: convolutions that halve it three times, instead of the autoencoder.
/// Reference: diffusers `ControlNetConditioningEmbedding`, as `FluxControlNetModel` uses it.
struct ControlHint: Sendable {
  static let name = "input_hint_block"

  private let layers: [Convolution]

  /// - Parameter channels: of what comes out
  init(_ weights: Weights, channels: Int) throws {
    // Sixteen channels all the way; every second of the blocks halves the picture.
    let width = 16, blocks = 6
    try weights.expect(blocks, of: "blocks", "conditioning_embedding_channels")
    layers = try [weights.convolution("conv_in", 3, width)]
      + (0..<blocks).map { try weights.convolution("blocks.\($0)", width, width, stride: $0 % 2 == 0 ? 1 : 2) }
      + [weights.convolution("conv_out", width, channels)]
  }

  /// - Parameter picture: [height, width, 3] in [−1, 1], sides multiples of 8
  /// - Returns: [channels, height/8, width/8]
  func callAsFunction(_ picture: Tensor) throws -> Tensor {
    var extent = Extent(height: picture.shape[0], width: picture.shape[1])
    var x = Operand(picture.reshaped([extent.area, picture.shape[2]]), layers[0].encoding)
    for layer in layers.dropLast() {
      let made = try layer(x, extent)
      extent = layer.extent(of: extent)
      x = made.silu(as: Intake(layer.encoding))
    }
    let last = layers[layers.count - 1]
    return channelsFirst(try last(x, extent), last.extent(of: extent))
  }
}
