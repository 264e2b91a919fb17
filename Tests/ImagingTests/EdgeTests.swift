import Foundation
import Imaging
import TestSupport
import Testing

/// Preprocessors of controls, against OpenCV (`Scripts/make_edges.py`) and by laws.
@Suite struct EdgeTests {
  static let folder = Fixtures.folder + "/edges"
  static let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".png") }.sorted()

  /// The picture of a file, and how its edges were looked for: `castle_60_120_grey.png`.
  func read(_ file: String) throws -> (picture: Image, low: Double, high: Double, blur: Double) {
    let match = try #require(file.wholeMatch(of: /(.+?)_(\d+)_(\d+)(_grey)?(_blur([\d.]+))?\.png/))
    let picture = try Image(contentsOf: "\(Fixtures.folder)/inputs/\(match.1).png")
    return (match.4 == nil ? picture : picture.grey(), Double(match.2) ?? 0, Double(match.3) ?? 0, match.6.flatMap { Double($0) } ?? 0)
  }

  @Test func theReferenceHasItsFiles() { #expect(Self.files.count == 24) }

  @Test(arguments: files.filter { !$0.contains("blur") }) func edgesAreThoseOfOpenCVPixelForPixel(_ file: String) throws {
    let (picture, low, high, _) = try read(file), expected = try Image(contentsOf: "\(Self.folder)/\(file)").grey()
    #expect(try picture.canny(low: low, high: high).pixels == expected.pixels)
  }

  /// OpenCV blurs in whole numbers, so that single pixels fall on the other side of a threshold.
  @Test(arguments: files.filter { $0.contains("blur") }) func blurredEdgesLieWithinOnePixelOfOpenCVs(_ file: String) throws {
    let (picture, low, high, blur) = try read(file), expected = try Image(contentsOf: "\(Self.folder)/\(file)").grey(), made = try picture.canny(low: low, high: high, blur: blur)
    func lost(_ edges: Image, in others: Image) -> Int {
      var count = 0
      for at in edges.pixels.indices where edges.pixels[at] > 0 {
        let (y, x) = at.quotientAndRemainder(dividingBy: edges.width)
        var isNear = false
        for row in max(y - 1, 0)...min(y + 1, edges.height - 1) {
          for column in max(x - 1, 0)...min(x + 1, edges.width - 1) where others.pixels[row * edges.width + column] > 0 { isNear = true }
        }
        if !isNear { count += 1 }
      }
      return count
    }
    let edges = expected.pixels.count { $0 > 0 }
    #expect(lost(made, in: expected) * 100 <= edges && lost(expected, in: made) * 100 <= edges, "\(lost(made, in: expected)) and \(lost(expected, in: made)) of \(edges)")
  }

  @Test func aFlatPictureHasNoEdgesAndAStepHasOne() throws {
    #expect(try Image.mask(width: 9, height: 7, value: 80).canny().pixels.allSatisfy { $0 == 0 })
    let step = try Image(width: 9, height: 7, channels: 1, pixels: (0..<63).map { $0 % 9 < 4 ? 0 : 255 })
    let edges = try step.canny()
    for y in 0..<7 { #expect(edges.pixels[y * 9..<y * 9 + 9].count { $0 == 255 } == 1) }
    #expect(try Image.mask(width: 1, height: 1, value: 80).canny().pixels == [0])
  }

  @Test(arguments: [1, 2, 3, 7]) func aGrownPixelIsADisc(_ radius: Int) throws {
    var pixels = [UInt8](repeating: 0, count: 17 * 13)
    pixels[6 * 17 + 8] = 200
    let grown = try Image(width: 17, height: 13, channels: 1, pixels: pixels).grown(by: radius)
    for y in 0..<13 { for x in 0..<17 {
      let (dx, dy) = (x - 8, y - 6), isInside = dx * dx + dy * dy <= radius * radius
      #expect(try grown.pixel(x: x, y: y) == [isInside ? 200 : 0])
    } }
  }

  @Test func growingIsTheLightestWithinTheDisc() throws {
    let image = try Pictures.noise(13, 9), grown = image.grown(by: 2), shrunk = image.grown(by: -2)
    var disc: [(x: Int, y: Int)] = []
    for y in -2...2 { for x in -2...2 where x * x + y * y <= 4 { disc.append((x, y)) } }
    for y in 0..<9 { for x in 0..<13 { for channel in 0..<3 {
      var near: [UInt8] = []
      for step in disc where 0..<13 ~= x + step.x && 0..<9 ~= y + step.y { near.append(image.pixels[((y + step.y) * 13 + x + step.x) * 3 + channel]) }
      let at = (y * 13 + x) * 3 + channel
      #expect(grown.pixels[at] == near.max() && shrunk.pixels[at] == near.min())
    } } }
    #expect(image.grown(by: 0) == image)
    #expect(image.grown(by: 500).pixels.count == image.pixels.count)
  }

  @Test func mapsAreStretchedAndCoarsened() throws {
    let map = try Image(width: 4, height: 1, channels: 1, pixels: [50, 60, 80, 100])
    #expect(map.stretched().pixels == [0, 51, 153, 255])
    #expect(try Image.mask(width: 3, height: 3, value: 7).stretched().pixels == Image.mask(width: 3, height: 3, value: 7).pixels)
    let image = try Pictures.noise(24, 16), coarse = try image.coarsened(by: 4)
    #expect(coarse.width == 24 && coarse.height == 16 && coarse != image)
    #expect(try image.coarsened(by: 1).pixels == image.pixels)
    #expect(try image.coarsened(by: 1000).pixels.count == image.pixels.count)
  }

  @Test func aSkeletonHasTheColoursOfOpenPose() throws {
    let person = Pose([.neck: (32, 16), .rightShoulder: (16, 16), .leftShoulder: (48, 16), .nose: (32, 6)])
    let map = try Pose.drawing([person], width: 64, height: 64, stick: 3)
    #expect(try map.pixel(x: 24, y: 16) == [153, 0, 0], "the first limb is red, at 0.6 of its light")
    #expect(try map.pixel(x: 40, y: 16) == [153, 51, 0])
    #expect(try map.pixel(x: 16, y: 16) == [255, 170, 0] && map.pixel(x: 32, y: 16) == [255, 85, 0] && map.pixel(x: 32, y: 5) == [255, 0, 0], "joints are as bright as they can be")
    #expect(try map.pixel(x: 32, y: 40) == [0, 0, 0])
    #expect(try Pose.drawing([Pose([:])], width: 8, height: 8).pixels.allSatisfy { $0 == 0 })
    #expect(Pose.Joint.allCases.count == 18 && Pose.Joint.rightShoulder.name == "right_shoulder")
    let none = try Pose.drawing([Pose([.neck: (32, 16), .leftKnee: (1e6, -1e6)])], width: 64, height: 64, stick: 3)
    #expect(try none.pixel(x: 32, y: 16) == [255, 85, 0])
  }
}
