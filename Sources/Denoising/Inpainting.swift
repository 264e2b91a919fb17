import Tensors

/// What stays as it is while only a part of a picture is painted.
public struct Repaint: Sendable {
  /// 1 where it paints, [1, 1, height/8, width/8].
  public let mask: Tensor
  /// The picture's latents and the noise of the start, [n, 16, height/8, width/8].
  public let original: Tensor, noise: Tensor

  public init(mask: Tensor, original: Tensor, noise: Tensor) { (self.mask, self.original, self.noise) = (mask, original, noise) }
}

/// A sampler that paints only where a mask is: after each step, what is outside is the original again, noised as the step left it.
/// Reference: diffusers `FluxInpaintPipeline`.
public struct Inpainting: Sampler {
  private var inner: any Sampler
  public let repaint: Repaint

  public init(_ inner: any Sampler, _ repaint: Repaint) { (self.inner, self.repaint) = (inner, repaint) }

  public var name: String { inner.name }
  public var state: SamplerState {
    get { inner.state }
    set { inner.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let made = try inner.advance(x, over: step, along: velocity)
    let kept = Noising.at(step.next, repaint.original, repaint.noise)
    return (1 - repaint.mask) * kept + repaint.mask * made
  }
}

/// Latents between a picture and noise.
public enum Noising {
  /// σ·noise + (1 − σ)·picture. Reference: diffusers `FlowMatchEulerDiscreteScheduler.scale_noise`.
  public static func at(_ sigma: Float, _ picture: Tensor, _ noise: Tensor) -> Tensor {
    picture.zipped(with: noise) { sigma * $1 + (1 - sigma) * $0 }
  }
}
