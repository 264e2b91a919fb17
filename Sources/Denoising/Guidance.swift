import Tensors

/// Two-pass guidance: away from what the negative prompt says. Ho and Salimans 2022, in velocities.
public enum Guidance {
  /// v = negative + scale · (positive − negative).
  public static func combined(_ positive: Tensor, _ negative: Tensor, scale: Float) -> Tensor {
    negative.zipped(with: positive) { $0 + scale * ($1 - $0) }
  }
}
