/// Shapes with smooth edges, for masks and for marks: Cairo says how much of each pixel a shape covers.
extension Image {
  /// A grey picture of one value: a mask that shows nothing (0) or everything (255).
  public static func mask(width: Int, height: Int, value: UInt8 = 0) throws(ImagingError) -> Image {
    try check(width, height)
    return Image(unchecked: (width, height, 1), pixels: [UInt8](repeating: value, count: width * height), text: [])
  }

  /// A picture of one colour.
  public static func filled(width: Int, height: Int, with colour: Colour) throws(ImagingError) -> Image {
    try check(width, height)
    let row = [[UInt8]](repeating: [colour.red, colour.green, colour.blue], count: width).flatMap { $0 }
    return Image(unchecked: (width, height, 3), pixels: [[UInt8]](repeating: row, count: height).flatMap { $0 }, text: [])
  }

  /// What is drawn onto a picture. Boxes may have parts of pixels, and may reach over the picture's borders.
  public enum Shape: Equatable, Sendable {
    case rectangle(Box)
    case ellipse(Box)

    var box: Box { switch self { case .rectangle(let box), .ellipse(let box): box } }
  }

  /// The picture with a shape on it. On a grey picture the colour's brightness is drawn.
  public func drawing(_ shape: Shape, in colour: Colour) throws(ImagingError) -> Image {
    let box = shape.box
    guard [box.x, box.y, box.width, box.height].allSatisfy({ abs($0) <= 1e6 }), box.width >= 0, box.height >= 0 else {
      throw .drawing("a shape's place and size are numbers up to a million, and its size is not negative")
    }
    let columns = Image.cover(box.x, box.width, within: width), rows = Image.cover(box.y, box.height, within: height)
    var made = pixels
    for top in stride(from: rows.lowerBound, to: rows.upperBound, by: Image.tile) {
      for left in stride(from: columns.lowerBound, to: columns.upperBound, by: Image.tile) {
        let tile = (x: left..<min(left + Image.tile, columns.upperBound), y: top..<min(top + Image.tile, rows.upperBound))
        try draw(shape, in: colour.bytes(channels: channels), onto: &made, tile.x, tile.y)
      }
    }
    return Image(unchecked: (width, height, channels), pixels: made, text: text)
  }

  /// Large shapes are drawn in squares of this side.
  private static let tile = 1024

  private func draw(
    _ shape: Shape, in colour: [UInt8], onto made: inout [UInt8], _ columns: Range<Int>, _ rows: Range<Int>
  ) throws(ImagingError) {
    let canvas = try Canvas(.coverage, width: columns.count, height: rows.count)
    var box = shape.box
    box.x -= Double(columns.lowerBound)
    box.y -= Double(rows.lowerBound)
    switch shape {
    case .rectangle: canvas.fill(box, .black)
    case .ellipse: canvas.fillEllipse(box, .black)
    }
    let coverage = try canvas.pixels()
    for (index, share) in coverage.enumerated() where share > 0 {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns.count)
      let place = ((rows.lowerBound + row) * width + columns.lowerBound + column) * channels
      for channel in 0..<channels {
        made[place + channel] = Image.mixed(Int(made[place + channel]), Int(colour[channel]), Int(share))
      }
    }
  }

  /// The pixels that a length reaches into.
  private static func cover(_ start: Double, _ length: Double, within limit: Int) -> Range<Int> {
    let first = min(max(Int(start.rounded(.down)), 0), limit), last = min(max(Int((start + length).rounded(.up)), first), limit)
    return first..<last
  }
}
