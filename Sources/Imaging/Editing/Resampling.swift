import Glibc

/// How a picture is brought to another size.
public enum ResamplingFilter: String, CaseIterable, Sendable {
  /// Windowed sinc over three lobes: the sharpest.
  case lanczos
  case bicubic
  /// The mean of what a pixel covers.
  case area
  case nearest

  /// Pixels to each side that have a weight, at scale 1.
  fileprivate var support: Double {
    switch self { case .lanczos: 3; case .bicubic: 2; case .area: 0.5; case .nearest: 0 }
  }

  fileprivate func weight(_ x: Double) -> Double {
    switch self {
    case .lanczos: return abs(x) < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
    case .bicubic:
      let a = -0.5, x = abs(x)
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    case .area: return x > -0.5 && x <= 0.5 ? 1 : 0
    case .nearest: return 0
    }
  }

  private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
}

extension Image {
  /// The picture at another size: byte for byte what Pillow's `Image.resize` gives (its lanczos, bicubic, box and nearest).
  public func resized(width: Int, height: Int, _ filter: ResamplingFilter = .lanczos) throws(ImagingError) -> Image {
    if (width, height) == (self.width, self.height) { return self }
    try Self.check(width, height)
    if filter == .nearest { return try nearest(width, height) }
    // Bytes are rounded between the two passes, so their order shows. Pillow 13 begins with the height where that shrinks by
    // more than twice what the width does (earlier ones always begin with the width).
    let heightFirst = height < self.height && self.height - height > 2 * (self.width - width)
    return heightFirst ? try scaled(height: height, filter).scaled(width: width, filter) : try scaled(width: width, filter).scaled(height: height, filter)
  }

  private func scaled(width: Int, _ filter: ResamplingFilter) throws(ImagingError) -> Image {
    if width == self.width { return self }
    let made = Self.filtered(pixels, Lines(count: height, length: self.width, channels: channels), to: width, filter)
    return try Image(width: width, height: height, channels: channels, pixels: made, text: text)
  }

  private func scaled(height: Int, _ filter: ResamplingFilter) throws(ImagingError) -> Image {
    if height == self.height { return self }
    let turned = Self.turned(pixels, width: width, height: self.height, channels)
    let made = Self.filtered(turned, Lines(count: width, length: self.height, channels: channels), to: height, filter)
    return try Image(width: width, height: height, channels: channels, pixels: Self.turned(made, width: height, height: width, channels), text: text)
  }

  /// Pixels of `count` lines, each `length` long.
  private struct Lines { let count: Int, length: Int, channels: Int }

  /// For each new pixel: which old ones it is made of, and their weights in 22 bits after the point.
  private struct Window { let first: Int, weights: [Int32] }
  private static let precision = 22

  private static func windows(_ length: Int, to target: Int, _ filter: ResamplingFilter) -> [Window] {
    let scale = Double(length) / Double(target), stretch = max(scale, 1), shrink = 1 / stretch
    let support = filter.support * stretch
    return (0..<target).map { index in
      let center = (Double(index) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5)), last = min(length, Int(center + support + 0.5))
      let raw = (first..<last).map { filter.weight((Double($0) - center + 0.5) * shrink) }
      let sum = raw.reduce(0, +)
      return Window(first: first, weights: raw.map { weight in
        let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << precision)
        return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
      })
    }
  }

  private static func filtered(_ pixels: [UInt8], _ lines: Lines, to target: Int, _ filter: ResamplingFilter) -> [UInt8] {
    let windows = windows(lines.length, to: target, filter), channels = lines.channels
    return [UInt8](unsafeUninitializedCapacity: lines.count * target * channels) { out, count in
      var at = 0
      for line in 0..<lines.count {
        for window in windows {
          let from = (line * lines.length + window.first) * channels
          for channel in 0..<channels {
            var sum = 1 << (precision - 1)
            for (step, weight) in window.weights.enumerated() { sum += Int(pixels[from + step * channels + channel]) * Int(weight) }
            out[at] = UInt8(clamping: sum >> precision)
            at += 1
          }
        }
      }
      count = at
    }
  }

  /// Rows become columns.
  private static func turned(_ pixels: [UInt8], width: Int, height: Int, _ channels: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: pixels.count)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<channels { result[(x * height + y) * channels + channel] = pixels[(y * width + x) * channels + channel] }
      }
    }
    return result
  }

  private func nearest(_ width: Int, _ height: Int) throws(ImagingError) -> Image {
    func source(_ index: Int, _ length: Int, _ target: Int) -> Int { min(length - 1, Int((Double(index) + 0.5) * Double(length) / Double(target))) }
    let columns = (0..<width).map { source($0, self.width, width) }
    var made: [UInt8] = []
    made.reserveCapacity(width * height * channels)
    for y in 0..<height {
      let row = source(y, self.height, height) * self.width
      for x in columns { made += pixels[((row + x) * channels)..<((row + x + 1) * channels)] }
    }
    return try Image(width: width, height: height, channels: channels, pixels: made, text: text)
  }
}
