import CCodecs

/// A picture: 8-bit grey or RGB pixels, and the text that travels with them.
///
///     var image = try Image(width: 2, height: 1, channels: 3, pixels: [255, 0, 0, 0, 0, 255])
///     image.text["Title"] = "a red pixel beside a blue one"
///     try image.write(to: "pair.png")
///     let decibels = try image.psnr(Image(contentsOf: "pair.png"))    // +inf: nothing was lost
public struct Image: Equatable, Sendable {
  public let width: Int
  public let height: Int
  /// 1 for grey, 3 for RGB.
  public let channels: Int
  /// [height, width, channels], rows from the top.
  public let pixels: [UInt8]
  /// Keys and values in the order of the file.
  public var text: [TextEntry]

  /// The longest side that can be read and written.
  public static let longestSide = Int(PICTURE_MAX_SIDE)
  /// The most pixels that can be read and written.
  public static let mostPixels = Int(PICTURE_MAX_PIXELS)

  public init(width: Int, height: Int, channels: Int, pixels: [UInt8], text: [TextEntry] = []) throws(ImagingError) {
    try Image.check(width, height)
    guard channels == 1 || channels == 3 else { throw .unusableChannels(channels) }
    guard pixels.count == width * height * channels else {
      throw .pixelCount(expected: width * height * channels, got: pixels.count)
    }
    self.init(unchecked: (width, height, channels), pixels: pixels, text: text)
  }

  /// Pixels whose shape is that of a picture already.
  init(unchecked shape: (width: Int, height: Int, channels: Int), pixels: [UInt8], text: [TextEntry]) {
    (width, height, channels) = shape
    self.pixels = pixels
    self.text = text
  }
}
