import Denoising
import Imaging
import Tensors

/// What a run starts from.
public enum Start: Sendable {
  case noise
  /// A picture, noised for `strength` of the schedule: 1 is all of it, and so text-to-image. Brought to the size asked for.
  case image(Image, strength: Double)
  /// The same, painted only where the mask is light; with `padding`, only the mask's surroundings of so many pixels are painted, at the
  /// size asked for, and put back into the picture.
  case repaint(Image, mask: Image, strength: Double, padding: Int? = nil)
  /// The middle of a run that painted only a part.
  case resumed(Repaint)

  var picture: (image: Image, strength: Double)? {
    switch self {
    case .noise, .resumed: nil
    case .image(let image, let strength), .repaint(let image, _, let strength, _): (image, strength)
    }
  }

  var mask: Image? { if case .repaint(_, let mask, _, _) = self { mask } else { nil } }

  /// The part of the picture that is painted, where that is not all of it.
  /// - Parameter size: of what is painted
  public func region(for size: Size) throws -> RepaintRegion? {
    guard case .repaint(let image, let mask, _, let padding?) = self else { return nil }
    return try RepaintRegion(of: image, mask: mask, padding: padding, size: size)
  }
}

/// Where the latents of a run begin, and where they come from.
struct Beginning {
  /// At the schedule's first sigma, [n, 16, height/8, width/8].
  let latents: Tensor
  let schedule: Schedule
  let sampler: any Sampler
}

extension FluxPipeline {
  /// The latents that a request starts from, the part of the schedule that it goes along, and the sampler that goes.
  func beginning(of request: Request, count: Int, size: Size, along schedule: Schedule) throws -> Beginning {
    guard let (whole, strength) = request.start.picture else {
      if case .resumed(let repaint) = request.start {
        return Beginning(latents: repaint.noise, schedule: schedule, sampler: Inpainting(request.sampler, repaint))
      }
      let noise = try noise(for: request, count: count, size: size), first = schedule.sigmas[0]
      // Drawn noise belongs at 1; what is given belongs where the schedule begins, such as the latents of another run.
      let latents = first < 1 && request.noise == nil ? first * noise : noise
      return Beginning(latents: latents, schedule: schedule, sampler: request.sampler)
    }
    let part = try schedule.truncated(strength: strength), region = try request.start.region(for: size)
    let (original, noise) = try originals(region?.picture ?? whole, for: request, count: count, size: size)
    let latents = Noising.at(part.sigmas[0], original, noise)
    guard let mask = request.start.mask else { return Beginning(latents: latents, schedule: part, sampler: request.sampler) }
    let repaint = Repaint(mask: try latentMask(region?.paintedMask ?? mask, size), original: original, noise: noise)
    return Beginning(latents: latents, schedule: part, sampler: Inpainting(request.sampler, repaint))
  }

  /// The picture's latents and the noise. The generator is used for the picture first, then for the noise, as diffusers does.
  private func originals(_ image: Image, for request: Request, count: Int, size: Size) throws -> (Tensor, Tensor) {
    let fitted = try fitted(image, size, "image").resized(width: size.width, height: size.height, .lanczos)
    let shape = [latentChannels, size.height / reduction, size.width / reduction]
    let given = request.noise == nil ? nil : try noise(for: request, count: count, size: size)
    var originals: [Tensor] = [], noises: [Tensor] = []
    for seed in request.seeds.all {
      var generator: TorchGenerator? = TorchGenerator(seed: seed)
      originals.append(try encode(fitted, sampling: &generator))
      // PyTorch's CPU generator goes on after the picture; the others draw their noise by themselves.
      let several = request.seeds.all.count == 1 ? count : 1
      let drawn = request.noiseKind == .torch ? generator?.normals([several] + shape) : nil
      noises.append(drawn ?? request.noiseKind.normals(seed: seed, count: several, shape))
    }
    let original = originals.count == 1 ? originals[0].reshaped([1] + shape).expanded(to: [count] + shape) : Tensor.stacked(originals)
    return (original, given ?? Tensor.concatenated(noises))
  }

  /// The mask at the size of latents, 0 or 1: halves of the light are cut, and the nearest pixel counts.
  private func latentMask(_ mask: Image, _ size: Size) throws -> Tensor {
    let large = try fitted(mask, size, "mask").grey().resized(width: size.width, height: size.height, .lanczos)
    let (height, width) = (size.height / reduction, size.width / reduction)
    var cells: [Float] = []
    for row in 0..<height {
      for column in 0..<width {
        let light = Float(large.pixels[row * reduction * large.width + column * reduction]) / 255
        cells.append(light < 0.5 ? 0 : 1)
      }
    }
    return Tensor([1, 1, height, width], cells)
  }

  /// A picture whose aspect is off by more than this is not what was meant.
  private static let aspectTolerance = 0.02

  private func fitted(_ image: Image, _ size: Size, _ option: String) throws -> Image {
    let given = Double(image.width) / Double(image.height), wanted = Double(size.width) / Double(size.height)
    guard abs(given / wanted - 1) <= Self.aspectTolerance else {
      throw PipelineError.option(option, "is \(image.width)x\(image.height), but the size is \(size): crop it, or give a size of the same aspect")
    }
    return image
  }
}
