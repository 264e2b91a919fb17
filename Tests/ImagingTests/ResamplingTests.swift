import Foundation
import Imaging
import TestSupport
import Testing

struct ResamplingTests {
  static let cases: [(String, ResamplingFilter, Int, Int)] = ["image_57x83", "mask_odd"].flatMap { source in
    ResamplingFilter.allCases.flatMap { filter in [(96, 64), (17, 31), (57, 20), (200, 83)].map { (source, filter, $0.0, $0.1) } }
  }

  @Test(arguments: cases) func picturesAtOtherSizesAreThoseOfPillow(_ source: String, _ filter: ResamplingFilter, _ width: Int, _ height: Int) throws {
    let picture = try Image(contentsOf: "\(Fixtures.folder)/inputs/\(source).png")
    let expected = try Image(contentsOf: "\(Fixtures.folder)/resized/\(source)-\(filter.rawValue)-\(width)x\(height).png")
    #expect(try picture.resized(width: width, height: height, filter).pixels == expected.pixels)
  }

  @Test func impossibleSizesAreRefused() throws {
    let picture = try Image(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4])
    #expect(throws: ImagingError.self) { try picture.resized(width: 0, height: 5) }
  }
}
