import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct PlotTests {
  private func plot(_ values: [Double] = [1, 0.75, 0.5, 0.25, 0]) -> LinePlot {
    var plot = LinePlot([.init("sigma", values)])
    (plot.title, plot.xTitle, plot.yTitle) = ("Schedule", "step", "sigma")
    return plot
  }

  @Test func aPlotIsAPictureOfItsSize() throws {
    var plot = plot()
    (plot.width, plot.height) = (321, 203)
    let image = try plot.image()
    #expect((image.width, image.height, image.channels) == (321, 203, 3))
    #expect(image.pixels.contains { $0 < 50 })
  }

  /// Even sigmas are a straight line: its colour is at the middle of the axes and not beside it.
  @Test func pointsStandWhereTheyBelong() throws {
    var plot = LinePlot([.init("", [1, 0.5, 0])])
    (plot.width, plot.height) = (400, 300)
    let image = try plot.image()
    let blue = (0..<300).flatMap { y in (0..<400).map { (x: $0, y: y) } }.filter { place in
      (try? image.pixel(x: place.x, y: place.y)).map { $0[2] > 150 && $0[0] < 40 } ?? false
    }
    let (left, right) = try (#require(blue.map(\.x).min()), #require(blue.map(\.x).max()))
    let (top, bottom) = try (#require(blue.map(\.y).min()), #require(blue.map(\.y).max()))
    let middle = (x: (left + right) / 2, y: (top + bottom) / 2)
    #expect(blue.contains { abs($0.x - middle.x) <= 1 && abs($0.y - middle.y) <= 1 })
    #expect(!blue.contains { $0.x < middle.x - 20 && $0.y > middle.y })
    #expect(right - left > 300 && bottom - top > 220)
  }

  @Test func equalPlotsAreEqualFiles() throws {
    #expect(try plot().svg() == plot().svg())
    #expect(try plot().image() == plot().image())
  }

  @Test func svgIsWellFormed() throws {
    let data = try Data(plot().svg())
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.hasPrefix("<?xml") && text.contains("</svg>"))
    #expect(text.contains("viewBox=\"0 0 800 500\""))
  }

  @Test(arguments: [("a.svg", "<?xml"), ("a.SVG", "<?xml"), ("a.png", "\u{89}PNG")])
  func theEndingChoosesTheKindOfFile(name: String, start: String) throws {
    let folder = try TemporaryFolder(), path = "\(folder.path)/\(name)"
    try plot().write(to: path)
    let bytes = try Data(contentsOf: URL(filePath: path))
    #expect(bytes.dropFirst(start.hasPrefix("<") ? 0 : 1).starts(with: start.utf8.suffix(start.hasPrefix("<") ? 5 : 3)))
  }

  @Test(arguments: [[], [1], [0, 0, 0], [.nan, 1, .infinity], [-.infinity], [1e300, -1e300], [1e-300, 2e-300], [5e-324], [1e17, 1e17 + 32],
                    [.greatestFiniteMagnitude, 1], [-3, 12345678], (0..<5000).map { sin(Double($0) / 50) }] as [[Double]])
  func anyValuesCanBePlotted(values: [Double]) throws {
    #expect(try plot(values).image().width == 800)
    #expect(try !plot(values).svg().isEmpty)
  }

  @Test(arguments: [(100, 500), (800, 100), (9000, 500)])
  func anImpossibleSizeIsRefused(width: Int, height: Int) {
    var plot = plot()
    (plot.width, plot.height) = (width, height)
    #expect(throws: ImagingError.self) { try plot.image() }
  }
}
