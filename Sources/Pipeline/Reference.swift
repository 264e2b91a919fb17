import Denoising
import Imaging
import Tensors

/// A picture that the model looks at while it paints: what Kontext changes by words. Its tokens stand behind those of what is painted.
public struct Reference: Sendable {
  public var picture: Exhibit
  /// Whether it is brought to the nearest of the sizes that Kontext was trained on.
  public var snaps: Bool

  public init(_ picture: Exhibit, snaps: Bool = true) { (self.picture, self.snaps) = (picture, snaps) }

  /// The size that it is looked at: the one trained on of the nearest aspect, or its own in whole tokens.
  public func size(grain: Int) -> Size? {
    guard let image = picture.image else { return nil }
    guard snaps else { return Size(width: max(image.width / grain, 1) * grain, height: max(image.height / grain, 1) * grain) }
    let aspect = Double(image.width) / Double(image.height)
    return Self.sizes.min { one, other in
      (abs(aspect - Double(one.width) / Double(one.height)), one.width) < (abs(aspect - Double(other.width) / Double(other.height)), other.width)
    }
  }

  /// What Kontext was trained on. Reference: diffusers `PREFERRED_KONTEXT_RESOLUTIONS`.
  public static let sizes = [(672, 1568), (688, 1504), (720, 1456), (752, 1392), (800, 1328), (832, 1248), (880, 1184), (944, 1104), (1024, 1024), (1104, 944), (1184, 880),
                             (1248, 832), (1328, 800), (1392, 752), (1456, 720), (1504, 688), (1568, 672)].map { Size(width: $0, height: $1) }
}

extension FluxPipeline {
  /// The latents of what is looked at, [16, height/8, width/8] each: the middle of what the encoder makes of them.
  func latents(of references: [Reference]) throws -> [Tensor] {
    guard !references.isEmpty else { return [] }
    guard configuration.inputs == configuration.outputs else {
      throw PipelineError.option("reference", "is for Kontext and its like; this is a \(kind) model, which takes a picture in another way")
    }
    if !configuration.hasGuidance { noticeOnce("this model (\(kind)) was not made to look at a reference, as FLUX.1-Kontext is") }
    return try references.map { reference in
      switch reference.picture {
      case .latents(let latents): return latents
      case .image(let image):
        let size = reference.size(grain: 2 * reduction) ?? Size(defaults.size)
        var none: TorchGenerator?
        return try encode(image.resized(width: size.width, height: size.height, .lanczos), sampling: &none)
      }
    }
  }
}
