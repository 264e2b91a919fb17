import Tensors

/// Two-pass guidance: from a velocity with the prompt and one with the negative, the one that is followed.
public enum Guidance {
  /// How the two are combined. Both are [n, 16, height/8, width/8]; every picture of a batch by itself.
  public enum Combination {
    /// v = negative + s · (positive − negative). Ho and Salimans 2022.
    case plain
    /// Plain, then mixed by φ = 0.7 with itself at the spread of the positive one, which keeps colours from burning.
    /// Lin et al. 2023, section 3.4.
    case rescale
    /// The negative is first scaled to be as near to the positive as it can, and the first step stands still.
    /// Fan et al. 2025 (CFG-Zero*), algorithm 1.
    case cfgZero
    /// Only what is orthogonal to the positive is strengthened, which keeps saturation from growing.
    /// Sadat et al. 2024 (APG), with η = 0 and no momentum.
    case apg
    case function((_ positive: Tensor, _ negative: Tensor, _ step: Step) throws -> Tensor)

    /// The ones that have a name.
    public static var named: KeyValuePairs<String, Combination> { ["plain": .plain, "rescale": .rescale, "cfg_zero": .cfgZero, "apg": .apg] }

    public func callAsFunction(_ positive: Tensor, _ negative: Tensor, scale: Float, step: Step) throws -> Tensor {
      if case .function(let f) = self { return try f(positive, negative, step) }
      return Tensor.stacked((0..<positive.shape[0]).map { n in
        let (positive, negative) = (positive[n], negative[n])
        return switch self {
        case .rescale: Guidance.rescaled(positive, negative, scale)
        case .cfgZero: step.index == 1 ? Tensor.zeros(positive.shape) : Guidance.zeroStar(positive, negative, scale)
        case .apg: Guidance.projected(positive, negative, scale)
        default: Guidance.combined(positive, negative, scale: scale)
        }
      })
    }
  }

  /// v = negative + scale · (positive − negative).
  public static func combined(_ positive: Tensor, _ negative: Tensor, scale: Float) -> Tensor {
    negative.zipped(with: positive) { $0 + scale * ($1 - $0) }
  }

  /// The share of the rescaled velocity that the authors recommend.
  private static let rescaleShare: Float = 0.7

  private static func rescaled(_ positive: Tensor, _ negative: Tensor, _ scale: Float) -> Tensor {
    let plain = combined(positive, negative, scale: scale)
    let factor = Float(positive.standardDeviation / plain.standardDeviation)
    guard factor.isFinite else { return plain }
    return plain * (rescaleShare * factor + 1 - rescaleShare)
  }

  private static func zeroStar(_ positive: Tensor, _ negative: Tensor, _ scale: Float) -> Tensor {
    let nearest = Float(positive.dot(negative) / (negative.dot(negative) + 1e-8))
    return combined(positive, nearest * negative, scale: scale)
  }

  private static func projected(_ positive: Tensor, _ negative: Tensor, _ scale: Float) -> Tensor {
    let difference = positive - negative
    let along = Float(difference.dot(positive) / (positive.dot(positive) + 1e-12))
    let across = difference - along * positive
    return positive.zipped(with: across) { $0 + (scale - 1) * $1 }
  }
}
