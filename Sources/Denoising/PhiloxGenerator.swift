import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// PyTorch's CUDA generator, on the CPU: a counter-based generator whose numbers land where a graphics card's threads put them,
/// so that a seed gives the noise that it gives on that card.
/// Salmon et al. 2011 (Philox4x32-10); geometry as PyTorch's `DistributionTemplates.h` for CUDA lays it out.
public struct PhiloxGenerator: Sendable {
  private let seed: UInt64
  /// How many threads the card keeps resident: its multiprocessors times their threads.
  private let resident: Int
  /// Draws so far: how far the counters of all threads have come.
  private var offset: UInt64 = 0

  private static let block = 256

  public init(seed: Int64, residentThreads: Int) {
    (self.seed, resident) = (UInt64(bitPattern: seed), residentThreads)
  }

  /// `torch.randn(shape, device="cuda")` in float32. Element i + T·c is component c of thread i, T the threads of the grid.
  public mutating func normals(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    let threads = Self.block * min((count + Self.block - 1) / Self.block, max(resident / Self.block, 1))
    let rounds = (count + 4 * threads - 1) / (4 * threads), first = offset
    offset += UInt64(rounds)
    var result = Tensor.zeros(shape)
    result.withMutableFloats { out in
      for round in 0..<rounds {
        for thread in 0..<threads {
          let four = Self.normals(Self.words(seed, counter: first + UInt64(round), thread: UInt64(thread)))
          for component in 0..<4 {
            let at = (round * 4 + component) * threads + thread
            if at < count { out[at] = four[component] }
          }
        }
      }
    }
    return result
  }

  /// The first component of each thread, a thread for each element: what AUTOMATIC1111's web UI calls "NV".
  /// - Parameter draw: how many tensors its generator drew before.
  public static func firstLane(seed: Int64, draw: Int = 0, _ shape: [Int]) -> Tensor {
    Tensor(shape, (0..<shape.reduce(1, *)).map { normals(words(UInt64(bitPattern: seed), counter: UInt64(draw), thread: UInt64($0)))[0] })
  }

  /// Ten rounds of multiplication and exchange.
  private static func words(_ seed: UInt64, counter: UInt64, thread: UInt64) -> SIMD4<UInt32> {
    var c = SIMD4(UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32),
                  UInt32(truncatingIfNeeded: thread), UInt32(truncatingIfNeeded: thread >> 32))
    var key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    for _ in 0..<10 {
      let a = c.x.multipliedFullWidth(by: 0xD251_1F53), b = c.z.multipliedFullWidth(by: 0xCD9E_8D57)
      c = SIMD4(b.high ^ c.y ^ key.x, b.low, a.high ^ c.w ^ key.y, a.low)
      key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return c
  }

  /// Two pairs (Box and Muller 1958), sine first.
  private static func normals(_ words: SIMD4<UInt32>) -> SIMD4<Float> {
    func pair(_ x: UInt32, _ y: UInt32) -> (Float, Float) {
      let radius = sqrtf(-2 * logf(Float(x) * 0x1p-32 + 0x1p-33))
      let angle = Float(y) * (Float(2 * Double.pi) * 0x1p-32) + Float(Double.pi) * 0x1p-32
      return (radius * sinf(angle), radius * cosf(angle))
    }
    let (a, b) = pair(words.x, words.y), (c, d) = pair(words.z, words.w)
    return SIMD4(a, b, c, d)
  }
}
