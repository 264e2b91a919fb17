import Glibc

extension Image {
  /// Peak signal-to-noise ratio in decibels: 10 · log10(255² / mean((a − b)²)), +inf for equal pictures.
  ///
  /// As scikit-image's `peak_signal_noise_ratio(a, b, data_range=255)`.
  public func psnr(_ other: Image) throws(ImagingError) -> Double {
    try checkShape(of: other)
    // Exact in integers: the sum of at most 1.2e9 squares of at most 255².
    let squares = zip(pixels, other.pixels).reduce(into: 0) { sum, pair in
      let difference = Int(pair.0) - Int(pair.1)
      sum += difference * difference
    }
    guard squares > 0 else { return .infinity }
    return 10 * log10(255 * 255 / (Double(squares) / Double(pixels.count)))
  }

  func checkShape(of other: Image) throws(ImagingError) {
    guard (width, height, channels) == (other.width, other.height, other.channels) else {
      throw .differentShapes(shape, other.shape)
    }
  }

  var shape: String { "\(width)×\(height)\(channels == 1 ? " grey" : "")" }
}
