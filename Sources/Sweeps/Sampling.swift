/// How samples are drawn: the points of a unit cube, each coordinate then becoming a value of an axis.
public enum Sampling: Sendable, Equatable {
  /// Halton's sequence: every stretch of it covers the cube evenly. A seed other than 0 turns it around by a random shift.
  case halton(seed: Int64)
  /// Independent numbers.
  case random(seed: Int64)

  /// The first primes: the bases of Halton's sequence.
  private static let bases = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
  /// More drawn axes than this would be badly covered by a Halton sequence of any length that is painted.
  public static var mostAxes: Int { bases.count }

  /// [count][axes], each in [0, 1).
  func points(_ count: Int, axes: Int) -> [[Double]] {
    switch self {
    case .random(let seed):
      var generator = SplitMix(seed)
      return (0..<count).map { _ in (0..<axes).map { _ in generator.next() } }
    case .halton(let seed):
      var generator = SplitMix(seed)
      let shifts = (0..<axes).map { _ in seed == 0 ? 0 : generator.next() }
      return (1...max(count, 1)).prefix(count).map { index in
        (0..<axes).map { axis in
          let moved = Self.radicalInverse(of: index, base: Self.bases[axis]) + shifts[axis]
          return moved >= 1 ? moved - 1 : moved
        }
      }
    }
  }

  /// The figures of a number behind the point, in reverse: 6 = 110₂ becomes 0.011₂.
  static func radicalInverse(of index: Int, base: Int) -> Double {
    var (rest, place, value) = (index, 1 / Double(base), 0.0)
    while rest > 0 {
      value += Double(rest % base) * place
      rest /= base
      place /= Double(base)
    }
    return value
  }
}

extension Dimension.Source {
  /// The value of a coordinate in [0, 1).
  func value(at u: Double) -> AxisValue {
    switch self {
    case .values(let list), .choice(let list): list[min(Int(u * Double(list.count)), list.count - 1)]
    case .uniform(let from, let to, nil): .number(from + (to - from) * u)
    case .uniform(let from, let to, let step?): Self.multiple(from, to, step, u)
    }
  }

  /// The different ones of some values: in the order written, numbers that were drawn by size.
  func ordered(_ values: [AxisValue]) -> [AxisValue] {
    var found = Set(values.map(\.canonical))
    switch self {
    case .values(let list), .choice(let list): return list.filter { found.contains($0.canonical) }
    case .uniform: return values.filter { found.remove($0.canonical) != nil }.sorted { ($0.number ?? 0) < ($1.number ?? 0) }
    }
  }

  private static func multiple(_ from: Double, _ to: Double, _ step: Double, _ u: Double) -> AxisValue {
    // As flux.range counts: both ends included.
    let count = ((to - from) / step + 1e-9).rounded(.down) + 1
    let value = from + min((u * count).rounded(.down), count - 1) * step
    return Int(exactly: from) != nil && Int(exactly: step) != nil ? .whole(Int(value)) : .number(value)
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers from a seed on every machine.
private struct SplitMix {
  private var state: UInt64

  init(_ seed: Int64) { state = UInt64(bitPattern: seed) }

  /// In [0, 1), with 53 bits.
  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) / 9_007_199_254_740_992
  }
}
