/// How far a result may be from its reference, by name, each with its reason.
public enum Tolerance {
  /// f32 kernels with a polynomial for exp (2 ulp) and sums in another order, against plain C that sums in double:
  /// relative for numbers above 1, absolute below.
  public static let kernel: Float = 2e-6
  /// Sums over thousands of numbers in f32 lanes (norms, softmax): the rounding of a sum grows with its length, to about
  /// ten units of the last place here.
  public static let longSum: Float = 6e-6
  /// f32 products of up to a few thousand terms against sums in double, relative to the largest term's size.
  public static let product: Float = 2e-5
  /// bf16 keeps 8 bits: half a unit of 2⁻⁸, relative.
  public static let bf16: Float = 1.0 / 256
  /// Sums in double of the same numbers, in another order or with fused steps.
  public static let double = 1e-12
  /// The median PSNR between pictures of bf16 and of f32, in dB: PyTorch's bf16 reaches 44.2 on the same prompts and the
  /// same noise, and rounding elsewhere than it does may cost one decibel; ours is held to more, because it keeps the residual stream in f32.
  public static let bf16Decibels = 46.1
  /// The same for int8: 49.6 here, five above PyTorch's bf16, and nine below ours.
  public static let int8Decibels = 48.0
  /// What int8 is to lose against our bf16, and outlying channels against none, in dB of the median picture.
  public static let int8Loss = 3.0
}
