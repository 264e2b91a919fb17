/// Which way up a picture lies in its file (EXIF 2.32, tag 0x0112): where the first row and the first column are meant to be.
enum Orientation: Int {
  case upright = 1, mirrored, upsideDown, flipped, transposed, turnedLeft, transverse, turnedRight

  var swapsSides: Bool { rawValue >= 5 }
}

extension Image {
  /// The picture as it is meant to be looked at.
  func upright(from orientation: Orientation) throws(ImagingError) -> Image {
    let (right, bottom) = (width - 1, height - 1)
    // For each pixel of the upright picture, the one it comes from.
    switch orientation {
    case .upright: return self
    case .mirrored: return try mapped(width, height) { x, y in (right - x, y) }
    case .upsideDown: return try mapped(width, height) { x, y in (right - x, bottom - y) }
    case .flipped: return try mapped(width, height) { x, y in (x, bottom - y) }
    case .transposed: return try mapped(height, width) { x, y in (y, x) }
    case .turnedLeft: return try mapped(height, width) { x, y in (y, bottom - x) }
    case .transverse: return try mapped(height, width) { x, y in (right - y, bottom - x) }
    case .turnedRight: return try mapped(height, width) { x, y in (right - y, x) }
    }
  }

  /// A picture of the same pixels in other places.
  func mapped(_ newWidth: Int, _ newHeight: Int, _ source: (_ x: Int, _ y: Int) -> (Int, Int)) throws(ImagingError) -> Image {
    let moved = [UInt8](unsafeUninitializedCapacity: pixels.count) { out, count in
      for y in 0..<newHeight {
        for x in 0..<newWidth {
          let (fromX, fromY) = source(x, y)
          let from = (fromY * width + fromX) * channels
          for channel in 0..<channels {
            out[count] = pixels[from + channel]
            count += 1
          }
        }
      }
    }
    return try Image(width: newWidth, height: newHeight, channels: channels, pixels: moved, text: text)
  }
}
