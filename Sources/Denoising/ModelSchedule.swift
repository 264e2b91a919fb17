#if canImport(Glibc)
import Glibc
#endif

/// How a model wants its sigmas bent: what its scheduler_config.json says.
/// Reference: diffusers `FlowMatchEulerDiscreteScheduler.set_timesteps`, `FluxPipeline.calculate_shift`.
public struct ModelSchedule: Sendable, Equatable {
  /// What the sigmas are shifted by.
  public enum Shift: Sendable, Equatable {
    /// A fixed s: σ′ = s·σ / (1 + (s − 1)·σ). Schnell's is 1.
    case factor(Float)
    /// By μ, the more the larger the picture: e^μ takes the place of s (dev), or μ itself does.
    case tokens(Line, exponential: Bool)
  }

  /// μ = `low` at `few` tokens and `high` at `many`, straight between and beyond.
  public struct Line: Sendable, Equatable {
    public var few = 256, many = 4096
    public var low = 0.5, high = 1.15
    public init(few: Int = 256, low: Double = 0.5, many: Int = 4096, high: Double = 1.15) {
      (self.few, self.low, self.many, self.high) = (few, low, many, high)
    }

    public func mu(tokens: Int) -> Double {
      let slope = (high - low) / Double(many - few)
      return Double(tokens) * slope + (low - slope * Double(few))
    }
  }

  /// Respacing between the shifted ends.
  public enum Spacing: String, Sendable { case even, karras, exponential }

  public var shift: Shift
  /// Where the last sigma before 0 is stretched to.
  public var terminal: Double?
  public var spacing: Spacing

  public init(shift: Shift, terminal: Double? = nil, spacing: Spacing = .even) {
    (self.shift, self.terminal, self.spacing) = (shift, terminal, spacing)
  }

  /// μ for a picture of this many tokens, where the shift depends on that.
  public func mu(tokens: Int) -> Double? {
    guard case .tokens(let line, _) = shift else { return nil }
    return line.mu(tokens: tokens)
  }

  /// The schedule as this model wants it for a picture of this many tokens. A part of a schedule is shifted only: its last sigma is not the model's.
  public func applied(to schedule: Schedule, tokens: Int) throws -> Schedule {
    guard schedule.endsAtZero else { return shifted(schedule, tokens: tokens) }
    var sigmas = Array(shifted(schedule, tokens: tokens).sigmas.dropLast())
    if let terminal, let last = sigmas.last, last < 1 {
      let scale = (1 - last) / Float(1 - terminal)
      sigmas = sigmas.map { 1 - (1 - $0) / scale }
    }
    do { return try Schedule(respaced(sigmas) + [0]) } catch DenoisingError.schedule {
      throw DenoisingError.schedule("the model's own shift for \(tokens) tokens puts sigmas on top of each other; take a smaller size, or say shift = 3 or give a schedule")
    }
  }

  private func shifted(_ schedule: Schedule, tokens: Int) -> Schedule {
    switch shift {
    case .factor(let factor): schedule.shifted(by: factor)
    case .tokens(let line, exponential: true): schedule.shifted(mu: line.mu(tokens: tokens))
    case .tokens(let line, exponential: false): schedule.shifted(mu: log(line.mu(tokens: tokens)))
    }
  }

  private func respaced(_ sigmas: [Float]) -> [Float] {
    guard spacing != .even, let first = sigmas.first, let last = sigmas.last, sigmas.count > 1 else { return sigmas }
    let high = Double(first), low = Double(last), rho = 7.0      // ρ: Karras et al. 2022
    return sigmas.indices.map { index in
      let share = Double(index) / Double(sigmas.count - 1)
      if spacing == .exponential { return Float(exp(log(high) + share * (log(low) - log(high)))) }
      return Float(pow(pow(high, 1 / rho) + share * (pow(low, 1 / rho) - pow(high, 1 / rho)), rho))
    }
  }
}
