import Tensors

/// Where a stochastic sampler's noise comes from: drawn one after the other, and drawn again alike after a resume.
///
/// ```swift
/// DPMPP2MSDE(eta: 0.5)                                               // generators of its own, seeded from the pictures' seeds
/// DPMPP2MSDE(noise: NoiseSource(.a1111))                             // the same, whose numbers are another program's
/// DPMPP2MSDE(noise: NoiseSource { draw, shape in table[draw] })      // what the caller gives, draw 0 first
/// ```
public struct NoiseSource {
  /// How many tensors were drawn: all that a checkpoint must keep.
  public private(set) var drawn = 0
  private let given: ((_ draw: Int, _ shape: [Int]) throws -> Tensor)?
  private let kind: NoiseKind
  private var generators: [Generator] = []

  /// - Parameter kind: whose random numbers the pictures' seeds mean. PyTorch's on a CPU come from the seed after the picture's, as in
  ///   ComfyUI there; a card's and the web UI's go on where the noise at the start ended, as in diffusers and there. None is the noise
  ///   at the start again.
  public init(_ kind: NoiseKind = .torch) { (self.kind, given) = (kind, nil) }

  /// - Parameter given: the noise of a draw, counted from 0, in the shape of the latents. The same whenever it is asked for the same draw.
  public init(_ given: @escaping (_ draw: Int, _ shape: [Int]) throws -> Tensor) { (kind, self.given) = (.torch, given) }

  /// Normal numbers in the shape of the step's latents.
  mutating func next(for step: Step) throws -> Tensor {
    let shape = step.latents.shape
    defer { drawn += 1 }
    guard let given else { return seeded(for: step) }
    let noise = try given(drawn, shape)
    guard noise.shape == shape else { throw DenoisingError.shape(what: "noise", expected: shape, got: noise.shape) }
    return noise
  }

  private mutating func seeded(for step: Step) -> Tensor {
    let shape = step.latents.shape
    if generators.isEmpty {
      let seeds = step.seeds.isEmpty ? [0] : step.seeds
      generators = seeds.map { Generator(kind, seed: $0) }
      for _ in 0..<drawn + (kind.stepsFollowTheStart ? 1 : 0) { _ = draw(shape) }
    }
    return draw(shape)
  }

  /// From one generator for all pictures, or from one each, as the noise at the start.
  private mutating func draw(_ shape: [Int]) -> Tensor {
    guard generators.count > 1 else { return generators[0].normals(shape) }
    let one = Array(shape.dropFirst())
    return Tensor.concatenated(generators.indices.map { generators[$0].normals([1] + one) })
  }

  var state: SamplerState {
    get { SamplerState(numbers: ["noise.drawn": Double(drawn)]) }
    set { (drawn, generators) = (max(0, Int(exactly: newValue.numbers["noise.drawn"] ?? 0) ?? 0), []) }
  }
}

extension NoiseKind {
  /// Whether one generator draws the noise at the start and then that of the steps.
  fileprivate var stepsFollowTheStart: Bool {
    switch self { case .torch, .torchBF16: false; case .cuda, .a1111: true }
  }
}

/// What draws the noise of one seed, step by step.
private enum Generator {
  case torch(TorchGenerator, rounded: Bool), cuda(PhiloxGenerator), a1111(seed: Int64, drawn: Int)

  /// The steps' noise comes from the seed after the picture's, as in ComfyUI on a CPU, so that it is not the noise at the start again.
  private static let seedOffset: Int64 = 1

  init(_ kind: NoiseKind, seed: Int64) {
    switch kind {
    case .torch, .torchBF16: self = .torch(TorchGenerator(seed: seed &+ Self.seedOffset), rounded: kind == .torchBF16)
    case .cuda(let threads): self = .cuda(PhiloxGenerator(seed: seed, residentThreads: threads))
    case .a1111: self = .a1111(seed: seed, drawn: 0)
    }
  }

  /// The next noise, [pictures, …].
  mutating func normals(_ shape: [Int]) -> Tensor {
    switch self {
    case .torch(var generator, let rounded):
      let noise = generator.normals(shape)
      self = .torch(generator, rounded: rounded)
      return rounded ? noise.roundedToBF16 : noise
    case .cuda(var generator):
      let noise = generator.normals(shape)
      self = .cuda(generator)
      return noise
    case .a1111(let seed, let drawn):
      self = .a1111(seed: seed, drawn: drawn + 1)
      return Tensor.stacked((0..<shape[0]).map { PhiloxGenerator.firstLane(seed: seed &+ Int64($0), draw: drawn, Array(shape.dropFirst())) })
    }
  }
}
