/// What can be wrong with a schedule, a step or what a hook made of it.
public enum DenoisingError: Error, CustomStringConvertible {
  case schedule(String)
  case notFinite(what: String, step: Int, count: Int)
  case next(Float, sigma: Float, step: Int)
  case shape(what: String, expected: [Int], got: [Int])
  case steps(Int)
  case strength(Double)
  case position(String)

  public var description: String {
    switch self {
    case .schedule(let what): "schedule: \(what)"
    case .notFinite(let what, let step, let count):
      "the \(what) of step \(step) of \(count) hold a number that is infinite or not a number; the step was not made"
    case .next(let next, let sigma, let step):
      "step \(step): next must be at least 0 and less than sigma (\(sigma)), got \(next)"
    case .shape(let what, let expected, let got): "the \(what) must keep the shape \(expected), got \(got)"
    case .steps(let count): "steps must be a whole number from 1 to 1000, got \(count)"
    case .strength(let strength): "strength must be above 0 and at most 1, got \(strength)"
    case .position(let what): "a trajectory cannot go on from this position: \(what)"
    }
  }
}
