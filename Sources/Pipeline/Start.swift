import Denoising
import Foundation
import Imaging
import Tensors

/// What a run starts from.
public enum Start: Sendable {
  case noise
  /// A picture, noised for `strength` of the schedule: 1 is all of it, and so text-to-image. Brought to the size asked for.
  case image(Image, strength: Double)
  /// The same, painted only where the mask is light; `keeping` says what becomes of the rest.
  case repaint(Image, mask: Image, strength: Double, keeping: Keeping = .latents)
  /// The middle of a run that painted only a part.
  case resumed(Repaint)

  /// What a repainted picture keeps of the one before.
  public enum Keeping: Sendable, Equatable {
    /// Its latents outside of the mask, which are decoded like the rest.
    case latents
    /// Its pixels where the mask is black, to the byte; grey is a mixture.
    case pixels
    /// The same, but only the mask's surroundings of so many pixels are painted, at the size asked for.
    case pixelsAround(padding: Int)
  }

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
    guard case .repaint(let image, let mask, _, let keeping) = self else { return nil }
    switch keeping {
    case .latents: return nil
    case .pixels: return try RepaintRegion(of: image, mask: mask, size: size)
    case .pixelsAround(let padding): return try RepaintRegion(of: image, mask: mask, padding: padding, size: size)
    }
  }
}

/// Where the latents of a run begin, and what they are painted with.
struct Beginning {
  /// At the schedule's first sigma, [n, 16, height/8, width/8].
  var latents: Tensor
  var schedule: Schedule
  var sampler: any Sampler
  var companions: Companions
}

/// PyTorch's generators of a run: one that draws on for all pictures, or one each. Used in the order of diffusers: for the control pictures,
/// the picture to start from, the noise, the picture to fill.
private struct Draws {
  private(set) var generators: [TorchGenerator]
  /// Pictures.
  let count: Int

  init(_ seeds: Seeds, count: Int) { (generators, self.count) = (seeds.all.map { TorchGenerator(seed: $0) }, count) }

  /// For each picture its own numbers, [n] + shape.
  mutating func each(_ shape: [Int]) -> Tensor {
    if generators.count == 1 { return generators[0].normals([count] + shape) }
    return Tensor.concatenated(generators.indices.map { generators[$0].normals([1] + shape) })
  }

  /// From each generator once, repeated for all pictures of it, [n] + shape.
  mutating func once(_ shape: [Int]) -> Tensor {
    let drawn = Tensor.concatenated(generators.indices.map { generators[$0].normals([1] + shape) })
    return generators.count == 1 ? drawn.expanded(to: [count] + shape) : drawn
  }
}

extension FluxPipeline {
  /// The latents that a request starts from, the part of the schedule that it goes along, and the sampler that goes.
  func beginning(of request: Request, count: Int, size: Size, along schedule: Schedule) throws -> Beginning {
    var draws = Draws(request.seeds, count: count)
    var companions = try shown(request, size: size, &draws)
    guard let (whole, strength) = request.start.picture else { return try beginning(fromNoiseOf: request, size: size, along: schedule, &draws, companions) }
    let part = try schedule.truncated(strength: strength), region = try request.start.region(for: size)
    let picture = try fitted(region?.picture ?? whole, size, "image").resized(width: size.width, height: size.height, .lanczos)
    let original = try sampled(picture) { draws.once($0) }
    let noise = try noise(for: request, size: size, &draws)
    var made = Beginning(latents: Noising.at(part.sigmas[0], original, noise), schedule: part, sampler: request.sampler, companions: companions)
    guard let mask = request.start.mask else {
      guard configuration.kind != "fill" else { throw fillNeeds("mask") }
      return made
    }
    let light = try fitted(region?.paintedMask ?? mask, size, "mask").grey().resized(width: size.width, height: size.height, .lanczos)
    if configuration.kind == "fill" {
      companions.channels = try fillChannels(picture, light, &draws)
      made.companions = companions
    } else {
      made.sampler = Inpainting(request.sampler, Repaint(mask: latentMask(light), original: original, noise: noise))
    }
    return made
  }

  private func beginning(fromNoiseOf request: Request, size: Size, along schedule: Schedule, _ draws: inout Draws, _ companions: Companions) throws -> Beginning {
    if case .resumed(let repaint) = request.start {
      return Beginning(latents: repaint.noise, schedule: schedule, sampler: Inpainting(request.sampler, repaint), companions: companions)
    }
    if configuration.kind == "fill", companions.channels == nil { throw fillNeeds("image") }
    let noise = try noise(for: request, size: size, &draws), first = schedule.sigmas[0]
    // Drawn noise belongs at 1; what is given belongs where the schedule begins, such as the latents of another run.
    return Beginning(latents: first < 1 && request.noise == nil ? first * noise : noise, schedule: schedule, sampler: request.sampler, companions: companions)
  }

  private func fillNeeds(_ option: String) -> PipelineError {
    .option(option, "is missing: this is a Fill model, which paints where a mask is light on a picture; give both 'image' and 'mask'")
  }

  /// Given noise, or numbers of the kind that is asked for: PyTorch's go on where the pictures before them ended, the others are drawn by themselves.
  private func noise(for request: Request, size: Size, _ draws: inout Draws) throws -> Tensor {
    guard request.noise == nil, request.noiseKind == .torch else { return try noise(for: request, count: draws.count, size: size) }
    return draws.each([latentChannels, size.height / reduction, size.width / reduction])
  }

  /// What is shown to the model of its references and controls.
  private func shown(_ request: Request, size: Size, _ draws: inout Draws) throws -> Companions {
    var companions = Companions(channels: request.channels, references: try latents(of: request.references))
    try show(request.controls, size: size, &draws, in: &companions)
    guard companions.channels == nil || companions.references.isEmpty else {
      throw PipelineError.option("reference", "does not go with a control LoRA, which wants a control picture beside every token")
    }
    return companions
  }

  /// What is shown of controls beside latents that somebody else has, [n, 16, height/8, width/8].
  func shown(_ controls: [Control], beside x: Tensor, _ adapters: [LoRAFile]) throws -> Companions {
    var companions = Companions(), draws = Draws(.one(0), count: x.shape[0])
    if controls.isEmpty { return companions }
    try check(controls, beside: adapters)
    try show(controls, size: Size(width: x.shape[3] * reduction, height: x.shape[2] * reduction), &draws, in: &companions)
    return companions
  }

  private func show(_ controls: [Control], size: Size, _ draws: inout Draws, in companions: inout Companions) throws {
    for control in controls {
      let latents: Tensor
      switch control.picture {
      case .latents(let given): latents = given
      case .image(let image):
        let picture = try fitted(image, size, "control").resized(width: size.width, height: size.height, .lanczos)
        if let net = control.net, net.configuration.hint != nil {
          latents = Tensor.stacked(Array(repeating: try engine.hint(of: picture.decoded, by: net), count: draws.count))
        } else {
          latents = try sampled(picture) { draws.each($0) }
        }
      }
      let wanted = [draws.count, latentChannels, size.height / reduction, size.width / reduction]
      guard latents.shape == wanted else { throw PipelineError.option("control", "has latents of the shape \(latents.shape), but \(wanted) are needed") }
      if control.net == nil { companions.channels = latents }
      companions.controls.append(control.net == nil ? nil : latents)
    }
  }

  /// Latents of a picture as the autoencoder draws them, [n, 16, height/8, width/8].
  private func sampled(_ picture: Image, _ draw: ([Int]) -> Tensor) throws -> Tensor {
    let (mean, logVariance) = try engine.encode(picture.decoded), noise = draw(mean.shape)
    return files.vaeConfiguration.scaled(mean + logVariance.mapped { exp(0.5 * $0) } * noise)
  }

  /// What a Fill model sees beside the latents: the picture without what is to be painted, and the mask's pixels in channels, 8×8 at each
  /// latent. Reference: diffusers `FluxFillPipeline.prepare_mask_latents`.
  private func fillChannels(_ picture: Image, _ mask: Image, _ draws: inout Draws) throws -> Tensor {
    let light = mask.pixels.map { Float($0) / 255 < 0.5 ? Float(0) : 1 }
    var left = picture.decoded
    left.withMutableFloats { pixels in for index in pixels.indices where light[index / 3] > 0 { pixels[index] = 0 } }
    let (mean, logVariance) = try engine.encode(left), noise = draws.once(mean.shape)
    let seen = files.vaeConfiguration.scaled(mean + logVariance.mapped { exp(0.5 * $0) } * noise)
    let (height, width, side) = (mask.height / reduction, mask.width / reduction, reduction)
    var folded = Tensor(repeating: 0, [side * side, height, width])
    folded.withMutableFloats { to in
      for inside in 0..<side * side {
        for cell in 0..<height * width {
          to[inside * height * width + cell] = light[(cell / width * side + inside / side) * mask.width + cell % width * side + inside % side]
        }
      }
    }
    return Tensor.stacked((0..<draws.count).map { Tensor.concatenated([seen[$0], folded]) })
  }

  /// The mask at the size of latents, 0 or 1: halves of the light are cut, and the nearest pixel counts.
  private func latentMask(_ large: Image) -> Tensor {
    let (height, width) = (large.height / reduction, large.width / reduction)
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
