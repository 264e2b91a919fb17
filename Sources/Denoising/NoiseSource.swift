import Tensors

/// Where a stochastic sampler's noise comes from: drawn one after the other, and drawn again alike after a resume.
///
/// ```swift
/// DPMPP2MSDE(eta: 0.5)                                               // generators of its own, seeded from the pictures' seeds
/// DPMPP2MSDE(noise: NoiseSource { draw, shape in table[draw] })      // what the caller gives, draw 0 first
/// ```
public struct NoiseSource {
  /// How many tensors were drawn: all that a checkpoint must keep.
  public private(set) var drawn = 0
  private let given: ((_ draw: Int, _ shape: [Int]) throws -> Tensor)?
  private var generators: [TorchGenerator] = []

  /// The steps' noise comes from the seed after the picture's, as in ComfyUI on a CPU, so that it is not the noise at the start again.
  private static let seedOffset: Int64 = 1

  public init() { given = nil }

  /// - Parameter given: the noise of a draw, counted from 0, in the shape of the latents. The same whenever it is asked for the same draw.
  public init(_ given: @escaping (_ draw: Int, _ shape: [Int]) throws -> Tensor) { self.given = given }

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
      generators = seeds.map { TorchGenerator(seed: $0 &+ Self.seedOffset) }
      for _ in 0..<drawn { _ = draw(shape) }
    }
    return draw(shape)
  }

  /// From one generator for all pictures, or from one each, as the noise at the start.
  private mutating func draw(_ shape: [Int]) -> Tensor {
    guard generators.count > 1 else { return generators[0].normals(shape) }
    let one = Array(shape.dropFirst())
    return Tensor.stacked(generators.indices.map { generators[$0].normals(one) })
  }

  var state: SamplerState {
    get { SamplerState(numbers: ["noise.drawn": Double(drawn)]) }
    set { (drawn, generators) = (max(0, Int(exactly: newValue.numbers["noise.drawn"] ?? 0) ?? 0), []) }
  }
}
