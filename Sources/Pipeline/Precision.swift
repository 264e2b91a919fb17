/// How weights are kept and multiplied.
public enum Precision: String, Sendable, CaseIterable {
  /// What the file, the memory and the machine ask for.
  case auto
  case f32, bf16
  /// Whole numbers of 8 bits with a scale an output; rows are rounded to them too.
  case int8
}
