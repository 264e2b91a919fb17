import Imaging
import Testing

@Suite struct HostilePNGTests {
  private static let files = ["texts", "image_57x83", "mask_odd", "palette8_transparent", "rgb8_interlaced", "rgba16"]

  @Test(arguments: files)
  func aTruncatedFileIsAnError(name: String) throws {
    let whole = try Pictures.bytes("\(name).png")
    for length in Array(stride(from: 0, to: whole.count, by: 97)) + [7, 8, 9, 33, whole.count - 1] {
      #expect(throws: ImagingError.self, "\(length) bytes of \(whole.count)") { try Image(png: Array(whole.prefix(length))) }
    }
  }

  @Test(arguments: files)
  func aFlippedByteIsAnErrorAndNeverACrash(name: String) throws {
    let whole = try Pictures.bytes("\(name).png")
    for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 500)) {
      for mask: UInt8 in [0x01, 0x80, 0xff] {
        var bytes = whole
        bytes[place] ^= mask
        #expect(throws: ImagingError.self, "byte \(place)") { try Image(png: bytes) }
      }
    }
  }

  /// With its checksum made right again, a damaged chunk reaches the code behind the checksum.
  @Test(arguments: files)
  func aFlippedByteWithAGoodChecksumNeverCrashes(name: String) throws {
    let whole = try Pictures.bytes("\(name).png")
    for place in stride(from: 8, to: whole.count, by: max(1, whole.count / 400)) {
      for mask: UInt8 in [0x01, 0x40, 0xff] {
        var bytes = whole
        bytes[place] ^= mask
        _ = try? Image(png: withGoodChecksums(bytes))
      }
    }
  }

  @Test(arguments: [[], [0], Array("GIF89a".utf8), Array("not a picture at all".utf8)] as [[UInt8]])
  func anotherFormatIsCalledSo(bytes: [UInt8]) {
    #expect(throws: ImagingError.otherFormat(.png)) { try Image(png: bytes) }
  }

  @Test(arguments: [(65_536, 1), (1, 65_536), (2_000_000_000, 1), (30_000, 30_000)] as [(UInt32, UInt32)])
  func aHugePictureIsRefusedByItsHeader(width: UInt32, height: UInt32) throws {
    let bytes = file(header(width, height), chunk("IDAT", []), chunk("IEND", []))
    let error = try #require(throws: ImagingError.self) { try Image(png: bytes) }
    #expect("\(error)".contains("\(width)×\(height)"))
  }

  @Test func aHeaderThatClaimsMoreThanTheFileCanHoldIsRefused() {
    let bytes = file(header(20_000, 20_000), chunk("IDAT", [0x78, 0x9c]), chunk("IEND", []))
    #expect(throws: ImagingError.damaged("the file ends too early")) { try Image(png: bytes) }
  }

  @Test(arguments: [(0, 1), (1, 0)] as [(UInt32, UInt32)])
  func aPictureWithoutPixelsIsRefused(width: UInt32, height: UInt32) {
    #expect(throws: ImagingError.self) { try Image(png: file(header(width, height), chunk("IEND", []))) }
  }

  @Test func aTextOfManyMegabytesIsRead() throws {
    let text = String(repeating: "A", count: 9 << 20)
    #expect(try Image(png: Pictures.noise(3, 3, text: [TextEntry("workflow", text)]).png()).text["workflow"] == text)
  }

  @Test func aGiganticTextChunkIsRefused() throws {
    let whole = try Pictures.noise(3, 3).png()
    let text = chunk("tEXt", Array("Title\0".utf8) + [UInt8](repeating: 65, count: 40 << 20))
    expectTooLarge(Array(whole[..<33]) + text + Array(whole[33...]))
  }

  @Test func aTextChunkThatClaimsGigabytesIsRefused() throws {
    let whole = try Pictures.noise(3, 3).png()
    let claim: [UInt8] = [0x7f, 0xff, 0xff, 0xff] + Array("tEXt".utf8) + Array("Title\0text".utf8)
    #expect(throws: ImagingError.self) { try Image(png: Array(whole[..<33]) + claim + Array(whole[33...])) }
  }

  /// 7 MB of spaces deflate to some kilobytes: a hundred such chunks are 700 MB of text.
  @Test func manyTextsThatInflateBeyondMeasureAreRefused() throws {
    let whole = try Pictures.noise(3, 3).png()
    let bomb = chunk("zTXt", Array("Title\0\0".utf8) + deflatedSpaces(count: 7 << 20))
    expectTooLarge(Array(whole[..<33]) + (0..<100).flatMap { _ in bomb } + Array(whole[33...]))
  }

  @Test func oneTextThatInflatesBeyondMeasureIsRefused() throws {
    let whole = try Pictures.noise(3, 3).png()
    let bomb = chunk("zTXt", Array("Title\0\0".utf8) + deflatedSpaces(count: 70 << 20))
    expectTooLarge(Array(whole[..<33]) + bomb + Array(whole[33...]))
  }

  private func expectTooLarge(_ bytes: [UInt8]) {
    do {
      let image = try Image(png: bytes)
      Issue.record("read, with \(image.text.count) texts")
    } catch {
      #expect(error == .tooLarge("its text needs more than 64 MB"))
    }
  }

  @Test func aPictureOfImpossibleShapeCannotBeMade() {
    #expect(throws: ImagingError.unusableSize(width: 0, height: 4)) { try Image(width: 0, height: 4, channels: 3, pixels: []) }
    #expect(throws: ImagingError.unusableSize(width: .max, height: 2)) { try Image(width: .max, height: 2, channels: 3, pixels: []) }
    #expect(throws: ImagingError.unusableChannels(4)) { try Image(width: 1, height: 1, channels: 4, pixels: [1, 2, 3, 4]) }
    #expect(throws: ImagingError.pixelCount(expected: 6, got: 5)) {
      try Image(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5])
    }
  }
}
