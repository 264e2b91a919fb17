import Checkpoints
import Tensors

/// The sizes of an autoencoder, read from its config.json. Reference: diffusers `AutoencoderKL`.
public struct AutoEncoderConfiguration: Sendable, Equatable {
  /// Channels at each resolution, the finest first.
  public let channels: [Int]
  public let layersPerBlock: Int
  public let latentChannels: Int
  public let groups: Int
  public let imageChannels: Int
  public let scale: Float
  public let shift: Float
  let attends: Bool, hasQuant: Bool, hasPostQuant: Bool

  package init(_ settings: Settings) throws {
    channels = try settings.wholes("block_out_channels", 1...16384)
    layersPerBlock = try settings.whole("layers_per_block", 1...64, standard: 1)
    latentChannels = try settings.whole("latent_channels", 1...1024, standard: 4)
    groups = try settings.whole("norm_num_groups", 1...1024, standard: 32)
    imageChannels = try settings.whole("out_channels", 1...64, standard: 3)
    scale = Float(try settings.real("scaling_factor"))
    shift = Float(try settings.real("shift_factor", standard: 0))
    attends = try settings.flag("mid_block_add_attention", standard: true)
    hasQuant = try settings.flag("use_quant_conv", standard: true)
    hasPostQuant = try settings.flag("use_post_quant_conv", standard: true)
    try settings.expect("act_fn", "silu", standard: "silu")
    guard scale != 0 else { throw CheckpointError.setting(settings.file, "scaling_factor", "must not be 0") }
    guard let odd = channels.first(where: { $0 % groups != 0 }) else { return }
    throw CheckpointError.setting(settings.file, "block_out_channels", "must be multiples of norm_num_groups (\(groups)), got \(odd)")
  }

  /// Pixels along each side of one latent.
  package var reduction: Int { 1 << (channels.count - 1) }

  /// Latents from z: what the transformer was trained on.
  package func scaled(_ z: Tensor) -> Tensor { z.mapped { ($0 - shift) * scale } }
}

extension AutoEncoderConfiguration {
  /// Operations of the encoder, by its convolutions; the decoder has about twice as many. A window is 3×3, and each resolution has a
  /// quarter of the pixels of the one before.
  package func operations(pixels: Int) -> Double {
    channels.enumerated().reduce(0) { sum, level in
      sum + 2 * 9 * Double(2 * layersPerBlock * level.element * level.element) * Double(pixels) / pow4(level.offset)
    }
  }

  /// Operations of the decoder, by its convolutions: a resolution has one block more than in the encoder, and its first one takes what the
  /// coarser resolution made.
  package func decodingOperations(pixels: Int) -> Double {
    channels.indices.reversed().reduce(0) { sum, level in
      let own = Double(channels[level]), coarser = Double(channels[min(level + 1, channels.count - 1)])
      let blocks = coarser * own + Double(2 * layersPerBlock + 1) * own * own, doubling = level > 0 ? 4 * own * own : 0
      return sum + 2 * 9 * (blocks + doubling) * Double(pixels) / pow4(level)
    }
  }

  private func pow4(_ exponent: Int) -> Double { Double(1 << (2 * exponent)) }
}

/// Pictures ↔ latents. Rombach et al. 2022; reference: diffusers `AutoencoderKL`.
package struct AutoEncoder: Sendable {
  package let configuration: AutoEncoderConfiguration
  private let encoder: Encoder?
  private let decoder: Decoder

  package init(_ weights: Weights, _ configuration: AutoEncoderConfiguration) throws {
    self.configuration = configuration
    decoder = try Decoder(weights, configuration)
    encoder = weights.has("encoder.conv_in.weight") ? try Encoder(weights, configuration) : nil
  }

  /// A picture in [−1, 1] before clamping, [height, width, 3], from latents [16, height/8, width/8].
  /// - Parameter tiling: tiles, which take less memory; nil for the whole picture at once
  package func decode(_ latents: Tensor, tiling: Tiling? = nil, cancellation: Cancellation? = nil) throws -> Tensor {
    try decodeUnscaled(latents.mapped { $0 / configuration.scale + configuration.shift }, tiling: tiling, cancellation: cancellation)
  }

  /// The decoder alone, from z as the encoder makes it.
  package func decodeUnscaled(_ z: Tensor, tiling: Tiling? = nil, cancellation: Cancellation? = nil) throws -> Tensor {
    let extent = Extent(height: z.shape[1], width: z.shape[2])
    let (rows, made) = try decoder(channelsLast(z), extent, tiling: tiling, cancellation)
    return rows.reshaped([made.height, made.width, rows.width])
  }

  /// The distribution of z for a picture in [−1, 1], [height, width, 3]; height and width multiples of the reduction.
  /// - Returns: mean and log-variance, each [16, height/8, width/8]
  package func encode(_ picture: Tensor, cancellation: Cancellation? = nil) throws -> (mean: Tensor, logVariance: Tensor) {
    guard let encoder else { throw CheckpointError.malformed("vae", "holds only a decoder: pictures cannot be encoded with it") }
    let extent = Extent(height: picture.shape[0], width: picture.shape[1])
    let (rows, made) = try encoder(picture.reshaped([extent.area, picture.shape[2]]), extent, cancellation)
    let both = channelsFirst(rows, made)
    let channels = configuration.latentChannels
    return (both[0..<channels], both[channels..<2 * channels].mapped { min(max($0, -30), 20) })
  }

}

/// [channels, height, width] → [height·width, channels].
func channelsLast(_ x: Tensor) -> Tensor { transposed(x.reshaped([x.shape[0], x.shape[1] * x.shape[2]])) }

/// [height·width, channels] → [channels, height, width].
func channelsFirst(_ x: Tensor, _ extent: Extent) -> Tensor { transposed(x).reshaped([x.width, extent.height, extent.width]) }

private func transposed(_ x: Tensor) -> Tensor {
  let (rows, columns) = (x.shape[0], x.shape[1])
  var y = Tensor(uninitialized: [columns, rows])
  x.withFloats { from in
    y.withMutableFloats { to in
      for r in 0..<rows { for c in 0..<columns { to[c * rows + r] = from[r * columns + c] } }
    }
  }
  return y
}
