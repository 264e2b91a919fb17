/// Canny's edges, pixel for pixel as OpenCV's `Canny` with an aperture of 3 and the L1 norm: Sobel's slopes, ridges of their size,
/// and of those the strong ones with all that hangs together with them. Canny 1986.
extension Image {
  /// Edges in white on black, one channel. Of a picture in colour each pixel's steepest channel counts.
  /// - Parameters:
  ///   - low: ridges above it may belong to an edge
  ///   - high: ridges above it are one
  ///   - sigma: of a Gaussian blur before all else; 0 is none
  public func canny(low: Double = 100, high: Double = 200, blur sigma: Double = 0) throws(ImagingError) -> Image {
    let source = sigma > 0 ? try blurred(sigma: sigma) : self
    let slopes = source.slopes(), (low, high) = (Int32(min(low, high).rounded(.down)), Int32(max(low, high).rounded(.down)))
    // 0: no edge; 1: one if it hangs together with another; 2: one.
    var kinds = [UInt8](repeating: 0, count: width * height), strong: [Int] = []
    for y in 0..<height {
      for x in 0..<width {
        let at = y * width + x
        guard slopes.size(x, y) > low, slopes.isRidge(x, y) else { continue }
        kinds[at] = slopes.size(x, y) > high ? 2 : 1
        if kinds[at] == 2 { strong.append(at) }
      }
    }
    while let at = strong.popLast() {
      let (row, column) = at.quotientAndRemainder(dividingBy: width)
      for y in max(row - 1, 0)...min(row + 1, height - 1) {
        for x in max(column - 1, 0)...min(column + 1, width - 1) where kinds[y * width + x] == 1 {
          kinds[y * width + x] = 2
          strong.append(y * width + x)
        }
      }
    }
    return Image(unchecked: (width, height, 1), pixels: kinds.map { $0 == 2 ? 255 : 0 }, text: text)
  }

  /// Sobel's 3×3 slopes; at the borders the outermost pixel goes on.
  private func slopes() -> Slopes {
    var slopes = Slopes(width: width, height: height)
    for y in 0..<height {
      let rows = (max(y - 1, 0) * width, y * width, min(y + 1, height - 1) * width)
      for x in 0..<width {
        let (left, right) = (max(x - 1, 0), min(x + 1, width - 1))
        for channel in 0..<channels {
          func value(_ row: Int, _ column: Int) -> Int32 { Int32(pixels[(row + column) * channels + channel]) }
          let across = value(rows.0, right) - value(rows.0, left) + 2 * (value(rows.1, right) - value(rows.1, left)) + value(rows.2, right) - value(rows.2, left)
          let down = value(rows.2, left) - value(rows.0, left) + 2 * (value(rows.2, x) - value(rows.0, x)) + value(rows.2, right) - value(rows.0, right)
          slopes.take(across, down, x, y)
        }
      }
    }
    return slopes
  }

  private struct Slopes {
    private let width: Int, height: Int
    private var across: [Int32], down: [Int32], sizes: [Int32]

    init(width: Int, height: Int) {
      (self.width, self.height) = (width, height)
      (across, down) = ([Int32](repeating: 0, count: width * height), [Int32](repeating: 0, count: width * height))
      sizes = [Int32](repeating: -1, count: width * height)
    }

    /// The steepest channel of a pixel stays.
    mutating func take(_ across: Int32, _ down: Int32, _ x: Int, _ y: Int) {
      let at = y * width + x, size = abs(across) + abs(down)
      if size > sizes[at] { (self.across[at], self.down[at], sizes[at]) = (across, down, size) }
    }

    /// 0 outside of the picture.
    func size(_ x: Int, _ y: Int) -> Int32 { 0..<width ~= x && 0..<height ~= y ? sizes[y * width + x] : 0 }

    /// tan 22.5° in 15 bits, as OpenCV has it.
    private static let tangent: Int64 = 13573

    /// Whether it is steeper than its two neighbours along the slope, whose direction is rounded to an eighth of a circle.
    func isRidge(_ x: Int, _ y: Int) -> Bool {
      let at = y * width + x, own = sizes[at], (run, rise) = (Int64(abs(across[at])), Int64(abs(down[at])) << 15)
      let flat = run * Self.tangent
      if rise < flat { return own > size(x - 1, y) && own >= size(x + 1, y) }
      if rise > flat + (run << 16) { return own > size(x, y - 1) && own >= size(x, y + 1) }
      let side = (across[at] ^ down[at]) < 0 ? -1 : 1
      return own > size(x - side, y - 1) && own > size(x + side, y + 1)
    }
  }
}
