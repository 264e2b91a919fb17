import Checkpoints
import Foundation
import Testing

@Suite struct JSONTests {
  func json(_ text: String) -> JSON? { JSON(Data(text.utf8)) }

  @Test func everyKindOfValueIsItself() {
    let text = "{\"t\":true,\"f\":false,\"one\":1,\"zero\":0,\"real\":-2.5e3,\"none\":null,\"text\":\"1\",\"list\":[1,true,[]],\"map\":{}}"
    #expect(json(text) == .map([
      "t": .flag(true), "f": .flag(false), "one": .number(1), "zero": .number(0), "real": .number(-2500), "none": .null,
      "text": .text("1"), "list": .list([.number(1), .flag(true), .list([])]), "map": .map([:]),
    ]))
  }

  @Test func largeWholeNumbersAreExactAsFarAsADoubleIs() {
    #expect(json("[9007199254740992,0,4294967295]")?.wholes == [9_007_199_254_740_992, 0, 4_294_967_295])
    #expect(json("[18446744073709551615]")?.wholes == nil)
    #expect(json("[1.5]")?.wholes == nil && json("[true]")?.wholes == nil)
  }

  @Test func textsKeepTheirLetters() { #expect(json("\"caf\\u00e9 狐 \\ud83e\\udd8a \\\"\\\\\"")?.text == "café 狐 🦊 \"\\") }

  @Test(arguments: ["", "{", "[1", "{\"a\" 1}", "\"open", "tru", "1 2", "{\"a\":1}x", "\u{0}", "[\"\\ud800\"]"])
  func whatIsNoJSONIsNone(_ text: String) { #expect(json(text) == nil) }

  @Test(arguments: ["[", "{\"a\":"]) func endlessNestingIsNone(_ part: String) { #expect(json(String(repeating: part, count: 200_000)) == nil) }

  @Test func bytesThatAreNoTextAreNone() { #expect(JSON(Data([0x22, 0xFF, 0xFE, 0x22])) == nil) }
}
