import CCodecs

/// A surface to draw on, through Cairo: boxes, lines and text. Places count in pixels from the top left.
struct Canvas: ~Copyable {
  enum Kind { case colour, coverage, svg }

  let width: Int, height: Int
  private let kind: Kind
  private let canvas: OpaquePointer?

  /// White at first; `coverage` has nothing covered.
  init(_ kind: Kind, width: Int, height: Int) throws(ImagingError) {
    var canvas: OpaquePointer?
    let kinds = [Kind.colour: CANVAS_COLOUR, .coverage: CANVAS_COVERAGE, .svg: CANVAS_SVG]
    guard 1...Int(CANVAS_MAX_SIDE) ~= width, 1...Int(CANVAS_MAX_SIDE) ~= height, let kindInC = kinds[kind] else {
      throw .drawing("a drawing can have at most \(CANVAS_MAX_SIDE) pixels a side, and this would be \(width)×\(height)")
    }
    try Canvas.check(create_canvas(&canvas, kindInC, UInt32(width), UInt32(height)))
    (self.canvas, self.kind, self.width, self.height) = (canvas, kind, width, height)
  }

  deinit { destroy_canvas(canvas) }

  /// What has been drawn: RGB, or the coverage in one channel.
  func pixels() throws(ImagingError) -> [UInt8] {
    var status = CODEC_OK
    let count = width * height * (kind == .coverage ? 1 : 3)
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
      status = read_canvas(canvas, out.baseAddress)
      initialized = status == CODEC_OK ? count : 0
    }
    try Canvas.check(status)
    return pixels
  }

  func image() throws(ImagingError) -> Image {
    try Image(width: width, height: height, channels: kind == .coverage ? 1 : 3, pixels: pixels())
  }

  /// The bytes of the SVG file, after which nothing more can be drawn.
  consuming func svg() throws(ImagingError) -> [UInt8] {
    var out = byte_buffer(intoFile: -1)
    defer { free_bytes(&out) }
    try Canvas.check(finish_svg(canvas, &out))
    return Canvas.unnumbered(Array(UnsafeBufferPointer(start: out.bytes, count: out.count)))
  }

  /// Cairo numbers the surfaces of a process, so that equal drawings would not be equal files; nothing refers to the number.
  private static func unnumbered(_ svg: [UInt8]) -> [UInt8] {
    guard let name = svg.firstRange(of: Array(" id=\"surface".utf8)) else { return svg }
    let end = svg[name.upperBound...].drop { $0 != UInt8(ascii: "\"") }.dropFirst()
    return Array(svg[..<name.lowerBound] + end)
  }

  private static func check(_ status: codec_status) throws(ImagingError) {
    switch status {
    case CODEC_OK: return
    case CODEC_NO_FONT: throw .noFont
    case CODEC_TOO_LARGE: throw .drawing("it is too large")
    default: throw .noMemory
    }
  }
}

extension Canvas {
  func fill(_ box: Box, _ colour: Colour) {
    use(colour)
    fill_rectangle(canvas, box.inC)
  }

  func fillEllipse(_ box: Box, _ colour: Colour) {
    use(colour)
    fill_ellipse(canvas, box.inC)
  }

  func fill(polygon points: [(x: Double, y: Double)], _ colour: Colour) {
    use(colour)
    fill_polygon(canvas, points.flatMap { [$0.x, $0.y] }, points.count)
  }

  /// A line through points; dashes and gaps are `dash` long, 0 for a line without gaps.
  func line(_ points: [(x: Double, y: Double)], _ colour: Colour, width: Double = 1, dash: Double = 0) {
    use(colour)
    stroke_line(canvas, points.flatMap { [$0.x, $0.y] }, points.count, line_style(width: width, dash: dash))
  }

  /// The size that a text takes up.
  func size(of text: String, _ style: TextStyle) throws(ImagingError) -> (width: Double, height: Double) {
    var width = 0.0, height = 0.0
    let letters = TextStyle.drawable(text)
    try Canvas.check(measure_text(canvas, letters, letters.count, style.inC, &width, &height))
    return (width, height)
  }

  /// Draws a text with its top left corner at a place, turned around it by an angle in radians, clockwise.
  func write(_ text: String, _ style: TextStyle, x: Double, y: Double, turned angle: Double = 0) throws(ImagingError) {
    use(style.colour)
    let letters = TextStyle.drawable(text)
    try Canvas.check(draw_text(canvas, letters, letters.count, style.inC, x, y, angle))
  }

  private func use(_ colour: Colour) {
    set_colour(canvas, Double(colour.red) / 255, Double(colour.green) / 255, Double(colour.blue) / 255)
  }
}
