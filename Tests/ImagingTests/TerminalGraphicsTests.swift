import Foundation
import Imaging
import Testing

@Suite struct TerminalGraphicsTests {
  @Test(arguments: [
    (["TERM": "xterm-kitty"], TerminalGraphics.kitty), (["TERM": "xterm-ghostty"], .kitty), (["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"], .kitty),
    (["TERM": "foot"], .sixel), (["TERM": "mlterm"], .sixel), (["TERM": "xterm-256color"], .blocks), ([:], .blocks),
    (["TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"], .blocks), (["TERM": "xterm-kitty", "TMUX": "/tmp/x"], .blocks),
    (["TERM": "dumb"], nil), (["TERM": "xterm-kitty", "NO_COLOR": "1"], nil), (["TERM": "foot", "NO_COLOR": ""], .sixel),
  ]) func theEnvironmentTellsWhatTheTerminalCan(_ environment: [String: String], _ expected: TerminalGraphics?) {
    #expect(TerminalGraphics(environment) == expected)
  }

  private func text(_ graphics: TerminalGraphics, _ image: Image, columns: Int = 80, rows: Int = 22) throws -> String {
    String(decoding: try graphics.drawing(image, columns: columns, rows: rows), as: UTF8.self)
  }

  @Test func blocksHoldTwoPixelsEach() throws {
    let image = try Image(width: 2, height: 3, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 9, 9, 9, 9, 9, 9])
    #expect(try text(.blocks, image)
      == "\u{1B}[38;2;255;0;0m\u{1B}[48;2;0;0;255m▀\u{1B}[38;2;0;255;0m\u{1B}[48;2;1;2;3m▀\u{1B}[0m\n\u{1B}[38;2;9;9;9m\u{1B}[49m▀▀\u{1B}[0m\n")
  }

  @Test(arguments: [(80, 22), (20, 5), (7, 30), (1, 1)]) func aPictureFitsIntoItsColumnsAndRows(_ columns: Int, _ rows: Int) throws {
    let lines = try text(.blocks, Image.filled(width: 300, height: 200, with: .white), columns: columns, rows: rows).split(separator: "\n")
    #expect(lines.count <= rows && lines.allSatisfy { $0.count { $0 == "▀" } <= columns })
    #expect(lines.count == rows || lines[0].count { $0 == "▀" } == columns, "smaller than it must be")
  }

  @Test func kittyGetsAPNGInPieces() throws {
    let pixels = (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7 ^ ($0 &* $0) >> 3) }
    let image = try Image(width: 64, height: 64, channels: 3, pixels: pixels, text: [TextEntry("secret", "stays here")])
    let pieces = try text(.kitty, image).split(separator: "\u{1B}\\", omittingEmptySubsequences: true)
    #expect(pieces.last == "\n" && pieces.count > 2)
    var letters = ""
    for (index, piece) in pieces.dropLast().enumerated() {
      let last = index == pieces.count - 2, head = "\u{1B}_G\(index == 0 ? "a=T,f=100,q=2," : "")m=\(last ? 0 : 1);"
      #expect(piece.hasPrefix(head) && piece.count - head.count <= 4096)
      letters += piece.dropFirst(head.count)
    }
    let back = try Image(png: Array(try #require(Data(base64Encoded: letters))))
    #expect(back.pixels == pixels && back.text.isEmpty)
  }

  @Test func lettersAreThoseOfBase64() throws {
    for count in 0..<10 {
      let image = try Image(width: count + 1, height: 1, channels: 1, pixels: [UInt8](repeating: 7, count: count + 1))
      let text = try text(.kitty, image), letters = text.drop { $0 != ";" }.dropFirst().prefix { $0 != "\u{1B}" }
      #expect(Data(base64Encoded: String(letters)) == Data(try image.png()))
    }
  }

  /// Reads sixels back, as a terminal does.
  private func pixels(_ text: String, width: Int, height: Int) -> [[Int]] {
    var picture = [[Int]](repeating: [Int](repeating: -1, count: width), count: height), top = 0, x = 0, colour = 0
    var rest = text.drop { $0 != "#" }
    rest = rest[(rest.range(of: "#215;2;100;100;100")?.upperBound ?? rest.startIndex)...]
    while let sign = rest.popFirst(), sign != "\u{1B}" {
      switch sign {
      case "#":
        let digits = rest.prefix { $0.isNumber }
        (colour, rest) = (Int(digits) ?? -1, rest.dropFirst(digits.count))
      case "$": x = 0
      case "-": (x, top) = (0, top + 6)
      default:
        var count = 1, bits = sign
        if sign == "!" {
          let digits = rest.prefix { $0.isNumber }
          (count, rest) = (Int(digits) ?? 0, rest.dropFirst(digits.count))
          bits = rest.removeFirst()
        }
        let set = Int(bits.asciiValue ?? 63) - 63
        for _ in 0..<count {
          for row in 0..<6 where set >> row & 1 == 1 { picture[top + row][x] = colour }
          x += 1
        }
      }
    }
    return picture
  }

  @Test func sixelsAreThePictureInItsNearestColours() throws {
    let (width, height) = (13, 11)
    let image = try Image(width: width, height: height, channels: 3, pixels: (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * 37) })
    let text = try text(.sixel, image), read = pixels(text, width: width, height: height)
    #expect(text.hasPrefix("\u{1B}P0;1q\"1;1;13;11#0;2;0;0;0") && text.hasSuffix("\u{1B}\\\n"))
    for y in 0..<height {
      for x in 0..<width {
        let levels = [read[y][x] / 36, read[y][x] / 6 % 6, read[y][x] % 6]
        for channel in 0..<3 { #expect(abs(levels[channel] * 51 - Int(image.pixels[3 * (y * width + x) + channel])) <= 26) }
      }
    }
  }
}
