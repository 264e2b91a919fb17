extension LinePlot {
  private enum Look {
    static let letters = 14.0, titleLetters = 18.0
    static let frame = Colour(grey: 96), grid = Colour(grey: 226), ink = Colour(grey: 32)
    /// Beyond so many points they are not marked one by one.
    static let mostMarks = 60
    /// Okabe and Ito's colours, which the colour-blind tell apart too; those that are seen on white.
    static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"].compactMap { Colour($0) }
  }

  func draw(on canvas: borrowing Canvas) throws(ImagingError) {
    canvas.fill(Box(x: 0, y: 0, width: Double(width), height: Double(height)), .white)
    let xs = curves.flatMap { $0.points.map(\.x) }, ys = curves.flatMap { $0.points.map(\.y) }
    let across = Scale(xs, most: max(2, width / 80), padded: false), down = Scale(ys, most: max(2, height / 60), padded: true)
    var widest = 0.0
    for tick in down.ticks { widest = max(widest, try canvas.size(of: tick.text, TextStyle(size: Look.letters)).width) }

    let line = Look.letters * 1.6
    let left = 12 + (yTitle.isEmpty ? 0 : line) + widest + 8, top = 16 + (title.isEmpty ? 0 : Look.titleLetters * 1.7)
    let area = Box(x: left, y: top, width: Double(width) - left - 24,
                   height: Double(height) - top - 12 - line - (xTitle.isEmpty ? 0 : line))
    guard area.width > 20, area.height > 20 else { throw .drawing("\(width)×\(height) pixels are too few for this plot") }
    try drawAxes(on: canvas, area, across, down)
    try drawTitles(on: canvas, area)
    for (index, curve) in curves.enumerated() {
      draw(curve, Look.colours[index % Look.colours.count], on: canvas, area, across, down)
    }
    try drawLegend(on: canvas, area, across, down)
  }

  private func drawAxes(on canvas: borrowing Canvas, _ area: Box, _ across: Scale, _ down: Scale) throws(ImagingError) {
    let (right, bottom) = (area.x + area.width, area.y + area.height)
    for tick in down.ticks {
      let y = bottom - down.place(tick.value) * area.height
      canvas.line([(area.x, y.crisp), (right, y.crisp)], Look.grid)
      let size = try canvas.size(of: tick.text, TextStyle(size: Look.letters))
      try canvas.write(tick.text, TextStyle(size: Look.letters, colour: Look.ink), x: area.x - 8 - size.width, y: y - size.height / 2)
    }
    for tick in across.ticks {
      let x = area.x + across.place(tick.value) * area.width
      canvas.line([(x.crisp, area.y), (x.crisp, bottom)], Look.grid)
      let size = try canvas.size(of: tick.text, TextStyle(size: Look.letters))
      try canvas.write(tick.text, TextStyle(size: Look.letters, colour: Look.ink), x: x - size.width / 2, y: bottom + 6)
    }
    canvas.line([(area.x.crisp, area.y), (area.x.crisp, bottom.crisp), (right, bottom.crisp)], Look.frame)
  }

  private func drawTitles(on canvas: borrowing Canvas, _ area: Box) throws(ImagingError) {
    let whole = Double(width)
    let bold = TextStyle(size: Look.titleLetters, colour: Look.ink, bold: true, alignment: .centre, width: whole - 24, lines: 1)
    if !title.isEmpty { try canvas.write(title, bold, x: 12, y: 12) }
    func axis(_ length: Double) -> TextStyle {
      TextStyle(size: Look.letters, colour: Look.ink, alignment: .centre, width: length, lines: 1)
    }
    if !xTitle.isEmpty {
      try canvas.write(xTitle, axis(area.width), x: area.x, y: Double(height) - Look.letters * 1.6 - 6)
    }
    if !yTitle.isEmpty {
      try canvas.write(yTitle, axis(area.height), x: 8, y: area.y + area.height, turned: -.pi / 2)
    }
  }

  private func draw(_ curve: Curve, _ colour: Colour, on canvas: borrowing Canvas, _ area: Box, _ across: Scale, _ down: Scale) {
    var run: [(x: Double, y: Double)] = []
    let marked = curve.points.count <= Look.mostMarks
    for point in curve.points {
      let place = (x: area.x + across.place(point.x) * area.width, y: area.y + area.height - down.place(point.y) * area.height)
      if abs(place.x) < 1e6, abs(place.y) < 1e6 {
        run.append(place)
        if marked { canvas.fillEllipse(Box(x: place.x - 3.5, y: place.y - 3.5, width: 7, height: 7), colour) }
      } else {
        canvas.line(run, colour, width: 2)
        run = []
      }
    }
    canvas.line(run, colour, width: 2)
  }

  /// In the corner where the fewest points lie.
  private func drawLegend(on canvas: borrowing Canvas, _ area: Box, _ across: Scale, _ down: Scale) throws(ImagingError) {
    let named = curves.enumerated().filter { !$0.element.name.isEmpty }
    if named.isEmpty || curves.count == 1 && title == named[0].element.name { return }
    let style = TextStyle(size: Look.letters, colour: Look.ink, width: area.width * 0.45, lines: 1)
    var width = 0.0
    for entry in named { width = max(width, try canvas.size(of: entry.element.name, style).width) }
    let row = Look.letters * 1.5, size = (width: width + 52, height: Double(named.count) * row + 10)
    let corners = [(1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map { corner in
      Box(x: area.x + 10 + corner.0 * (area.width - size.width - 20), y: area.y + 10 + corner.1 * (area.height - size.height - 20),
          width: size.width, height: size.height)
    }
    let points = curves.flatMap { $0.points }.map { point in
      (x: area.x + across.place(point.x) * area.width, y: area.y + area.height - down.place(point.y) * area.height)
    }
    func covered(_ box: Box) -> Int {
      points.count { box.x...box.x + box.width ~= $0.x && box.y...box.y + box.height ~= $0.y }
    }
    guard let box = corners.min(by: { covered($0) < covered($1) }) else { return }
    canvas.fill(Box(x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2), Look.grid)
    canvas.fill(box, .white)
    for (place, entry) in named.enumerated() {
      let y = box.y + 5 + Double(place) * row
      canvas.line([(box.x + 10, y + row / 2), (box.x + 34, y + row / 2)], Look.colours[entry.offset % Look.colours.count], width: 2)
      try canvas.write(entry.element.name, style, x: box.x + 42, y: y + (row - Look.letters * 1.17) / 2)
    }
  }
}

extension Double {
  /// The middle of the nearest pixel, where a line of one pixel is sharp.
  fileprivate var crisp: Double { rounded(.down) + 0.5 }
}
