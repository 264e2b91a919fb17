import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// PyTorch's CPU generator: a Mersenne twister and its normal numbers, so that a seed gives the noise that it gives there.
/// Matsumoto and Nishimura 1998; reference: PyTorch `MT19937RNGEngine.h`, `DistributionTemplates.h`.
public struct TorchGenerator: Sendable {
  private var words: [UInt32]
  private var position: Int
  /// The second number of a pair, kept for the next draw below 16 elements; larger draws pass it by.
  private var spare: Double?

  private static let length = 624, middle = 397

  /// - Parameter seed: only the low 32 bits count, as in PyTorch.
  public init(seed: Int64) {
    words = [UInt32](repeating: 0, count: Self.length)
    words[0] = UInt32(truncatingIfNeeded: seed)
    for i in 1..<Self.length { words[i] = 1_812_433_253 &* (words[i - 1] ^ (words[i - 1] >> 30)) &+ UInt32(i) }
    position = Self.length
  }

  private mutating func word() -> UInt32 {
    if position == Self.length { refill() }
    var y = words[position]
    position += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9d2c_5680
    y ^= (y << 15) & 0xefc6_0000
    return y ^ (y >> 18)
  }

  private mutating func refill() {
    let n = Self.length
    for i in 0..<n {
      let y = (words[i] & 0x8000_0000) | (words[(i + 1) % n] & 0x7fff_ffff)
      words[i] = words[(i + Self.middle) % n] ^ (y >> 1) ^ (y & 1 == 1 ? 0x9908_b0df : 0)
    }
    position = 0
  }

  /// `torch.randn(shape)` in float32.
  public mutating func normals(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    var result = Tensor.zeros(shape)
    result.withMutableFloats { out in
      if count < 16 {
        for i in 0..<count { out[i] = Float(normal()) }
      } else {
        for i in 0..<count { out[i] = uniform() }
        for first in stride(from: 0, through: count - 16, by: 16) { Self.pair(out, first) }
        guard count % 16 != 0 else { return }
        // The last 16 places are drawn again, over what was there.
        for i in count - 16..<count { out[i] = uniform() }
        Self.pair(out, count - 16)
      }
    }
    return result
  }

  /// `torch.rand(shape)` in float32: even in [0, 1).
  public mutating func uniforms(_ shape: [Int]) -> Tensor {
    var result = Tensor.zeros(shape)
    result.withMutableFloats { out in for i in out.indices { out[i] = uniform() } }
    return result
  }

  /// 24 bits of a word, in [0, 1).
  private mutating func uniform() -> Float { Float(word() & 0xff_ffff) * 0x1p-24 }

  /// 16 uniforms become 16 normals: eight radii, eight angles (Box and Muller 1958), in f32.
  private static func pair(_ out: UnsafeMutableBufferPointer<Float>, _ first: Int) {
    let turn = Float(2 * Double.pi)       // not 2 · Float.pi, which Swift rounds down
    for j in first..<first + 8 {
      let radius = sqrtf(-2 * logf(1 - out[j])), angle = turn * out[j + 8]
      out[j] = radius * cosf(angle)
      out[j + 8] = radius * sinf(angle)
    }
  }

  /// One normal number in double, for draws below 16 elements.
  private mutating func normal() -> Double {
    if let spare {
      self.spare = nil
      return spare
    }
    func unit() -> Double {
      let high = UInt64(word()), low = UInt64(word())
      return Double((high << 32 | low) & ((1 << 53) - 1)) * 0x1p-53
    }
    let first = unit(), second = unit()
    let radius = (-2 * log1p(-second)).squareRoot(), angle = 2 * Double.pi * first
    spare = radius * sin(angle)
    return radius * cos(angle)
  }
}
