import Imaging
import Testing

@Suite struct InfotextTests {
  private let line =
    "Steps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 42, "
    + "Size: 1024x1024, Model hash: 0123abcdef, Model: flux1-dev, RNG: CPU, Version: f2.0.1"

  @Test func theLineIsWrittenAsTheWebUIWritesIt() {
    var made = Infotext(prompt: "a red fox", negativePrompt: "snow, rain")
    for (name, value) in [
      ("Steps", "20"), ("Sampler", "Euler"), ("Schedule type", "Simple"), ("CFG scale", "1"), ("Distilled CFG Scale", "3.5"),
      ("Seed", "42"), ("Size", "1024x1024"), ("Model hash", "0123abcdef"), ("Model", "flux1-dev"), ("RNG", "CPU"), ("Version", "f2.0.1"),
    ] { made.fields[name] = value }
    #expect(made.description == "a red fox\nNegative prompt: snow, rain\n\(line)")
  }

  @Test func theLineIsReadAsTheWebUIReadsIt() {
    let read = Infotext(parsing: "a red fox,\nin snow\nNegative prompt: rain\nand wind\n\(line)\n")
    #expect(read.prompt == "a red fox,\nin snow")
    #expect(read.negativePrompt == "rain\nand wind")
    #expect(read.fields.count == 11)
    #expect(read.fields["Distilled CFG Scale"] == "3.5")
    #expect(read.fields["Version"] == "f2.0.1")
  }

  @Test(arguments: [
    "plain", "a, b", "a: b", "two\nlines", "\"quoted\"", "a \"b\", c", "back\\slash, too", "tab\t, \u{1}, 狐 🦊", " spaced", "\"", "C:\\models, \"x\"",
  ])
  func anyValueSurvivesTheRoundTrip(value: String) {
    let made = Infotext(prompt: "p", fields: [TextEntry("Steps", "4"), TextEntry("Lora hashes", value), TextEntry("Seed", "1")])
    #expect(Infotext(parsing: made.description) == made)
  }

  @Test func aValueWithACommaIsAJSONString() {
    let made = Infotext(prompt: "", fields: [TextEntry("Lora", "a: 1, \"b\": ü")])
    #expect(made.description == #"Lora: "a: 1, \"b\": ü""#)
  }

  @Test(arguments: ["", "only words", "a fox, 8k: sharp, mood: calm", "one\n\ntwo"])
  func aTextWithoutFieldsIsAPrompt(text: String) {
    #expect(Infotext(parsing: text) == Infotext(prompt: text))
  }

  @Test func anEmptyPromptLeavesOnlyTheLine() {
    #expect(Infotext(parsing: line).prompt == "")
    #expect(Infotext(parsing: "Negative prompt: snow\n\(line)").negativePrompt == "snow")
  }

  // What Python's re.findall gives for the web UI's expression.
  @Test(arguments: [
    (#"Steps: 1, A b-c/d: x, E: "y, z", F: "broken, G2: "#, ["Steps", "A b-c/d", "G2"], ["1", "x", ""]),
    (#"x (Steps: 5), -- AB: "q" r, CD:"s""#, ["Steps", "AB", "CD"], ["5)", #""q" r"#, "s"]),
    (#"é1: "\q", Ab: """#, ["é1", "Ab"], [#""\q""#, #""""#]),
  ])
  func oddLinesAreReadAsTheExpressionReadsThem(line: String, names: [String], values: [String]) {
    let read = Infotext(parsing: "prompt\nnegative\n" + line + ", Xx: 1, Yy: 2, Zz: 3")
    #expect(read.fields.map(\.key) == names + ["Xx", "Yy", "Zz"])
    #expect(read.fields.map(\.value) == values + ["1", "2", "3"])
  }

  @Test func aMegabyteWithoutColonsIsReadAtOnce() {
    let text = String(repeating: "word ", count: 200_000)
    #expect(Infotext(parsing: text).fields.isEmpty)
  }
}
