import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// The extended reverse-time SDE's solver: Taylor's series of the denoised picture in l = σ/(1 − σ), to the second derivative, and
/// fresh noise of a chosen size. One evaluation.
/// Cui et al. 2023 (Elucidating the solution space of extended reverse-time SDE), ER-SDE-Solver-3, φ being the noise scale:
/// r = φ(lₜ)/φ(lₛ), Δ = lₜ − lₛ, I = ∫ dl/φ and J = ∫ (l − lₛ)/φ dl from lₜ to lₛ,
/// x ← (1 − t)/(1 − s)·r·x + (1 − t)·[(1 − r)·D + (Δ + I·φ(lₜ))·D′ + (Δ²/2 + J·φ(lₜ))·D″ + √(lₜ² − lₛ²r²)·z].
public struct ERSDE: Sampler {
  /// How much of the noise is renewed, as the function φ(l).
  public enum Scale: Sendable, Equatable {
    /// l·(e^(l^0.3) + 10): the paper's best.
    case extended
    /// l^(1 + η): the reverse-time SDE at 1, the flow without noise at 0.
    case reverse(eta: Double)

    func callAsFunction(_ l: Double) -> Double {
      switch self {
      case .extended: l * (exp(pow(l, 0.3)) + 10)
      case .reverse(let eta): pow(l, 1 + eta)
      }
    }
  }

  public let name = NamedSampler.erSDE.rawValue
  public let scale: PerStep<Scale>, sNoise: PerStep<Double>
  private var history = History(depth: 2)
  private var noise: NoiseSource

  /// Points of the sums that stand for I and J; with the rule of rectangles they are part of the definition.
  private static let points = 200

  public init(scale: PerStep<Scale> = .constant(.extended), sNoise: PerStep<Double> = 1, noise: NoiseSource = NoiseSource()) {
    (self.scale, self.sNoise, self.noise) = (scale, sNoise, noise)
  }

  public var state: SamplerState {
    get { history.state + noise.state }
    set { (history.state, noise.state) = (newValue, newValue) }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let s = step.sigmaBelowOne, t = Double(step.next)
    let denoised = x.denoised(by: try velocity(x, Float(s)), at: s)
    defer { history.remember(denoised, at: s) }
    guard t > 0 else { return denoised }
    let scale = try scale(step), sNoise = try sNoise(step)
    let start = s / (1 - s), end = t / (1 - t), ratio = scale(end) / scale(start)
    var terms = [((1 - t) / (1 - s) * ratio, x), ((1 - t) * (1 - ratio), denoised)]
    terms += slopes(at: (start, denoised), to: end, scale).map { ((1 - t) * $0, $1) }
    if scale != .reverse(eta: 0), sNoise > 0 {
      let fresh = max(0, end * end - start * start * ratio * ratio).squareRoot()
      terms.append((sNoise * (1 - t) * fresh, try noise.next(for: step)))
    }
    return .weighted(terms)
  }

  /// The terms of D′ and D″, as weights of the denoised pictures that they are differences of.
  private func slopes(at here: History.Entry, to end: Double, _ scale: Scale) -> [(Double, Tensor)] {
    guard history.count > 0 else { return [] }
    let width = end - here.sigma, point = -width / Double(Self.points)
    var first = 0.0, second = 0.0
    for k in 0..<Self.points {
      let l = end + Double(k) * point
      first += point / scale(l)
      second += point * (l - here.sigma) / scale(l)
    }
    let past = history.entries.map { (l: $0.sigma / (1 - $0.sigma), value: $0.value) }
    let slope = (width + first * scale(end)) / (here.sigma - past[0].l)
    let terms = [(slope, here.value), (-slope, past[0].value)]
    guard past.count > 1 else { return terms }
    let bend = (width * width / 2 + second * scale(end)) / ((here.sigma - past[1].l) / 2)
    let (new, old) = (bend / (here.sigma - past[0].l), bend / (past[0].l - past[1].l))
    return terms + [(new, here.value), (-new - old, past[0].value), (old, past[1].value)]
  }
}
