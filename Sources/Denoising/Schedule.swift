import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// The noise levels that a trajectory visits: falling, from at most 1 to 0, or to more where it is a part of one.
///
/// ```swift
/// let schedule = try Schedule.even(steps: 4).shifted(by: 3)     // 1, 0.9, 0.75, 0.5, 0
/// ```
public struct Schedule: Sendable, Equatable {
  /// One more than there are steps.
  public let sigmas: [Float]

  /// The most steps that a schedule may have.
  public static let mostSteps = 1000

  /// Sigmas as given: what is written is what runs.
  public init(_ sigmas: [Float]) throws {
    try self.init(part: sigmas)
    guard endsAtZero else { throw DenoisingError.schedule("the last sigma must be 0, got \(sigmas[steps]); add a 0 at the end") }
  }

  /// Sigmas as given, which need not end at 0: what follows them is for another trajectory.
  public init(part sigmas: [Float]) throws {
    func fail(_ what: String) -> DenoisingError { .schedule(what) }
    guard sigmas.count >= 2 else { throw fail("needs at least two sigmas, got \(sigmas.count)") }
    guard sigmas.count <= Self.mostSteps + 1 else { throw fail("may have at most \(Self.mostSteps) steps, got \(sigmas.count - 1)") }
    for (index, sigma) in sigmas.enumerated() {
      guard sigma.isFinite, 0...1 ~= sigma else { throw fail("sigma \(index + 1) must be from 0 to 1, got \(sigma.isNaN ? .nan : sigma)") }
      guard index == 0 || sigma < sigmas[index - 1] else {
        throw fail("sigmas must fall, but sigma \(index + 1) (\(sigma)) is not below sigma \(index) (\(sigmas[index - 1]))")
      }
    }
    self.sigmas = sigmas
  }

  private init(checked sigmas: [Float]) { self.sigmas = sigmas }

  /// The number of steps.
  public var steps: Int { sigmas.count - 1 }

  /// Whether all noise is gone after it.
  public var endsAtZero: Bool { sigmas.last == 0 }

  /// n even steps from 1: 1, 1 − 1/n, …, 1/n, 0. Reference: diffusers `FluxPipeline` (`linspace(1, 1/n, n)`, then f32).
  public static func even(steps n: Int) throws -> Schedule {
    guard 1...mostSteps ~= n else { throw DenoisingError.steps(n) }
    let last = 1 / Double(n), width = n > 1 ? (last - 1) / Double(n - 1) : 0
    return Schedule(checked: (0..<n).map { $0 == n - 1 && n > 1 ? Float(last) : Float(1 + Double($0) * width) } + [0])
  }

  /// σ′ = s·σ / (1 + (s − 1)·σ): more of the steps at high noise for s > 1. In f32, as the reference.
  public func shifted(by s: Float) -> Schedule {
    Schedule(checked: sigmas.map { s * $0 / (1 + (s - 1) * $0) })
  }

  /// σ′ = e^μ / (e^μ + 1/σ − 1), the same shift with s = e^μ. Reference: diffusers `FlowMatchEulerDiscreteScheduler.time_shift`.
  public func shifted(mu: Double) -> Schedule {
    let factor = Float(exp(mu))
    return Schedule(checked: sigmas.map { $0 == 0 ? 0 : factor / (factor + (1 / $0 - 1)) })
  }
}
