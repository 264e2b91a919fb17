import Imaging
import Testing

@Suite struct LabelTests {
  @Test(arguments: [1, 3])
  func theLabelStandsBeneathThePicture(channels: Int) throws {
    let image = try Pictures.noise(120, 30, channels: channels, text: [TextEntry("Title", "t")])
    let labelled = try image.labelled("seed 1")
    #expect((labelled.width, labelled.channels, labelled.text) == (120, channels, image.text))
    #expect(try labelled.cropped(x: 0, y: 0, width: 120, height: 30) == image)
    let foot = try labelled.cropped(x: 0, y: 30, width: 120, height: labelled.height - 30)
    #expect(foot.pixels.contains { $0 < 64 } && foot.pixels.first == 255)
  }

  @Test func moreTextIsHigherUntilTheLastLine() throws {
    let image = try Pictures.noise(150, 4)
    let heights = try [1, 10, 30, 200, 2000].map { try image.labelled(String(repeating: "fox ", count: $0), lines: 5).height }
    #expect(heights[0] < heights[1] && heights[1] < heights[2])
    #expect(heights[2] == heights[3] && heights[3] == heights[4])
  }

  @Test func largerLettersAreHigher() throws {
    let image = try Pictures.noise(150, 4)
    #expect(try image.labelled("fox", size: 30).height > image.labelled("fox", size: 12).height + 15)
    #expect(throws: ImagingError.self) { try image.labelled("fox", size: 0) }
  }

  @Test func noTextIsNoLabel() throws {
    let image = try Pictures.noise(20, 4)
    #expect(try image.labelled("") == image)
  }

  @Test(arguments: ["\0", "a\0b", "\u{1}\n\n\n", "\u{202e}fox", "狐狸", "ثعلب", "🦊", "e\u{301}", "\u{2028}", String(repeating: "\u{301}", count: 9000),
                    String(repeating: "w", count: 100_000)])
  func anyTextCanBeALabel(text: String) throws {
    for width in [1, 7, 64] {
      let image = try Pictures.noise(width, 3)
      #expect(try image.labelled(text).width == width)
    }
  }

  @Test func lineEndsDoNotAddLines() throws {
    let image = try Pictures.noise(200, 4)
    #expect(try image.labelled("a\nb\nc\nd").height == image.labelled("a b c d").height)
  }

  /// As the same text gives the same pixels, so a picture with a label can be recognised by its bytes.
  @Test func equalLabelsAreEqualPixels() throws {
    let image = try Pictures.noise(200, 4)
    #expect(try image.labelled("a red fox, 狐") == image.labelled("a red fox, 狐"))
  }
}
