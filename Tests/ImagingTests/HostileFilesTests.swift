import Foundation
import Imaging
import Testing

@Suite struct HostileFilesTests {
  private static let whole = ["rgb420.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "comment.jpg", "restarts.jpg"]
  private static let webp = ["lossy.webp", "lossless.webp", "alpha.webp", "comment.webp"]

  @Test(arguments: whole + webp)
  func aTruncatedFileIsAnError(name: String) throws {
    let bytes = try References.bytes(name)
    for length in Array(stride(from: 0, to: bytes.count, by: 23)) + [2, 3, 11, 12, 13, bytes.count - 2, bytes.count - 1] {
      #expect(throws: ImagingError.self, "\(length) bytes of \(bytes.count)") { try Image(file: Array(bytes.prefix(length))) }
    }
  }

  @Test(arguments: whole + webp + ["orientation6.jpg", "orientation6.webp", "comment_little.jpg", "animation.webp"])
  func aFlippedByteNeverCrashes(name: String) throws {
    let bytes = try References.bytes(name)
    for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 700)) {
      for mask: UInt8 in [0x01, 0x10, 0x80, 0xff] {
        var changed = bytes
        changed[place] ^= mask
        _ = try? Image(file: changed)
      }
    }
  }

  /// Metadata at random, between good markers.
  @Test func nonsenseInTheMetadataNeverCostsThePicture() throws {
    let bytes = try References.bytes("comment.jpg"), exif = try References.bytes("comment.exif")
    let start = try #require(Data(bytes).range(of: Data(exif))).lowerBound
    let pixels = try Image(file: bytes).pixels
    for place in exif.indices {
      for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
        var changed = bytes
        changed[start + place] = value
        #expect(try Image(file: changed).pixels.count == pixels.count)
      }
    }
  }

  @Test func brokenPacketsGiveWhatIsWholeInThem() throws {
    let texts = [TextEntry("A", "1"), TextEntry("B", "2")]
    let file = try Pictures.noise(3, 3, text: texts).encoded(as: .webp, quality: 100)
    for (part, changed) in [("</fluxlua:value>", "<!fluxlua:value>"), ("<fluxlua:key>A", "<fluxlua:kex>A"), ("<fluxlua:value>1", "<fluxlua:key>AAA")] {
      var bytes = Data(file)
      let place = try #require(bytes.range(of: Data(part.utf8)))
      bytes.replaceSubrange(place, with: Data(changed.utf8).prefix(place.count))
      #expect(try Image(file: Array(bytes)).text.last == texts[1])
    }
  }

  @Test(arguments: [(65_500, 65_500), (65_535, 1), (30_000, 30_000)])
  func aHugeJPEGIsRefusedByItsHeader(width: Int, height: Int) throws {
    var bytes = try References.bytes("rgb420.jpg")
    let frame = try #require(Data(bytes).range(of: Data([0xff, 0xc0]))).upperBound
    bytes.replaceSubrange(frame + 3..<frame + 7, with: [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)])
    #expect(throws: ImagingError.self) { try Image(file: bytes) }
  }

  @Test func aJPEGThatClaimsMoreThanItCanHoldIsRefused() throws {
    var bytes = try References.bytes("rgb420.jpg")
    let frame = try #require(Data(bytes).range(of: Data([0xff, 0xc0]))).upperBound
    bytes.replaceSubrange(frame + 3..<frame + 7, with: [0x40, 0, 0x40, 0])
    #expect(throws: ImagingError.damaged("the file ends too early")) { try Image(file: bytes) }
  }

  /// A scan of a few bytes goes over the whole picture.
  @Test func aJPEGOfThousandsOfScansIsRefused() throws {
    let bytes = try References.bytes("progressive.jpg")
    let first = try #require(Data(bytes).range(of: Data([0xff, 0xda]))).lowerBound
    let end = try #require((first + 2..<bytes.count).first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc4 })
    let many = Array(bytes[..<end]) + (0..<500).flatMap { _ in bytes[first..<end] } + Array(bytes[end...])
    let error = try #require(throws: ImagingError.self) { try Image(file: many) }
    #expect("\(error)".contains("scans"))
  }

  @Test func anAnimationIsRefusedByName() throws {
    let error = try #require(throws: ImagingError.self) { try References.image("animation.webp") }
    #expect("\(error)".contains("animation"))
  }

  @Test(arguments: [[], [0], Array("GIF89a".utf8), Array("RIFF____WAVE".utf8), [0xff, 0xd8]] as [[UInt8]])
  func anotherFormatIsCalledSo(bytes: [UInt8]) {
    #expect(throws: ImagingError.unknownFormat) { try Image(file: bytes) }
  }
}
