/// Parts of pictures put elsewhere. Places count from 0 at the top left.
extension Image {
  /// A picture of one colour.
  public init(width: Int, height: Int, filledWith colour: Colour) throws(ImagingError) {
    try Image.check(width, height)
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { out, count in
      for place in stride(from: 0, to: width * height * 3, by: 3) {
        (out[place], out[place + 1], out[place + 2]) = (colour.red, colour.green, colour.blue)
      }
      count = width * height * 3
    }
    try self.init(width: width, height: height, channels: 3, pixels: pixels)
  }

  /// The part of the picture that begins at a place; all of it lies within the picture.
  public func cropped(x: Int, y: Int, width: Int, height: Int) throws(ImagingError) -> Image {
    guard x >= 0, y >= 0, width > 0, height > 0, width <= self.width, height <= self.height,
          x <= self.width - width, y <= self.height - height else {
      throw .outside("the part \(width)×\(height) at (\(x), \(y))", width: self.width, height: self.height)
    }
    var part: [UInt8] = []
    part.reserveCapacity(width * height * channels)
    for row in y..<y + height {
      let start = (row * self.width + x) * channels
      part += pixels[start..<start + width * channels]
    }
    return try Image(width: width, height: height, channels: channels, pixels: part, text: text)
  }

  /// The picture with another laid onto it, as Pillow's `paste` does it; what lies outside of the picture is cut off.
  ///
  /// - Parameters:
  ///   - other: grey on colour becomes colour, colour on grey becomes grey
  ///   - mask: a grey picture of the other's size: 255 shows the other picture, 0 this one, and between is a mixture
  public func pasting(_ other: Image, x: Int, y: Int, mask: Image? = nil) throws(ImagingError) -> Image {
    if let mask, (mask.width, mask.height, mask.channels) != (other.width, other.height, 1) {
      throw .unusableMask("\(other.width)×\(other.height) grey", "\(mask.width)×\(mask.height)\(mask.channels == 1 ? " grey" : " in colour")")
    }
    let (top, bottom) = (max(0, y), min(height, y.saturating(other.height)))
    let (left, right) = (max(0, x), min(width, x.saturating(other.width)))
    guard top < bottom, left < right else { return self }
    let source = other.channels == channels ? other : channels == 1 ? other.grey() : other.coloured()
    var made = pixels
    for row in top..<bottom {
      let to = (row * width + left) * channels, from = ((row - y) * other.width + left - x) * channels
      let count = (right - left) * channels
      if let mask {
        let first = (row - y) * other.width + left - x
        for offset in 0..<count {
          let share = Int(mask.pixels[first + offset / channels])
          made[to + offset] = Image.mixed(Int(made[to + offset]), Int(source.pixels[from + offset]), share)
        }
      } else {
        made.replaceSubrange(to..<to + count, with: source.pixels[from..<from + count])
      }
    }
    return try Image(width: width, height: height, channels: channels, pixels: made, text: text)
  }

  /// Which way a picture is mirrored.
  public enum Flip: String, CaseIterable, Sendable {
    /// Left becomes right.
    case horizontal
    /// Top becomes bottom.
    case vertical
  }

  public func flipped(_ flip: Flip) throws(ImagingError) -> Image {
    switch flip {
    case .horizontal: try upright(from: .mirrored)
    case .vertical: try upright(from: .flipped)
    }
  }

  /// One pixel: its grey, or its red, green and blue.
  public func pixel(x: Int, y: Int) throws(ImagingError) -> [UInt8] {
    guard 0..<width ~= x, 0..<height ~= y else { throw .outside("the pixel (\(x), \(y))", width: width, height: height) }
    let start = (y * width + x) * channels
    return Array(pixels[start..<start + channels])
  }

  /// (a · (255 − share) + b · share) / 255, rounded, without a division: as Pillow has it.
  static func mixed(_ a: Int, _ b: Int, _ share: Int) -> UInt8 {
    let sum = a * (255 - share) + b * share + 128
    return UInt8((sum + (sum >> 8)) >> 8)
  }

  static func check(_ width: Int, _ height: Int) throws(ImagingError) {
    guard 1...longestSide ~= width, 1...longestSide ~= height, width * height <= mostPixels else {
      throw .unusableSize(width: width, height: height)
    }
  }
}

extension Int {
  fileprivate func saturating(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
