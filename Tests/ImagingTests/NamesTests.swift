import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct NamesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [("a.png", PictureFormat.png), ("a.JPG", .jpeg), ("x/a.b.jpeg", .jpeg), ("a.WebP", .webp), (".png", .png)])
  func theEndingChoosesTheFormat(name: String, format: PictureFormat) throws {
    #expect(try PictureFormat(endingOf: name) == format)
  }

  @Test(arguments: ["a", "png", "a.gif", "a.png/b", "", "a.", "a.png.txt"])
  func anotherEndingIsAnErrorThatNamesTheGoodOnes(name: String) throws {
    let error = try #require(throws: ImagingError.self) { try Pictures.noise(2, 2).write(to: name) }
    #expect(error == .unknownEnding(name))
    for ending in [".png", ".jpg", ".jpeg", ".webp"] { #expect("\(error)".contains(ending)) }
  }

  @Test(arguments: ["png", "jpg", "jpeg", "webp"])
  func aFileIsWhatItsEndingSaysAndIsReadWhateverItsName(ending: String) throws {
    let image = try References.input("image_square"), path = "\(folder.path)/a.\(ending)", other = "\(folder.path)/b.txt"
    try image.write(to: path, quality: 85)
    try FileManager.default.copyItem(atPath: path, toPath: other)
    let format = try PictureFormat(endingOf: path)
    #expect(try Array(Data(contentsOf: URL(filePath: path))) == image.encoded(as: format, quality: 85))
    #expect(try Image(contentsOf: other).psnr(image) > 25)
    #expect(try folder.files == ["a.\(ending)", "b.txt"])
  }

  @Test func aFileLargerThanAPortionIsWrittenWhole() throws {
    var image = try Pictures.noise(400, 300)
    image.text["Title"] = String(repeating: "all that made this picture; ", count: 90_000)
    for ending in ["png", "jpg", "webp"] {
      let path = "\(folder.path)/a.\(ending)"
      try image.write(to: path, quality: 100)
      #expect(try Array(Data(contentsOf: URL(filePath: path))) == image.encoded(as: PictureFormat(endingOf: path), quality: 100))
    }
  }

  @Test(arguments: ["png", "jpg", "webp"])
  func aFullDiskIsAnErrorOfTheFile(ending: String) throws {
    let error = try #require(throws: ImagingError.self) { try Pictures.noise(9, 9).write(to: "/dev/full/a.\(ending)") }
    #expect("\(error)".contains("/dev/full/a.\(ending) cannot be written"))
  }

  @Test func aPictureThatCannotBeWrittenLeavesNothing() throws {
    let long = try Image.mask(width: 16_384, height: 1)
    #expect(throws: ImagingError.inFile("\(folder.path)/a.webp", .sideTooLong(.webp, width: 16_384, height: 1))) {
      try long.write(to: "\(folder.path)/a.webp")
    }
    #expect(try folder.files.isEmpty)
  }
}
