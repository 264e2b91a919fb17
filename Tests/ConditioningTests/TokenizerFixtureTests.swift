import Conditioning
import Testing

/// Compares with the ids that Hugging Face transformers, tokenizers and sentencepiece gave for 81 texts.
struct TokenizerFixtureTests {
  private struct Expected: Decodable {
    let prompts: [Prompt]
    let clip_pad: Int
    let t5_pad: Int
  }

  private struct Prompt: Decodable {
    let text: String
    let clip: [Int]
    let clip_untruncated_length: Int
    let t5: [Int]
    let t5_untruncated_length: Int
    let t5_tokenizer_json: [Int]?
    let t5_sentencepiece: [Int]?

    /// The column of that form; null means what transformers gives, which the file has only cut to 512.
    func isMet(by list: TokenList, _ own: [Int]?) -> Bool {
      if let own { return list.ids == own }
      return list.ids.count == t5_untruncated_length && list.ids.prefix(t5.count - 1) == t5.dropLast() && list.ids.last == t5.last
    }
  }

  private let expected: Expected

  init() throws {
    expected = try TokenizerFiles.json("tokenizers.json")
    #expect(expected.prompts.count == 81)
  }

  @Test func clipGivesTheIDsOfTransformers() throws {
    let clip = try CLIPTokenizer.tiny()
    for prompt in expected.prompts {
      let tokens = clip.tokens(prompt.text)
      #expect(tokens.ids.count == prompt.clip_untruncated_length, "\(prompt.text.debugDescription)")
      let padded = clip.padded(prompt.text)
      let padding = Array(repeating: expected.clip_pad, count: 77 - prompt.clip.count)
      #expect(padded.ids == prompt.clip + padding, "\(prompt.text.debugDescription)")
      #expect(padded.used == prompt.clip.count && padded.cut == prompt.clip_untruncated_length - prompt.clip.count)
      #expect(padded.cut > 0 || tokens.ids == prompt.clip, "\(prompt.text.debugDescription)")
    }
  }

  @Test func t5FollowsItsTokenizerJSON() throws {
    let t5 = try T5Tokenizer.tiny()
    for prompt in expected.prompts {
      let tokens = t5.tokens(prompt.text)
      #expect(prompt.isMet(by: tokens, prompt.t5_tokenizer_json), "\(prompt.text.debugDescription): \(tokens)")
    }
  }

  @Test func t5FollowsItsSentencePieceModelAlone() throws {
    let t5 = try T5Tokenizer.tinySentencePiece()
    for prompt in expected.prompts {
      let tokens = t5.tokens(prompt.text)
      #expect(prompt.isMet(by: tokens, prompt.t5_sentencepiece), "\(prompt.text.debugDescription): \(tokens)")
    }
  }

  @Test func t5IsCutTo512WithItsEndTokenLast() throws {
    let t5 = try T5Tokenizer.tiny()
    for prompt in expected.prompts where prompt.t5_tokenizer_json == nil {
      let padded = t5.padded(prompt.text)
      let padding = Array(repeating: expected.t5_pad, count: 512 - prompt.t5.count)
      #expect(padded.ids == prompt.t5 + padding, "\(prompt.text.debugDescription)")
      #expect(padded.cut == prompt.t5_untruncated_length - prompt.t5.count)
    }
  }
}
