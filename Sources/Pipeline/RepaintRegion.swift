import Imaging

/// The surroundings of a mask, painted at a size of their own and put back into the picture.
/// Reference: diffusers `VaeImageProcessor.get_crop_region` and `apply_overlay`.
public struct RepaintRegion: Sendable {
  private let whole: Image, mask: Image
  /// Whether the region is just the picture.
  private let isWhole: Bool
  /// Where the region lies, in pixels.
  public let x: Int, y: Int, width: Int, height: Int
  /// What the model is shown of the picture and of the mask, at the size that it paints.
  let picture: Image, paintedMask: Image

  /// - Parameters:
  ///   - padding: pixels around the mask; nil for the whole picture
  ///   - size: of what is painted; the region grows to its aspect where the picture has room
  init(of whole: Image, mask given: Image, padding: Int? = nil, size: Size) throws {
    guard given.width == whole.width, given.height == whole.height else {
      throw PipelineError.option("mask", "is \(given.width)x\(given.height), but with \(padding == nil ? "overlay" : "padding") it must be of the picture's size, \(whole.width)x\(whole.height)")
    }
    let mask = given.grey()
    guard let box = Self.box(of: mask) else { throw PipelineError.option("mask", "is black: there is nothing to paint") }
    (self.whole, self.mask, isWhole) = (whole, mask, padding == nil)
    guard let padding else {
      (x, y, width, height, picture, paintedMask) = (0, 0, whole.width, whole.height, whole, mask)
      return
    }
    var (x, width) = Self.padded(box.x, by: padding, within: mask.width), (y, height) = Self.padded(box.y, by: padding, within: mask.height)
    // The side that is too short for the aspect grows to both sides, and moves where the picture ends.
    if width * size.height > height * size.width { (y, height) = Self.grown(y, height, to: width * size.height / size.width, within: mask.height) }
    else { (x, width) = Self.grown(x, width, to: height * size.width / size.height, within: mask.width) }
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
    picture = try Self.filled(whole.cropped(x: x, y: y, width: width, height: height), size)
    paintedMask = try Self.filled(mask.cropped(x: x, y: y, width: width, height: height), size)
  }

  /// The whole picture with what was painted: just as it was where the mask is black.
  func composed(_ painted: Image) throws -> Image {
    let fitted = try unfilled(painted), channels = painted.channels
    let base = whole.channels == channels ? whole : whole.coloured()
    var pixels = base.pixels
    for row in 0..<height {
      for column in 0..<width {
        let light = Int(mask.pixels[(y + row) * mask.width + x + column])
        guard light > 0 else { continue }
        for channel in 0..<channels {
          let at = ((y + row) * base.width + x + column) * channels + channel
          pixels[at] = UInt8((Int(fitted.pixels[(row * width + column) * channels + channel]) * light + Int(pixels[at]) * (255 - light) + 127) / 255)
        }
      }
    }
    return try Image(width: base.width, height: base.height, channels: channels, pixels: pixels)
  }

  /// The columns and rows that are not black.
  private static func box(of mask: Image) -> (x: Range<Int>, y: Range<Int>)? {
    let lit = (0..<mask.width * mask.height).filter { mask.pixels[$0] > 0 }
    guard let first = lit.first, let last = lit.last else { return nil }
    let columns = lit.map { $0 % mask.width }
    return ((columns.min() ?? 0)..<(columns.max() ?? 0) + 1, first / mask.width..<last / mask.width + 1)
  }

  private static func padded(_ range: Range<Int>, by padding: Int, within most: Int) -> (Int, Int) {
    let first = max(range.lowerBound - padding, 0)
    return (first, min(range.upperBound + padding, most) - first)
  }

  private static func grown(_ first: Int, _ length: Int, to wanted: Int, within most: Int) -> (Int, Int) {
    let grown = min(max(wanted, length), most)
    return (min(max(first - (grown - length) / 2, 0), most - grown), grown)
  }

  /// At the size that is painted; where the picture was too small for the aspect, its edges are drawn out.
  private static func filled(_ image: Image, _ size: Size) throws -> Image {
    let isWide = image.width * size.height > image.height * size.width
    let width = isWide ? size.width : max(image.width * size.height / image.height, 1), height = isWide ? max(image.height * size.width / image.width, 1) : size.height
    let fitted = try image.resized(width: width, height: height, .lanczos)
    guard width < size.width || height < size.height else { return fitted }
    let (left, top, channels) = ((size.width - width) / 2, (size.height - height) / 2, image.channels)
    var pixels: [UInt8] = []
    for row in 0..<size.height {
      for column in 0..<size.width {
        let at = (min(max(row - top, 0), height - 1) * width + min(max(column - left, 0), width - 1)) * channels
        pixels += fitted.pixels[at..<at + channels]
      }
    }
    return try Image(width: size.width, height: size.height, channels: channels, pixels: pixels)
  }

  /// The way back: as large as the region, without what was drawn out.
  private func unfilled(_ painted: Image) throws -> Image {
    if isWhole { return try painted.resized(width: width, height: height, .lanczos) }
    let isWide = width * painted.height > height * painted.width
    let covering = isWide ? (width: width, height: max(painted.height * width / painted.width, height)) : (width: max(painted.width * height / painted.height, width), height: height)
    return try painted.resized(width: covering.width, height: covering.height, .lanczos)
      .cropped(x: (covering.width - width) / 2, y: (covering.height - height) / 2, width: width, height: height)
  }
}
