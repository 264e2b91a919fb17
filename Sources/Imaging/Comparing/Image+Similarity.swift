/// Structural similarity: Wang, Bovik, Sheikh, Simoncelli 2004, equation 13, with the choices of scikit-image.
private enum Similarity {
  /// The side of the square that statistics are taken over.
  static let window = 7
  /// (K · 255)² for K1 = 0.01 and K2 = 0.03.
  static let c1 = 2.55 * 2.55
  static let c2 = 7.65 * 7.65
}

extension Image {
  /// Mean structural similarity, 1 for equal pictures.
  ///
  /// As scikit-image's `structural_similarity(a, b, data_range=255, channel_axis=…)`: uniform 7×7 windows that lie wholly within
  /// the picture, sample covariance, and the mean over the channels.
  public func ssim(_ other: Image) throws(ImagingError) -> Double {
    try checkShape(of: other)
    let window = Similarity.window
    guard width >= window, height >= window else { throw .tooSmallToCompare(least: window, shape) }
    let sum = (0..<channels).reduce(0.0) { $0 + similaritySum(other, channel: $1) }
    return sum / Double(channels * (width - window + 1) * (height - window + 1))
  }

  /// Exact sums over one window or one column of it.
  private struct Sums {
    var a = 0, b = 0, aa = 0, bb = 0, ab = 0

    mutating func add(_ x: UInt8, _ y: UInt8, _ sign: Int) {
      let x = Int(x), y = Int(y)
      a += sign * x
      b += sign * y
      aa += sign * x * x
      bb += sign * y * y
      ab += sign * x * y
    }

    mutating func add(_ other: Sums, _ sign: Int) {
      a += sign * other.a
      b += sign * other.b
      aa += sign * other.aa
      bb += sign * other.bb
      ab += sign * other.ab
    }

    /// (2 µa µb + C1) (2 σab + C2) / ((µa² + µb² + C1) (σa² + σb² + C2)), variances over n − 1.
    var similarity: Double {
      let n = Double(Similarity.window * Similarity.window), integer = Similarity.window * Similarity.window
      let meanA = Double(a) / n, meanB = Double(b) / n
      let scale = 1 / (n * (n - 1))
      let varianceA = Double(integer * aa - a * a) * scale, varianceB = Double(integer * bb - b * b) * scale
      let covariance = Double(integer * ab - a * b) * scale
      return (2 * meanA * meanB + Similarity.c1) * (2 * covariance + Similarity.c2)
        / ((meanA * meanA + meanB * meanB + Similarity.c1) * (varianceA + varianceB + Similarity.c2))
    }
  }

  /// Columns of seven pixels roll down the picture, and over them a window rolls to the right.
  private func similaritySum(_ other: Image, channel: Int) -> Double {
    let window = Similarity.window
    var columns = [Sums](repeating: Sums(), count: width)
    func add(row: Int, _ sign: Int) {
      for x in 0..<width {
        let place = (row * width + x) * channels + channel
        columns[x].add(pixels[place], other.pixels[place], sign)
      }
    }
    var total = 0.0
    for y in 0..<height {
      add(row: y, 1)
      if y >= window { add(row: y - window, -1) }
      if y < window - 1 { continue }
      var sums = Sums()
      for x in 0..<width {
        sums.add(columns[x], 1)
        if x >= window { sums.add(columns[x - window], -1) }
        if x >= window - 1 { total += sums.similarity }
      }
    }
    return total
  }
}
