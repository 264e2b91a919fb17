import Foundation
import Imaging
import Testing

@Suite struct MetadataTests {
  private static let lossy = [PictureFormat.jpeg, .webp]

  @Test(arguments: ["comment.jpg", "comment_little.jpg", "comment.webp"])
  func theUserCommentIsTheInfotext(file: String) throws {
    #expect(try References.image(file).text == [TextEntry("parameters", References.infotext())])
  }

  @Test func anASCIICommentIsReadToo() throws {
    #expect(try References.image("comment_ascii.jpg").text["parameters"] == "a fox")
  }

  @Test(arguments: lossy)
  func theUserCommentIsByteForByteThatOfTheWebUI(format: PictureFormat) throws {
    let file = try Pictures.noise(5, 4, text: [TextEntry("parameters", References.infotext())]).encoded(as: format)
    let comment = try #require(Data(References.bytes("comment.exif")).range(of: Data("UNICODE\0".utf8))).lowerBound
    #expect(try Data(file).range(of: Data(References.bytes("comment.exif").dropFirst(comment))) != nil)
    #expect(Data(file).range(of: Data("MM\0*\0\0\0\u{8}".utf8)) != nil)
  }

  @Test(arguments: lossy)
  func everyTextComesBack(format: PictureFormat) throws {
    let text = [
      TextEntry("parameters", "a fox, Füchse, 狐 🦊\nNegative prompt: snow\nSteps: 8"), TextEntry("fluxlua", #"{"prompt":"<a> & \"b\"","n":1}"#),
      TextEntry("Empty", ""), TextEntry("clé", "ÿ\u{a0}\t\u{85}"), TextEntry("Again", "1"), TextEntry("Again", "2"),
      TextEntry("Lines", "a\r\nb\rc\n"), TextEntry("Control", "bell \u{7}, escape \u{1b}, \u{fffe}"), TextEntry("Entities", "&lt; &#65; &amp;amp;"),
      TextEntry("Tags", "</fluxlua:value><fluxlua:key>x</fluxlua:key> ]]> <!-- -->"), TextEntry("Space", " around "),
    ]
    #expect(try Image(file: Pictures.noise(5, 4, text: text).encoded(as: format)).text == text)
  }

  @Test(arguments: PictureFormat.allCases)
  func textsSurviveTheWayThroughEveryFormat(format: PictureFormat) throws {
    let text = [TextEntry("parameters", "狐"), TextEntry("fluxlua", "{}"), TextEntry("Recipe", "fox.lua")]
    var image = try Pictures.noise(9, 9, text: text)
    for next in [format, .png, .webp, .jpeg, format] { image = try Image(file: image.encoded(as: next)) }
    #expect(image.text == text)
  }

  /// A JPEG segment ends at 64 KiB.
  @Test(arguments: [65_000, 65_100, 65_200, 65_400, 66_000, 200_000, 3_000_000])
  func aTextLongerThanASegmentComesBackFromJPEG(length: Int) throws {
    let text = [TextEntry("fluxlua", String(repeating: "recipe ", count: length / 7))]
    #expect(try Image(file: Pictures.noise(5, 4, text: text).encoded(as: .jpeg)).text == text)
  }

  @Test(arguments: [32_000, 32_740, 32_780, 100_000])
  func anInfotextLongerThanASegmentComesBackFromJPEG(length: Int) throws {
    let text = [TextEntry("parameters", String(repeating: "f", count: length)), TextEntry("fluxlua", "{}")]
    #expect(try Image(file: Pictures.noise(5, 4, text: text).encoded(as: .jpeg)).text == text)
  }

  @Test(arguments: lossy)
  func aPictureWithoutTextCarriesNone(format: PictureFormat) throws {
    let file = try Pictures.noise(5, 4).encoded(as: format)
    for name in ["Exif", "EXIF", "http", "XMP "] { #expect(Data(file).range(of: Data(name.utf8)) == nil) }
  }

  @Test(arguments: PictureFormat.allCases)
  func whatNoFormatCanHoldIsRefusedByAll(format: PictureFormat) throws {
    #expect(throws: ImagingError.unusableKey("狐")) { try Pictures.noise(1, 1, text: [TextEntry("狐", "")]).encoded(as: format) }
    #expect(throws: ImagingError.zeroInText(key: "T")) { try Pictures.noise(1, 1, text: [TextEntry("T", "a\0b")]).encoded(as: format) }
  }

  @Test func theWayUpIsThatOfTheLookedAtPicture() throws {
    let upright = try References.image("orientation1.jpg")
    #expect((upright.width, upright.height) == (13, 7))
    for orientation in 5...8 {
      let turned = try References.image("orientation\(orientation).jpg")
      #expect((turned.width, turned.height) == (7, 13))
    }
  }
}
