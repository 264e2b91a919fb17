import CLua

/// Width and height in pixels.
package struct PixelSize: Equatable, Sendable {
  package let width: Int
  package let height: Int

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

extension Reader where Value == PixelSize {
  /// The side of the square of pixels that one token stands for: 8 by the autoencoder, 2 by packing.
  private static var grain: Int { 16 }
  private static var most: Int { 16_384 }

  /// One number for a square, or `{width, height}`.
  package static var size: Reader {
    let expected = "a size: a number, or {width, height}, in multiples of \(grain)"
    return Reader(expected, "integer|integer[]") { argument in
      if let side = try side(argument, expected) { return PixelSize(width: side, height: side) }
      guard argument.type == CLUA_TABLE, clua_length(argument.lua.current, argument.index) == 2, argument.keys.names.isEmpty,
            let width = try argument.entry(1, { try side($0, expected) }),
            let height = try argument.entry(2, { try side($0, expected) })
      else { throw Mismatch(expected, argument) }
      return PixelSize(width: width, height: height)
    }
  }

  /// nil when it is no whole number at all.
  private static func side(_ argument: Argument, _ expected: String) throws -> Int? {
    guard argument.type == CLUA_NUMBER else { return nil }
    guard let side = argument.lua.integer(at: argument.index), (1...most).contains(side) else { throw Mismatch(expected, argument) }
    if side % grain == 0 { return side }
    let below = side / grain * grain
    let nearest = below == 0 ? "the nearest is \(grain)" : "the nearest are \(below) and \(below + grain)"
    throw Mismatch(predicate: "must be a multiple of \(grain), got \(side); \(nearest)")
  }
}
