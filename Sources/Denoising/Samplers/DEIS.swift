import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// DEIS, table form: a polynomial through the last velocities, not in σ but in the time τ of a variance-preserving diffusion.
/// One evaluation.
/// Zhang and Chen 2022 (DEIS), tAB-DEIS of third order: x += Σⱼ vⱼ·∫ σ′(τ)·ℓⱼ(τ) dτ. Constants and sum are those of ComfyUI.
public struct DEIS: Sampler {
  public let name = NamedSampler.deis.rawValue
  private var history = History(depth: 2)
  public init() {}

  public var state: SamplerState {
    get { history.state }
    set { history.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let here = try velocity(x, step.sigma)
    defer { history.remember(here, at: Double(step.sigma)) }
    guard step.next > 0, history.count > 0 else { return .weighted((1, x), (Double(step.width), here)) }
    let seen = [(sigma: Double(step.sigma), value: here)] + history.entries
    let weights = Self.weights(of: seen.map { Self.time($0.sigma) }, to: Self.time(Double(step.next)))
    return .weighted([(1, x)] + zip(weights, seen).map { ($0, $1.value) })
  }

  // β of the diffusion, b·τ + b₀ at τ, such that σ goes from 0.002 at τ = 0.001 to 80 at τ = 1 (Karras et al. 2022).
  private static let lowest = (sigma: 0.002, time: 1e-3), highest = 80.0
  private static let b = 2 * (log(lowest.sigma * lowest.sigma + 1) / lowest.time - log(highest * highest + 1)) / (lowest.time - 1)
  private static let b0 = log(highest * highest + 1) - b / 2

  /// τ(σ), where σ² = e^(bτ²/2 + b₀τ) − 1.
  private static func time(_ sigma: Double) -> Double { ((b0 * b0 + 2 * b * log(sigma * sigma + 1)).squareRoot() - b0) / b }

  /// dσ/dτ.
  private static func slope(_ time: Double) -> Double {
    let signal = exp(-b * time * time / 2 - b0 * time)      // ᾱ
    return (b * time + b0) / (2 * (signal * (1 - signal)).squareRoot())
  }

  /// Points of the sum that stands for the integral; with both ends and this divisor it is part of the definition.
  private static let points = 10_000

  private static func weights(of times: [Double], to end: Double) -> [Double] {
    let polynomials = times.indices.map { LagrangePolynomial(nodes: times, one: $0) }, width = end - times[0]
    var sums = [Double](repeating: 0, count: times.count)
    for point in 0..<points {
      let time = times[0] + width * Double(point) / Double(points - 1), slope = slope(time)
      for (index, polynomial) in polynomials.enumerated() { sums[index] += slope * polynomial(time) }
    }
    return sums.map { $0 * width / Double(points) }
  }
}
