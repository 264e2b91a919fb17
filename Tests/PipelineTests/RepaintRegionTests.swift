import Imaging
import Pipeline
import TestSupport
import Testing

@Suite struct RepaintRegionTests {
  private func picture(_ width: Int, _ height: Int) throws -> Image {
    try Image(width: width, height: height, channels: 3, pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* 7 / 5) })
  }

  private func mask(_ width: Int, _ height: Int, _ x: Range<Int>, _ y: Range<Int>) throws -> Image {
    try Image(width: width, height: height, channels: 1, pixels: (0..<width * height).map { x.contains($0 % width) && y.contains($0 / width) ? 255 : 0 })
  }

  /// diffusers' `get_crop_region` for these.
  @Test(arguments: [
    (96, 64, 40..<50, 20..<30, 4, 32, 32, [36, 16, 18, 18]), (96, 64, 0..<6, 0..<6, 8, 32, 32, [0, 0, 14, 14]), (96, 64, 90..<96, 60..<64, 0, 32, 32, [90, 58, 6, 6]),
    (96, 64, 10..<20, 30..<34, 0, 32, 32, [10, 27, 10, 10]), (96, 64, 10..<90, 30..<34, 2, 64, 32, [8, 11, 84, 42]), (96, 64, 5..<90, 3..<60, 20, 32, 32, [0, 0, 96, 64]),
  ]) func theRegionIsThatOfDiffusers(_ width: Int, _ height: Int, _ x: Range<Int>, _ y: Range<Int>, _ padding: Int, _ w: Int, _ h: Int, _ expected: [Int]) throws {
    let start = Start.repaint(try picture(width, height), mask: try mask(width, height, x, y), strength: 0.5, keeping: .pixelsAround(padding: padding))
    let region = try #require(try start.region(for: Size(width: w, height: h)))
    #expect([region.x, region.y, region.width, region.height] == expected)
  }

  @Test func nothingOutsideOfTheMaskChangesByABit() throws {
    let pipeline = try FluxPipeline(.folder("\(Fixtures.folder)/tiny-dev"), precision: .f32)
    let whole = try picture(70, 50), where_ = try mask(70, 50, 30..<41, 12..<20)
    var request = Request("a red fox", size: Size(32), seed: 3)
    request.sigmas = .count(2)
    request.start = .repaint(whole, mask: where_, strength: 1, keeping: .pixelsAround(padding: 6))
    let made = try #require(try pipeline.generate(request).first)
    #expect(made.width == 70 && made.height == 50)
    var changed = 0
    for pixel in 0..<70 * 50 {
      let same = (0..<3).allSatisfy { made.pixels[pixel * 3 + $0] == whole.pixels[pixel * 3 + $0] }
      if where_.pixels[pixel] == 0 { #expect(same) } else if !same { changed += 1 }
    }
    #expect(changed > 60, "and what is inside is painted")
  }

  @Test func masksOfAnotherSizeAndBlackOnesAreRefused() throws {
    let whole = try picture(64, 64)
    func said(_ mask: Image) -> String { message { _ = try Start.repaint(whole, mask: mask, strength: 1, keeping: .pixelsAround(padding: 0)).region(for: Size(32)) } }
    #expect(said(try mask(32, 32, 0..<4, 0..<4)) == "'mask' is 32x32, but with padding it must be of the picture's size, 64x64")
    #expect(said(try mask(64, 64, 0..<0, 0..<0)) == "'mask' is black: there is nothing to paint")
  }
}
