/// A box of text as pixels: what stands beneath a picture and around a sheet.
struct Label {
  var text: String
  var style: TextStyle
  var background: Colour

  /// The height that the text takes up at its style's width.
  func height() throws(ImagingError) -> Int {
    if text.isEmpty { return 0 }
    return Int(try Canvas(.colour, width: 1, height: 1).size(of: text, style).height.rounded(.up))
  }

  /// The text in the middle of a box from top to bottom, or at its top.
  func image(width: Int, height: Int, centred: Bool = false) throws(ImagingError) -> Image {
    let canvas = try Canvas(.colour, width: width, height: height)
    canvas.fill(Box(x: 0, y: 0, width: Double(width), height: Double(height)), background)
    let size = try canvas.size(of: text, style)
    try canvas.write(text, style, x: (Double(width) - style.width) / 2, y: centred ? max(0, (Double(height) - size.height) / 2) : 0)
    return try canvas.image()
  }

  /// The text turned to be read from bottom to top, in the middle of a box.
  func standingImage(width: Int, height: Int) throws(ImagingError) -> Image {
    let canvas = try Canvas(.colour, width: width, height: height)
    canvas.fill(Box(x: 0, y: 0, width: Double(width), height: Double(height)), background)
    let size = try canvas.size(of: text, style)
    let bottom = (Double(height) + style.width) / 2
    try canvas.write(text, style, x: (Double(width) - size.height) / 2, y: bottom, turned: -.pi / 2)
    return try canvas.image()
  }
}

extension Image {
  /// The picture with a text beneath it, on white: broken into lines at the picture's width, and elided after the last one.
  ///
  /// - Parameters:
  ///   - size: of the letters, in pixels; a twenty-fourth of the picture's width (11 to 32) where none is given
  ///   - lines: the most lines
  public func labelled(_ text: String, size: Double? = nil, lines: Int = 4) throws(ImagingError) -> Image {
    let size = size ?? Image.letterSize(forWidth: width)
    guard 4...400 ~= size, 1...100 ~= lines else {
      throw .drawing("letters are from 4 to 400 pixels high, in 1 to 100 lines")
    }
    let margin = Int((size / 2).rounded())
    let style = TextStyle(size: size, alignment: .centre, width: Double(max(1, width - 2 * margin)), lines: lines)
    let label = Label(text: text, style: style, background: .white)
    let strip = try label.height()
    if strip == 0 { return self }
    let foot = try label.image(width: width, height: strip + 2 * margin, centred: true)
    try Image.check(width, height + foot.height)
    let letters = channels == 3 ? foot : foot.grey()
    return try Image(width: width, height: height + foot.height, channels: channels, pixels: pixels + letters.pixels, text: self.text)
  }

  static func letterSize(forWidth width: Int) -> Double { min(max(Double(width) / 24, 11), 32) }
}
