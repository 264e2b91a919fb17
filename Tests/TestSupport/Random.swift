import Tensors

/// Repeatable numbers for tests (SplitMix64), so that a failure prints what to replay.
public struct Random: RandomNumberGenerator {
  private var state: UInt64
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [−1, 1).
  public mutating func float() -> Float { Float.random(in: -1..<1, using: &self) }

  public mutating func tensor(_ shape: [Int], scale: Float = 1) -> Tensor {
    Tensor(shape, (0..<shape.reduce(1, *)).map { _ in float() * scale })
  }
}

/// Lengths at which vector loops go wrong: around every power of two.
public let awkwardLengths = [1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 65, 127, 129, 1023, 1025, 2049]
