#if canImport(Glibc)
import Glibc
#endif

extension ModelSchedule {
  /// A named schedule of n steps, as this model shifts it for a picture of this many tokens.
  /// Reference: ComfyUI `comfy/samplers.py`, whose numbers these are, computed in double.
  public func schedule(_ name: NamedSchedule, steps n: Int, tokens: Int) throws -> Schedule {
    guard 1...Schedule.mostSteps ~= n else { throw DenoisingError.steps(n) }
    let table = table(tokens: tokens), low = table.lowest
    let sigmas: [Double]
    switch name {
    case .flux: return try applied(to: .even(steps: n), tokens: tokens)
    case .simple: sigmas = (0..<n).map { table[table.count - $0 * table.count / n] }
    case .normal: sigmas = spaced(n, from: 1, to: low).map(table.shifted)
    case .sgmUniform: sigmas = spaced(n + 1, from: 1, to: low).dropLast().map(table.shifted)
    case .karras: sigmas = spaced(n, from: 1, to: pow(low, 1 / Self.karrasRho)).map { pow($0, Self.karrasRho) }
    case .exponential: sigmas = spaced(n, from: 0, to: log(low)).map { exp($0) }
    case .beta: sigmas = betaQuantiles(n, of: table)
    case .linearQuadratic: sigmas = linearQuadratic(n)
    case .klOptimal: sigmas = spaced(n, from: atan(1), to: atan(low)).map { tan($0) }
    case .ddimUniform: sigmas = stride(from: 2, through: table.count, by: max(table.count / n, 1)).reversed().map { table[$0] }
    }
    return try Schedule(sigmas.map { Float($0) } + [0])
  }

  /// Where samplers that step in the logarithm of signal to noise begin, instead of at 1. Reference: ComfyUI `percent_to_sigma(1e-4)`.
  public func nearlyOne(tokens: Int) -> Double { table(tokens: tokens).shifted(1 - 1e-4) }

  /// ρ of the Karras schedule.
  private static let karrasRho = 7.0
  /// Both parameters of the beta schedule's distribution.
  private static let betaShape = 0.6
  /// What the linear half of the linear-quadratic schedule takes away.
  private static let linearThreshold = 0.025

  /// ComfyUI's tables: 1000 levels with a fixed shift (`ModelSamplingDiscreteFlow`), 10000 with a μ (`ModelSamplingFlux`).
  private func table(tokens: Int) -> SigmaTable {
    switch shift {
    case .factor(let factor): SigmaTable(count: 1000, shift: Double(factor))
    case .tokens(let line, let exponential): SigmaTable(count: 10_000, shift: exponential ? exp(line.mu(tokens: tokens)) : line.mu(tokens: tokens))
    }
  }

  /// n numbers with both ends; the first where n is 1.
  private func spaced(_ n: Int, from first: Double, to last: Double) -> [Double] {
    (0..<n).map { $0 == 0 ? first : first + (last - first) * Double($0) / Double(n - 1) }
  }

  /// Levels of the table at the quantiles; one that is met twice counts once.
  private func betaQuantiles(_ n: Int, of table: SigmaTable) -> [Double] {
    let distribution = BetaDistribution(shape: Self.betaShape)
    let places = (0..<n).map { index in
      Int((distribution.quantile(1 - Double(index) / Double(n)) * Double(table.count - 1)).rounded(.toNearestOrEven))
    }
    return places.indices.filter { $0 == 0 || places[$0] != places[$0 - 1] }.map { table[places[$0] + 1] }
  }

  /// 1 − σ is i·θ/m up to m = n/2, then a parabola that goes on smoothly and meets 1 at n.
  private func linearQuadratic(_ n: Int) -> [Double] {
    guard n > 1 else { return [1] }
    let linear = n / 2, threshold = Self.linearThreshold, m = Double(linear), rest = Double(n - linear)
    let left = m - threshold * Double(n)
    let square = left / (m * rest * rest), slope = threshold / m - 2 * left / (rest * rest)
    return (0..<n).map { index in
      let i = Double(index)
      return 1 - (index < linear ? i * threshold / m : square * i * i + slope * i + square * m * m)
    }
  }
}
