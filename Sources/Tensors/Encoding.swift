/// How numbers are stored: a property of a weight, never of a layer.
public enum Encoding: String, Sendable, CaseIterable {
  case f32, bf16, f16

  /// Bytes of one number.
  package var width: Int { self == .f32 ? 4 : 2 }
}
