import Tensors

/// Latents ↔ tokens: every 2×2 patch of the 16 channels is one token of 64, in the order (channel, row, column).
/// Reference: diffusers `FluxPipeline._pack_latents`.
package enum Packing {
  /// [channels, height, width] → [(height/2)·(width/2), channels·4]; height and width even.
  package static func tokens(_ latents: Tensor) -> Tensor {
    rearranged(from: latents, channels: latents.shape[0], height: latents.shape[1], width: latents.shape[2], packing: true)
  }

  /// The way back.
  package static func latents(_ tokens: Tensor, height: Int, width: Int) -> Tensor {
    rearranged(from: tokens, channels: tokens.width / 4, height: height, width: width, packing: false)
  }

  private static func rearranged(from x: Tensor, channels: Int, height: Int, width: Int, packing: Bool) -> Tensor {
    precondition(height % 2 == 0 && width % 2 == 0, "latents of \(height)×\(width) have no 2×2 patches")
    let columns = width / 2
    var y = Tensor(uninitialized: packing ? [height / 2 * columns, channels * 4] : [channels, height, width])
    x.withFloats { from in
      y.withMutableFloats { to in
        for c in 0..<channels { for r in 0..<height { for w in 0..<width {
          let latent = (c * height + r) * width + w
          let token = ((r / 2) * columns + w / 2) * channels * 4 + c * 4 + (r % 2) * 2 + w % 2
          if packing { to[token] = from[latent] } else { to[latent] = from[token] }
        } } }
      }
    }
    return y
  }
}
