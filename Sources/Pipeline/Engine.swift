import Conditioning
import Denoising
import Imaging
import Models
import Tensors

/// The heavy work of a pipeline, by what goes in and what comes out: done by a model's own parts (`ModelEngine`), or only
/// counted (`StandInEngine`). Everything else (options, schedules, samplers, hooks) is the same for both.
protocol Engine: AnyObject {
  /// What padded token ids mean: T5's states [t5.count, width], and CLIP's pooled state [width].
  func encode(t5: [Int], clip: [Int], adapters: [Adaptation.Share]) throws -> (sequence: Tensor, pooled: Tensor)
  /// The velocity of one picture's latents [16, height/8, width/8]; with a cache, blocks may be spared.
  func velocity(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?, aside: Aside, adapters: [Adaptation.Share],
                cache: inout FirstBlockCache?) throws -> Tensor
  /// What a ControlNet adds to the blocks for those latents; nil where it is only counted.
  func residuals(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, _ view: ControlView) throws -> Residuals?
  /// What a ControlNet that looks at pixels makes of a picture [height, width, 3] in [−1, 1], in the place of latents.
  func hint(of picture: Tensor, by net: ControlNetFile) throws -> Tensor
  /// The text tokens that Redux makes of a picture [side, side, 3] in [−1, 1].
  func tokens(of picture: Tensor, by file: ReduxFile) throws -> Tensor
  /// A picture in [−1, 1], [height, width, 3], of latents [16, height/8, width/8].
  /// - Parameter tile: pixels along each side of the tiles that it is made in; nil for the whole at once
  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor
  /// The distribution of z of a picture in [−1, 1], [height, width, 3]: mean and log-variance, [16, height/8, width/8].
  func encode(_ picture: Tensor) throws -> (mean: Tensor, logVariance: Tensor)
  /// A guess at the picture of latents [16, height/8, width/8].
  func preview(_ latents: Tensor) throws -> Image
}
