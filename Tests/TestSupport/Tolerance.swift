/// How far a result may be from its reference, by name, each with its reason.
public enum Tolerance {
  /// f32 kernels with vector exp and reordered sums against plain C in double.
  public static let kernel: Float = 2e-6
  /// f32 products of up to a few thousand terms against sums in double, relative to the largest term's size.
  public static let product: Float = 2e-5
  /// bf16 keeps 8 bits: half a unit of 2⁻⁸, relative.
  public static let bf16: Float = 1.0 / 256
}
