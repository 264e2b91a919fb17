import Foundation
import Imaging
import Testing

@Suite struct ShapeTests {
  @Test func aRectangleOnPixelBordersIsExact() throws {
    let mask = try Image.mask(width: 9, height: 7).drawing(.rectangle(Box(x: 2, y: 1, width: 4, height: 3)), in: .white)
    for y in 0..<7 { for x in 0..<9 { #expect(try mask.pixel(x: x, y: y) == [2..<6 ~= x && 1..<4 ~= y ? 255 : 0]) } }
  }

  @Test func anEdgeWithinAPixelCoversItInPart() throws {
    let mask = try Image.mask(width: 4, height: 3).drawing(.rectangle(Box(x: 0.5, y: 0, width: 2.25, height: 3)), in: .white)
    #expect(mask.pixels.prefix(4).elementsEqual([128, 255, 192, 0]), "\(mask.pixels)")
  }

  @Test(arguments: [(40.0, 30.0), (7, 7), (99, 3), (1500, 1100)])
  func anEllipseCoversItsArea(width: Double, height: Double) throws {
    let mask = try Image.mask(width: Int(width) + 5, height: Int(height) + 5).drawing(.ellipse(Box(x: 2.5, y: 2.25, width: width, height: height)), in: .white)
    let area = mask.pixels.reduce(0.0) { $0 + Double($1) / 255 }, expected = .pi / 4 * width * height
    #expect(abs(area - expected) < 0.002 * expected, "\(area), expected \(expected)")
  }

  @Test func aShapeReachesOverTheBorders() throws {
    let whole = try Image.mask(width: 60, height: 50).drawing(.ellipse(Box(x: 5, y: 4, width: 50, height: 40)), in: .white)
    let part = try Image.mask(width: 20, height: 30).drawing(.ellipse(Box(x: -25, y: -6, width: 50, height: 40)), in: .white)
    #expect(try part.largestDifference(from: whole.cropped(x: 30, y: 10, width: 20, height: 30)) <= 1)
    let image = try Pictures.noise(8, 8)
    #expect(try image.drawing(.rectangle(Box(x: 100, y: -100, width: 5, height: 5)), in: .white) == image)
    #expect(try image.drawing(.ellipse(Box(x: 1, y: 1, width: 0, height: 5)), in: .white) == image)
  }

  @Test func aShapeIsTheSameAcrossTheSquaresItIsDrawnIn() throws {
    let mask = try Image.mask(width: 2100, height: 1100).drawing(.ellipse(Box(x: 0, y: 0, width: 2100, height: 1100)), in: .white)
    let subrow = 17  // Cairo looks at fifteen lines within a pixel
    #expect(try mask.largestDifference(from: mask.flipped(.horizontal)) <= subrow)
    #expect(try mask.pixel(x: 1024, y: 550) == [255])
  }

  @Test(arguments: [Box(x: .nan, y: 0, width: 1, height: 1), Box(x: 0, y: 0, width: -1, height: 1), Box(x: 0, y: 2e6, width: 1, height: 1)])
  func anImpossibleShapeIsRefused(box: Box) {
    #expect(throws: ImagingError.self) { try Image.mask(width: 5, height: 5).drawing(.ellipse(box), in: .white) }
  }

  @Test func aColourIsMixedByItsCoverage() throws {
    let image = try Image(width: 2, height: 1, filledWith: Colour(red: 100, green: 0, blue: 200))
      .drawing(.rectangle(Box(x: 0.5, y: 0, width: 1.5, height: 1)), in: Colour(red: 200, green: 255, blue: 0))
    #expect(try image.pixel(x: 1, y: 0) == [200, 255, 0])
    let half = try image.pixel(x: 0, y: 0).map { Int($0) }
    #expect(abs(half[0] - 150) <= 1 && abs(half[1] - 128) <= 1 && abs(half[2] - 100) <= 1)
  }
}
