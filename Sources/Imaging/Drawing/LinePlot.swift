/// Curves over common axes, as a picture or as SVG.
///
///     var plot = LinePlot([.init("flux, 8 steps", sigmas)])
///     (plot.title, plot.xTitle, plot.yTitle) = ("Noise levels", "step", "sigma")
///     try plot.write(to: "schedule.svg")
public struct LinePlot: Sendable {
  /// Points joined by lines; a value that is infinite or not a number leaves a gap.
  public struct Curve: Sendable {
    /// As the legend has it; a curve without a name is not in it.
    public var name: String
    public var points: [(x: Double, y: Double)]

    public init(_ name: String, points: [(x: Double, y: Double)]) {
      (self.name, self.points) = (name, points)
    }

    /// Values over 0, 1, 2, …
    public init(_ name: String, _ values: [Double]) {
      self.init(name, points: values.enumerated().map { (Double($0.offset), $0.element) })
    }
  }

  public var curves: [Curve]
  public var title = ""
  public var xTitle = ""
  public var yTitle = ""
  /// In pixels.
  public var width = 800, height = 500

  public init(_ curves: [Curve]) {
    self.curves = curves
  }

  public func image() throws(ImagingError) -> Image {
    let canvas = try Canvas(.colour, width: checkedSize.width, height: checkedSize.height)
    try draw(on: canvas)
    return try canvas.image()
  }

  /// The bytes of an SVG file; its letters are outlines, so that it looks alike everywhere.
  public func svg() throws(ImagingError) -> [UInt8] {
    let canvas = try Canvas(.svg, width: checkedSize.width, height: checkedSize.height)
    try draw(on: canvas)
    return try canvas.svg()
  }

  /// Writes SVG where the name ends in .svg, else the picture format that it ends in.
  public func write(to path: String) throws(ImagingError) {
    guard path.lowercased().hasSuffix(".svg") else { return try image().write(to: path) }
    try AtomicFile.write(svg(), to: path)
  }

  private var checkedSize: (width: Int, height: Int) {
    get throws(ImagingError) {
      guard 160...8000 ~= width, 120...8000 ~= height else {
        throw .drawing("a plot is from 160×120 to 8000×8000 pixels large, not \(width)×\(height)")
      }
      return (width, height)
    }
  }
}
