import Imaging
import Testing

@Suite struct CodecTests {
  private static let sizes = [(1, 1), (1, 9), (17, 3), (3, 17), (8, 8), (33, 31), (257, 2), (16, 15)]

  @Test(arguments: References.files)
  func pixelsAreThoseOfPillow(name: String) throws {
    #expect(try Image(file: References.bytes(name)).pixels == References.bytes("\(name).u8"))
  }

  @Test func everyKindOfFileIsThere() {
    #expect(References.files.count >= 24)
  }

  @Test(arguments: sizes, [1, 3])
  func aJPEGComesBackAlike(size: (Int, Int), channels: Int) throws {
    let image = try smooth(size.0, size.1, channels: channels)
    let back = try Image(file: image.encoded(as: .jpeg, quality: 95))
    #expect((back.width, back.height, back.channels) == (image.width, image.height, image.channels))
    #expect(try back.psnr(image) > 30)
  }

  @Test(arguments: sizes, [1, 3])
  func aWebPOfQuality100ComesBackWhole(size: (Int, Int), channels: Int) throws {
    let image = try Pictures.noise(size.0, size.1, channels: channels, text: [TextEntry("parameters", "p"), TextEntry("Title", "t")])
    let back = try Image(file: image.encoded(as: .webp, quality: 100))
    #expect(back == image.coloured())
  }

  @Test(arguments: sizes)
  func aWebPOfLowerQualityComesBackAlike(width: Int, height: Int) throws {
    // Colours have half the resolution in this format, so that only greys can be asked to come back.
    let image = try smooth(width, height, channels: 1).coloured()
    let back = try Image(file: image.encoded(as: .webp, quality: 90))
    #expect((back.width, back.height) == (width, height))
    #expect(try back.psnr(image) > 25)
  }

  @Test(arguments: [PictureFormat.jpeg, .webp])
  func moreQualityIsMoreBytesAndMoreLikeness(format: PictureFormat) throws {
    let image = try References.input("image_odd")
    let files = try [5, 30, 60, 85, 99].map { try image.encoded(as: format, quality: $0) }
    let likeness = try files.map { try Image(file: $0).psnr(image) }
    #expect(files.map(\.count) == files.map(\.count).sorted())
    #expect(likeness == likeness.sorted() && Set(likeness).count == 5)
  }

  @Test(arguments: [PictureFormat.jpeg, .webp])
  func qualityIs90WhereNoneIsGiven(format: PictureFormat) throws {
    let image = try References.input("image_odd")
    #expect(try image.encoded(as: format) == image.encoded(as: format, quality: 90))
  }

  @Test(arguments: [PictureFormat.jpeg, .webp], [0, 101, -1])
  func aQualityThatIsNoneIsRefused(format: PictureFormat, quality: Int) throws {
    #expect(throws: ImagingError.unusableQuality(quality)) { try Pictures.noise(3, 3).encoded(as: format, quality: quality) }
  }

  @Test(arguments: PictureFormat.allCases)
  func equalPicturesGiveEqualFiles(format: PictureFormat) throws {
    let image = try Pictures.noise(40, 30, text: [TextEntry("Title", "狐")])
    #expect(try image.encoded(as: format) == image.encoded(as: format))
  }

  @Test(arguments: [(PictureFormat.png, 65_535), (.jpeg, 65_500), (.webp, 16_383)])
  func theLongestSideCanBeWrittenAndNoLongerOne(format: PictureFormat, limit: Int) throws {
    #expect(format.longestSide == limit)
    for turned in [false, true] {
      let image = try Image.mask(width: turned ? 1 : limit, height: turned ? limit : 1, value: 200)
      let back = try Image(file: image.encoded(as: format))
      #expect((back.width, back.height) == (image.width, image.height))
      guard format != .png else { continue }
      let long = try Image.mask(width: turned ? 2 : limit + 1, height: turned ? limit + 1 : 2)
      let error = try #require(throws: ImagingError.self) { try long.encoded(as: format) }
      #expect(error == .sideTooLong(format, width: long.width, height: long.height))
      #expect("\(error)".contains("\(limit) pixels a side"))
    }
  }

  private func smooth(_ width: Int, _ height: Int, channels: Int) throws -> Image {
    try References.input("image_square").resized(width: width, height: height).grey(channels == 1)
  }
}

extension Image {
  fileprivate func grey(_ grey: Bool) -> Image { grey ? self.grey() : self }
}
