import Conditioning
import Foundation
import Testing

/// Compares with the published vocabularies, which are not part of the project: they are read from the folder that
/// FLUX_REAL_TOKENIZERS names (`clip/`, `t5/`, `t5-published/`, `expected.json`).
@Suite(
  .serialized,
  .enabled(if: TokenizerFiles.realVocabularies != nil, "set FLUX_REAL_TOKENIZERS to a folder with the published vocabularies"))
struct RealVocabularyTests {
  private struct Expected: Decodable { let cases: [[String: Case]] }

  /// `expected.json` has a text and lists of ids side by side in one object.
  private enum Case: Decodable {
    case text(String)
    case ids([Int])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      self = if let text = try? container.decode(String.self) { .text(text) } else { .ids(try container.decode([Int].self)) }
    }
  }

  private let folder: URL
  private let cases: [[String: Case]]

  init() throws {
    folder = try #require(TokenizerFiles.realVocabularies)
    cases = try (TokenizerFiles.json("expected.json", in: folder) as Expected).cases
  }

  private func compare(
    _ column: String, with tokenizer: some Tokenizer, where isMeant: (String) -> Bool = { _ in true }
  ) throws {
    var compared = 0
    for row in cases {
      guard case .text(let text) = row["text"], case .ids(let ids) = row[column], isMeant(text) else { continue }
      let tokens = tokenizer.tokens(text)
      #expect(tokens.ids == ids, "\(text.debugDescription): \(tokens.pieces)")
      compared += 1
    }
    #expect(compared > 0, "no text with a column \(column)")
    print("\(column): \(compared) texts compared")
  }

  private func clip() throws -> CLIPTokenizer {
    try CLIPTokenizer(
      vocabulary: TokenizerFiles.bytes("clip/vocab.json", in: folder), merges: TokenizerFiles.bytes("clip/merges.txt", in: folder),
      configuration: try? TokenizerFiles.bytes("clip/tokenizer_config.json", in: folder), name: "clip")
  }

  private func t5(_ name: String) throws -> T5Tokenizer {
    try T5Tokenizer(tokenizerJSON: TokenizerFiles.bytes("\(name)/tokenizer.json", in: folder), configuration: nil, name: name)
  }

  @Test func clipGivesTheIDsOfTransformers() throws { try compare("clip", with: clip()) }

  @Test(arguments: ["t5", "t5-published"])
  func t5FollowsItsTokenizerJSON(_ name: String) throws { try compare(name, with: t5(name)) }

  @Test func t5FollowsAnOlderTokenizerJSON() throws {
    let file = Data(try TokenizerFiles.bytes("t5/tokenizer.json", in: folder))
    var root = try #require(try JSONSerialization.jsonObject(with: file) as? [String: Any])
    let normalizer = try #require(root["normalizer"] as? [String: Any])
    root["normalizer"] = (normalizer["normalizers"] as? [Any])?.first ?? normalizer
    root["pre_tokenizer"] = [
      "type": "Sequence",
      "pretokenizers": [["type": "WhitespaceSplit"], ["type": "Metaspace", "replacement": "▁", "add_prefix_space": true]],
    ]
    let json = Array(try JSONSerialization.data(withJSONObject: root))
    try compare("t5-whitespace", with: T5Tokenizer(tokenizerJSON: json, configuration: nil, name: "t5-whitespace"))
  }

  @Test func t5FollowsItsSentencePieceModelAlone() throws {
    let t5 = try T5Tokenizer(sentencePiece: TokenizerFiles.bytes("t5/spiece.model", in: folder), configuration: nil, name: "t5")
    #expect(t5.tokens("").ids == [1])
    if cases.contains(where: { $0["t5-sentencepiece"] != nil }) {
      try compare("t5-sentencepiece", with: t5)
    } else {
      // The published description does the same, but for special tokens inside a text and for stacked marks.
      try compare("t5-published", with: t5) { !$0.contains("<") && $0.allSatisfy { $0.unicodeScalars.count < 3 } }
    }
  }

  @Test func bothVocabulariesLoadInTime() throws {
    // The best of three: what the files cost, not what else the machine was doing.
    func time(_ load: () throws -> some Tokenizer) rethrows -> Duration {
      try (0..<3).map { _ in try ContinuousClock().measure { _ = try load() } }.min() ?? .zero
    }
    let clipTime = try time(clip)
    let t5Time = try time { try t5("t5") }
    let pieceTime = try time {
      try T5Tokenizer(sentencePiece: TokenizerFiles.bytes("t5/spiece.model", in: folder), configuration: nil, name: "t5")
    }
    print("loaded: CLIP \(clipTime), T5 tokenizer.json \(t5Time), T5 spiece.model \(pieceTime)")
    #if !DEBUG
    #expect(clipTime + t5Time < .milliseconds(400))
    #endif
  }
}
