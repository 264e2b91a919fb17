import Imaging
import Testing

@Suite struct SimilarityTests {
  @Test(arguments: ["self", "blurred", "jpeg", "inverted", "black", "grey"])
  func similarityIsThatOfScikitImage(name: String) throws {
    let picture = try References.input("image_57x83"), jpeg = try References.image("rgb420.jpg")
    let pairs: [String: (Image, Image)] = [
      "self": (picture, picture), "blurred": (picture, try References.image("blur1.png")), "jpeg": (picture, jpeg),
      "inverted": (picture, picture.inverted()), "black": (picture, try Image(width: 83, height: 57, filledWith: .black)),
      "grey": (picture.grey(), jpeg.grey()),
    ]
    let pair = try #require(pairs[name]), expected = try #require(References.numbers().ssim[name])
    let similarity = try pair.0.ssim(pair.1)
    #expect(abs(similarity - expected) < 1e-9, "\(similarity), expected \(expected)")
    #expect(try pair.1.ssim(pair.0) == similarity)
  }

  @Test(arguments: [(7, 7), (7, 30), (30, 7)], [1, 3])
  func equalPicturesHaveSimilarityOne(size: (Int, Int), channels: Int) throws {
    let image = try Pictures.noise(size.0, size.1, channels: channels)
    #expect(abs(try image.ssim(image) - 1) < 1e-12)
  }

  @Test(arguments: [(6, 7), (7, 6), (1, 1)])
  func picturesBelowTheWindowAreRefused(width: Int, height: Int) throws {
    let image = try Pictures.noise(width, height)
    #expect(throws: ImagingError.tooSmallToCompare(least: 7, "\(width)×\(height)")) { try image.ssim(image) }
  }

  @Test func picturesOfDifferentShapesCannotBeCompared() throws {
    #expect(throws: ImagingError.self) { try Pictures.noise(9, 9).ssim(Pictures.noise(9, 9, channels: 1)) }
  }

  @Test(arguments: ["image_57x83", "image_odd", "image_square", "mask_odd"])
  func hashesAreThoseOfImagehashAndOfThePNM(name: String) throws {
    let hash = try References.input(name).hash(), numbers = try References.numbers()
    #expect("\(hash)" == numbers.dhash[name])
    #expect(hash.digest == numbers.digest[name])
  }

  @Test func alikePicturesNearlyShareAHash() throws {
    let picture = try References.input("image_57x83"), hash = try picture.hash()
    let jpeg = try References.image("rgb420.jpg").hash(), small = try picture.resized(width: 40, height: 60).hash()
    #expect(hash.distance(to: hash) == 0)
    #expect(hash.distance(to: jpeg) <= 4 && hash.distance(to: small) <= 4)
    #expect(hash.digest != jpeg.digest)
    #expect(try hash.distance(to: References.input("image_odd").hash()) > 12)
  }
}
