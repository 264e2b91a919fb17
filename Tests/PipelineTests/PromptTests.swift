import Conditioning
import Pipeline
import Tensors
import TestSupport
import Testing

@Suite struct PromptTests {
  private func pipeline() throws -> FluxPipeline { try FluxPipeline(.folder("\(Fixtures.folder)/tiny-dev"), precision: .f32) }
  private func weighted(_ text: String) -> PromptText { PromptText(text, length: 24, isWeighted: true) }

  @Test func wordsOfWeightOneChangeNothing() throws {
    let pipeline = try pipeline(), plain = try pipeline.encode(PromptText("a red fox", length: 24))
    #expect(try pipeline.encode(weighted("a (red:1) fox")).sequence.values == plain.sequence.values)
    #expect(try pipeline.encode(PromptText("a (red:1.5) fox", length: 24)).sequence.values != plain.sequence.values, "without weights the marks are text")
  }

  /// z = empty + w · (z − empty), token by token; the pooled state takes no part in it.
  @Test func aWeightStretchesWhatTheWordAddsToTheEmptyPrompt() throws {
    let pipeline = try pipeline()
    let plain = try pipeline.encode(weighted("(red fox:1)")), empty = try pipeline.encode(PromptText("", length: 24))
    let stretched = try pipeline.encode(weighted("(red fox:2)"))
    let words = pipeline.tokens("red fox").t5.used - 1
    for token in 0..<24 {
      let factor: Float = token < words ? 2 : 1
      let expected = empty.sequence[token] + factor * (plain.sequence[token] - empty.sequence[token])
      #expect((stretched.sequence[token] - expected).norm <= 1e-5 * expected.norm, "token \(token)")
    }
    #expect(stretched.pooled.values == plain.pooled.values)
    #expect(stretched.text == "(red fox:2)")
  }

  @Test func weightsThatAreReadAsTextAndCutPromptsAreNoticed() throws {
    let pipeline = try pipeline()
    var notices: [String] = []
    pipeline.observer = { if case .notice(let text) = $0 { notices.append(text) } }
    _ = try pipeline.encode(PromptText("a (red:1.3) fox (yes)", length: 32))
    #expect(notices == ["'(red:1.3)' is read as it is written; { prompt = …, weights = true } makes it a weight"])
    notices = []
    _ = try pipeline.encode(PromptText(String(repeating: "fox ", count: 120), length: 8))
    #expect(notices.contains { $0.hasPrefix("the prompt is ") && $0.hasSuffix("T5 tokens too long for max_length 8; its end was cut off") })
    #expect(notices.contains { $0.hasPrefix("CLIP reads ") })
  }
}
