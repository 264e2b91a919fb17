import Foundation
import Imaging
import Testing

@Suite struct PNGTests {
  @Test(arguments: [(1, 1), (1, 9), (17, 3), (3, 17), (8, 8), (33, 31), (257, 2)], [1, 3])
  func aPictureSurvivesTheRoundTrip(size: (Int, Int), channels: Int) throws {
    let image = try Pictures.noise(size.0, size.1, channels: channels, text: [TextEntry("Title", "noise")])
    #expect(try Image(png: image.png()) == image)
  }

  @Test(arguments: Pictures.names)
  func pixelsAreThoseOfPillow(name: String) throws {
    let image = try Image(png: Pictures.bytes("\(name).png"))
    #expect(try image.pixels == Pictures.bytes("\(name).u8"))
  }

  @Test func everyKindOfFileIsThere() {
    #expect(Pictures.names.count >= 27)
  }

  @Test func textsAreThoseOfPillow() throws {
    let expected = try JSONDecoder().decode([String: [String: String]].self, from: Data(Pictures.bytes("texts.json")))
    for name in Pictures.names {
      let text = try Image(png: Pictures.bytes("\(name).png")).text
      #expect(Dictionary(uniqueKeysWithValues: text.map { ($0.key, $0.value) }) == expected[name] ?? [:])
    }
  }

  @Test func textKeepsItsOrderAndItsCharacters() throws {
    let text = [
      TextEntry("parameters", "a fox, Füchse, 狐 🦊\nNegative prompt: snow\nSteps: 8, Seed: 1, Size: 16x16"),
      TextEntry("Author", "Zoë"), TextEntry("Empty", ""), TextEntry("clé", "ÿ\u{a0}\t\u{85}"), TextEntry("Again", "1"), TextEntry("Again", "2"),
    ]
    #expect(try Image(png: Pictures.noise(5, 4, text: text).png()).text == text)
  }

  @Test(arguments: [("plain fox", "tEXt"), ("Zoë", "tEXt"), ("狐", "iTXt"), ("“fox”", "iTXt")])
  func latin1TextIsATextChunkAndTheRestIsInternational(value: String, chunk: String) throws {
    let bytes = try Pictures.noise(1, 1, text: [TextEntry("parameters", value)]).png()
    let names = ["tEXt", "iTXt"].filter { String(decoding: bytes, as: UTF8.self).contains($0) }
    #expect(names == [chunk])
  }

  @Test(arguments: ["", " x", "x ", "a  b", "clé\u{7f}", "狐", "a\nb", String(repeating: "k", count: 80)])
  func anUnusableKeyIsRefused(key: String) throws {
    let image = try Pictures.noise(1, 1, text: [TextEntry(key, "value")])
    #expect(throws: ImagingError.unusableKey(key)) { try image.png() }
  }

  @Test func textWithAZeroIsRefused() throws {
    let image = try Pictures.noise(1, 1, text: [TextEntry("Title", "a\0b")])
    #expect(throws: ImagingError.zeroInText(key: "Title")) { try image.png() }
  }

  @Test func settingATextReplacesItWhereItStands() throws {
    var text = [TextEntry("a", "1"), TextEntry("b", "2")]
    text["a"] = "3"
    text["c"] = "4"
    text["b"] = nil
    #expect(text == [TextEntry("a", "3"), TextEntry("c", "4")])
    #expect(text["b"] == nil)
  }

  @Test func equalPicturesGiveEqualFiles() throws {
    let image = try Pictures.noise(40, 30, text: [TextEntry("Title", "狐")])
    #expect(try image.png() == image.png())
  }
}
