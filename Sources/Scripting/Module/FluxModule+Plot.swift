import CLua
import Imaging

// flux.plot: curves as a picture.

private struct PlotOptions {
  var title = "", x = "", y = "", size: [Int]?
  static var options: Options<PlotOptions> {
    Options(PlotOptions(), [
      Field("title", .string, \.title, "a text above all"),
      Field("x", .string, \.x, "what goes across"),
      Field("y", .string, \.y, "what goes up"),
      Field("size", .list(of: .integer(in: 120...8000), atLeast: 2), \.size, "{width, height} in pixels; {800, 500} by default"),
    ])
  }
}

extension FluxModule {
  func plotFunction() -> LuaFunction {
    let curves = Reader<[LinePlot.Curve]>("a table of curves by name", "table<string, (number|number[])[]>") { try Self.curves($0) }
    return LuaFunction("plot", "Curves over common axes, as a picture: flux.plot{ euler = {{1, 20}, {2, 28}}, heun = {{2, 25}, {4, 33}} }.",
                       .required("curves", curves, "points {x, y}, or numbers over 1, 2, 3, … by the curve's name"), .options(PlotOptions.options), returns: "flux.Image") { _, curves, options in
      var plot = LinePlot(curves)
      (plot.title, plot.xTitle, plot.yTitle) = (options.title, options.x, options.y)
      if let size = options.size {
        guard size.count == 2 else { throw LuaError("'size' must be {width, height}, got \(size.count) numbers") }
        (plot.width, plot.height) = (size[0], size[1])
      }
      return try plot.image()
    }
  }

  /// In name order.
  private static func curves(_ argument: Argument) throws -> [LinePlot.Curve] {
    guard argument.isTable else { throw Mismatch("a table of curves by name", argument) }
    let keys = argument.keys
    if let other = keys.others.first { throw Mismatch(predicate: "must be a table of curves by name, got an entry [\(other)]") }
    guard !keys.names.isEmpty else { throw Mismatch(predicate: "must have at least one curve") }
    return try keys.names.map { name in
      try argument.field(name) { list in
        guard list.isTable, list.length > 0 else { throw Mismatch(predicate: "must be a table of curves, but '\(name)' is \(list.isTable ? "empty" : "\(list)")") }
        return LinePlot.Curve(name, points: try (1...list.length).map { place in
          try list.entry(place) { point in
            if let y = point.lua.number(at: point.index) { return (Double(place), y) }
            guard point.isTable, point.length == 2, let x = point.entry(1, { $0.lua.number(at: $0.index) }), let y = point.entry(2, { $0.lua.number(at: $0.index) }) else {
              throw Mismatch(predicate: "must be a table of curves, but entry \(place) of '\(name)' is \(point.isTable ? "no pair of numbers" : "\(point)")")
            }
            return (x, y)
          }
        })
      }
    }
  }
}
