import Imaging
import Testing

@Suite struct EditingTests {
  @Test func greyIsThatOfPillow() throws {
    #expect(try References.input("image_57x83").grey() == References.image("grey.png"))
  }

  @Test(arguments: [("paste_plain", 20, 40, false), ("paste_masked", -7, 60, true), ("paste_corner", 45, -11, true)])
  func pastingIsThatOfPillow(name: String, x: Int, y: Int, masked: Bool) throws {
    let patch = try References.input("image_square").cropped(x: 0, y: 0, width: 31, height: 27)
    let mask = masked ? try References.image("paste_mask.png") : nil
    #expect(try References.input("image_57x83").pasting(patch, x: x, y: y, mask: mask) == References.image("\(name).png"))
  }

  @Test(arguments: [(83, 0), (-31, 0), (0, 57), (0, -27), (.max, 3), (3, .min)])
  func pastingOutsideChangesNothing(x: Int, y: Int) throws {
    let image = try References.input("image_57x83")
    #expect(try image.pasting(Pictures.noise(31, 27), x: x, y: y) == image)
  }

  @Test func pastingTakesTheChannelsOfThePicture() throws {
    let grey = try Pictures.noise(5, 4, channels: 1), colour = try Pictures.noise(3, 2)
    #expect(try grey.pasting(colour, x: 1, y: 1).cropped(x: 1, y: 1, width: 3, height: 2) == colour.grey())
    #expect(try colour.pasting(grey, x: 0, y: 0) == grey.coloured().cropped(x: 0, y: 0, width: 3, height: 2))
  }

  @Test func aMaskOfAnotherSizeIsRefused() throws {
    #expect(throws: ImagingError.self) { try Pictures.noise(9, 9).pasting(Pictures.noise(3, 3), x: 0, y: 0, mask: .mask(width: 3, height: 4)) }
    #expect(throws: ImagingError.self) { try Pictures.noise(9, 9).pasting(Pictures.noise(3, 3), x: 0, y: 0, mask: Pictures.noise(3, 3)) }
  }

  @Test(arguments: [(1, 1), (1, 7), (8, 3), (17, 16)], [1, 3])
  func flippingTwiceChangesNothing(size: (Int, Int), channels: Int) throws {
    let image = try Pictures.noise(size.0, size.1, channels: channels, text: [TextEntry("Title", "x")])
    for flip in Image.Flip.allCases { #expect(try image.flipped(flip).flipped(flip) == image) }
    let (right, bottom) = (size.0 - 1, size.1 - 1)
    #expect(try image.flipped(.horizontal).pixel(x: right, y: 0) == image.pixel(x: 0, y: 0))
    #expect(try image.flipped(.vertical).pixel(x: 0, y: bottom) == image.pixel(x: 0, y: 0))
  }

  @Test func aCropIsThePartAsked() throws {
    let image = try Pictures.noise(11, 7, text: [TextEntry("Title", "x")])
    let part = try image.cropped(x: 3, y: 2, width: 5, height: 4)
    #expect((part.width, part.height, part.text) == (5, 4, image.text))
    for y in 0..<4 { for x in 0..<5 { #expect(try part.pixel(x: x, y: y) == image.pixel(x: x + 3, y: y + 2)) } }
    #expect(try image.cropped(x: 0, y: 0, width: 11, height: 7) == image)
  }

  @Test(arguments: [(-1, 0, 2, 2), (0, 0, 12, 1), (0, 0, 1, 8), (11, 0, 1, 1), (0, 0, 0, 1), (.max, 0, 2, 1), (2, 0, .max, 1)])
  func aCropOutsideIsRefused(x: Int, y: Int, width: Int, height: Int) throws {
    #expect(throws: ImagingError.self) { try Pictures.noise(11, 7).cropped(x: x, y: y, width: width, height: height) }
  }

  @Test func aPixelOutsideIsRefused() throws {
    #expect(throws: ImagingError.outside("the pixel (3, 0)", width: 3, height: 2)) { try Pictures.noise(3, 2).pixel(x: 3, y: 0) }
  }

  @Test func invertingTwiceChangesNothing() throws {
    let image = try Pictures.noise(13, 5)
    #expect(image.inverted().inverted() == image)
    #expect(try image.inverted().pixel(x: 2, y: 2) == image.pixel(x: 2, y: 2).map { 255 - $0 })
  }

  /// Floats here and doubles there: a value next to a half may be rounded the other way.
  @Test(arguments: ["0.4", "1", "2.5", "30"])
  func blurIsThatOfSciPy(sigma: String) throws {
    let made = try References.input("image_57x83").blurred(sigma: #require(Double(sigma))), expected = try References.image("blur\(sigma).png")
    let different = zip(made.pixels, expected.pixels).count { $0 != $1 }
    #expect(made.largestDifference(from: expected) <= 1)
    #expect(different <= 3, "\(different) of \(made.pixels.count) values")
  }

  @Test(arguments: [(1, 1), (1, 9), (9, 1), (3, 2)], [1, 3])
  func blurLeavesOneColourAsItIs(size: (Int, Int), channels: Int) throws {
    let image = try Image.mask(width: size.0, height: size.1, value: 77)
    let flat = channels == 1 ? image : image.coloured()
    for sigma in [0, 0.1, 0.7, 20] { #expect(try flat.blurred(sigma: sigma) == flat) }
  }

  @Test(arguments: [-1, .nan, .infinity, 1001])
  func anImpossibleBlurIsRefused(sigma: Double) {
    #expect(throws: ImagingError.self) { try Pictures.noise(3, 3).blurred(sigma: sigma) }
  }

  @Test(arguments: [("#ff8000", 255, 128, 0), ("#F80", 255, 136, 0), ("white", 255, 255, 255), ("Navy", 0, 0, 128), ("ff8000", -1, 0, 0),
                    ("#ff80", -1, 0, 0), ("", -1, 0, 0), ("#", -1, 0, 0), ("#-12345", -1, 0, 0), ("#１２３", -1, 0, 0)])
  func coloursAreReadAsTheWebReadsThem(text: String, red: Int, green: Int, blue: Int) {
    #expect(Colour(text) == (red < 0 ? nil : Colour(red: UInt8(red), green: UInt8(green), blue: UInt8(blue))))
  }

  @Test func aFilledPictureIsOfOneColour() throws {
    let image = try Image(width: 5, height: 3, filledWith: Colour(red: 1, green: 2, blue: 3))
    #expect(image.pixels == (0..<15).flatMap { _ in [1, 2, 3] as [UInt8] })
    #expect(throws: ImagingError.self) { try Image(width: 0, height: 3, filledWith: .black) }
  }
}
