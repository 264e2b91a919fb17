import Glibc

/// The same picture in other tones.
extension Image {
  /// Brightness alone, byte for byte as Pillow's `convert("L")`: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded.
  public func grey() -> Image {
    if channels == 1 { return self }
    return with(channels: 1, pixels: [UInt8](unsafeUninitializedCapacity: width * height) { out, count in
      for place in 0..<width * height {
        out[place] = Colour(red: pixels[3 * place], green: pixels[3 * place + 1], blue: pixels[3 * place + 2]).luma
      }
      count = width * height
    })
  }

  /// Three equal channels where there was one.
  public func coloured() -> Image {
    if channels == 3 { return self }
    return with(channels: 3, pixels: [UInt8](unsafeUninitializedCapacity: 3 * pixels.count) { out, count in
      for (place, value) in pixels.enumerated() { (out[3 * place], out[3 * place + 1], out[3 * place + 2]) = (value, value, value) }
      count = 3 * pixels.count
    })
  }

  /// 255 less every value.
  public func inverted() -> Image {
    with(channels: channels, pixels: pixels.map { 255 - $0 })
  }

  /// Gaussian blur: every pixel becomes the mean of its neighbours, weighed by exp(−d² / 2σ²) up to the distance 4σ (rounded);
  /// at the borders the outermost pixel goes on. As scipy's `gaussian_filter(x, sigma, mode="nearest", truncate=4)`, in floats
  /// and rounded once. (Pillow's GaussianBlur is three box blurs that come near it.)
  ///
  /// - Parameter sigma: the standard deviation in pixels, up to 1000; 0 changes nothing
  public func blurred(sigma: Double) throws(ImagingError) -> Image {
    guard 0...Image.widestBlur ~= sigma else { throw .unusableBlur(sigma) }
    let radius = Int(4 * sigma + 0.5)
    guard radius > 0 else { return self }
    let raw = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let sum = raw.reduce(0, +)
    let weights = raw.map { Float($0 / sum) }
    return with(channels: channels, pixels: blurredColumns(blurredRows(weights), weights))
  }

  /// The widest blur: its kernel then covers 8,001 pixels.
  public static let widestBlur = 1000.0

  private func blurredRows(_ weights: [Float]) -> [Float] {
    let radius = weights.count / 2, stride = width * channels
    var padded = [Float](repeating: 0, count: (width + 2 * radius) * channels)
    return [Float](unsafeUninitializedCapacity: pixels.count) { out, count in
      for y in 0..<height {
        for x in -radius..<width + radius {
          let from = y * stride + min(max(x, 0), width - 1) * channels
          for channel in 0..<channels { padded[(x + radius) * channels + channel] = Float(pixels[from + channel]) }
        }
        let row = UnsafeMutableBufferPointer(rebasing: out[y * stride..<(y + 1) * stride])
        row.initialize(repeating: 0)
        for (step, weight) in weights.enumerated() {
          for index in 0..<stride { row[index] += weight * padded[step * channels + index] }
        }
      }
      count = pixels.count
    }
  }

  private func blurredColumns(_ rows: [Float], _ weights: [Float]) -> [UInt8] {
    let radius = weights.count / 2, stride = width * channels
    var sums = [Float](repeating: 0, count: stride)
    return [UInt8](unsafeUninitializedCapacity: pixels.count) { out, count in
      for y in 0..<height {
        for index in 0..<stride { sums[index] = 0.5 }  // so that cutting off is rounding
        for (step, weight) in weights.enumerated() {
          let from = min(max(y + step - radius, 0), height - 1) * stride
          for index in 0..<stride { sums[index] += weight * rows[from + index] }
        }
        for index in 0..<stride { out[y * stride + index] = UInt8(min(sums[index], 255)) }
      }
      count = pixels.count
    }
  }

  private func with(channels: Int, pixels: [UInt8]) -> Image {
    Image(unchecked: (width, height, channels), pixels: pixels, text: text)
  }
}
