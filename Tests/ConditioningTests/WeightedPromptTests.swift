import Checkpoints
import Conditioning
import TestSupport
import Testing

@Suite struct WeightedPromptTests {
  typealias Part = WeightedPrompt.Part

  /// What ComfyUI's `token_weights` gives for these.
  @Test(arguments: [
    ("a red fox", [Part("a red fox")]), ("", []), ("a (red) fox", [Part("a "), Part("red", 1.1), Part(" fox")]),
    ("a (red:1.3) fox", [Part("a "), Part("red", 1.3), Part(" fox")]), ("(fox:0.5)", [Part("fox", 0.5)]), ("(fox: 0.5)", [Part("fox", 0.5)]),
    ("((fox))", [Part("fox", 1.1 * 1.1)]), ("((a:2) b:3)", [Part("a", 2), Part(" b", 3)]), ("((a) b:3)", [Part("a", 3 * 1.1), Part(" b", 3)]),
    (#"a \(red\) fox"#, [Part("a (red) fox")]), (#"(a \(b\):2)"#, [Part("a (b)", 2)]), ("smile :) and (", [Part("smile :) and (")]),
    ("(open (closed:2)", [Part("(open "), Part("closed", 2)]), ("(time 12:30)", [Part("time 12", 30)]), ("(a:b)", [Part("a:b", 1.1)]),
    ("(:1.2)", [Part(":1.2", 1.1)]), ("(a:nan)", [Part("a:nan", 1.1)]), ("(a:-1)", [Part("a", -1)]), ("(é:2)ü", [Part("é", 2), Part("ü")]),
    ("()", []), ("(a)(b)", [Part("ab", 1.1)]),
  ]) func partsAreThoseOfComfyUI(_ text: String, _ parts: [WeightedPrompt.Part]) {
    let read = WeightedPrompt(text)
    #expect(read.parts == parts)
    #expect(read.isWeighted == parts.contains { $0.weight != 1 })
  }

  @Test func deepNestingIsNoDanger() {
    let text = String(repeating: "(", count: 2000) + "x" + String(repeating: ")", count: 2000)
    #expect(WeightedPrompt(text).text == "x")
  }

  @Test func weightsStandBesideTheirTokensAndAreCutWithThem() throws {
    let folder = try Fixtures.model("tiny-dev/tokenizer_2")
    let tokenizer = try T5Tokenizer(tokenizerJSON: try folder.required("tokenizer.json", hint: "").array, configuration: nil, name: "tiny")
    let fox = tokenizer.tokens("fox").used - 1, red = tokenizer.tokens("red").used - 1
    let (tokens, weights) = tokenizer.padded(WeightedPrompt("red(fox:2)"), to: 32)
    #expect(tokens.ids.count == 32)
    #expect(Array(tokens.ids.prefix(red + fox)) == Array(tokenizer.tokens("red").ids.dropLast() + tokenizer.tokens("fox").ids.dropLast()))
    #expect(weights == [Float](repeating: 1, count: red) + [Float](repeating: 2, count: fox) + [Float](repeating: 1, count: 32 - red - fox))
    let cut = tokenizer.padded(WeightedPrompt("(red fox red fox red fox:2)"), to: 4)
    #expect(cut.weights == [2, 2, 2, 1] && cut.tokens.cut > 0)
    #expect(tokenizer.padded(WeightedPrompt("red fox"), to: 16).tokens == tokenizer.padded("red fox", to: 16))
  }
}
