import Conditioning
import Tensors

/// What a sampler asked, and the answer. An object: steps are handed on often, and rarely asked for it.
final class Asked: Sendable {
  let x: Tensor, sigma: Float, velocity: Tensor
  init(_ x: Tensor, _ sigma: Float, _ velocity: Tensor) { (self.x, self.sigma, self.velocity) = (x, sigma, velocity) }
}

/// One interval of the schedule: where it starts, where it goes, and what is known at either end.
public struct Step: Sendable {
  /// From 1 to `count`.
  public let index: Int
  public let count: Int
  /// The noise level that it starts at.
  public let sigma: Float
  /// The noise level that it goes to. May be changed before the step is made.
  public var next: Float
  /// The seeds of the pictures.
  public let seeds: [Int64]
  /// Seconds since the trajectory began.
  public let elapsed: Double

  /// Distilled guidance of this step; nil for a model without. May be changed before the step is made.
  public var guidance: Float?
  /// Scale of two-pass guidance; nil where there is none. May be changed before the step is made.
  public var cfg: Float?
  /// How much of each adapter there is, in the order of the request.
  public internal(set) var scales: [Float] = []
  /// How much of each control there is, in the order of the request; 0 where it is not in force.
  public internal(set) var controls: [Float] = []
  /// What the pictures are of, one for all or one each. May be changed before the step is made.
  public var conditioning: [Conditioning]
  /// [n, 16, height/8, width/8]: at `sigma` before the step is made, at `next` after.
  public var latents: Tensor
  /// The first velocity that the sampler asked for, and where; once the step is made.
  var first: Asked?

  /// What stands in for 1 where a sampler needs the signal to be more than nothing. See `Trajectory.Course.nearlyOne`.
  let nearlyOne: Double

  /// The first velocity that the sampler asked for, once the step is made; its shape is that of the latents.
  public var velocity: Tensor? { first?.velocity }

  /// What that velocity says the finished picture is: x − σ·v. Made when it is asked for.
  public var denoised: Tensor? { first.map { first in first.x.zipped(with: first.velocity) { $0 - first.sigma * $1 } } }

  /// next − sigma: negative.
  public var width: Float { next - sigma }

  /// `sigma`, but below 1, for samplers that step in the logarithm of signal to noise; the latents are taken to be there as they are.
  var sigmaBelowOne: Double {
    guard sigma >= 1 else { return Double(sigma) }
    return Double(next) < nearlyOne ? nearlyOne : (1 + Double(next)) / 2
  }
}

/// A number that may differ from step to step: one for all, one each (the last is held), or a function of the step.
public enum PerStep<Value> {
  case constant(Value)
  case list([Value])
  case function((Step) throws -> Value)

  public func callAsFunction(_ step: Step) throws -> Value {
    switch self {
    case .constant(let value): value
    case .list(let values): values[min(step.index, values.count) - 1]
    case .function(let value): try value(step)
    }
  }

  /// `f` of the value of each step.
  public func map<New>(_ f: @escaping (Value) -> New) -> PerStep<New> {
    switch self {
    case .constant(let value): .constant(f(value))
    case .list(let values): .list(values.map(f))
    case .function(let value): .function { f(try value($0)) }
    }
  }
}

/// A plain number is the same for every step.
extension PerStep: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral where Value == Double {
  public init(floatLiteral value: Double) { self = .constant(value) }
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }
}
