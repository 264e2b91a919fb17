import Conditioning
import Foundation
import Testing

/// Small tokenizer.json files, one for each thing that a description can ask for, with the ids that Hugging Face gave.
struct TokenizerDescriptionTests {
  private let texts: [String]
  private let cases: [[String: Any]]
  private let vocabulary: [Any]

  init() throws {
    let data = Data(try TokenizerFiles.bytes("descriptions.json"))
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    texts = try #require(root["texts"] as? [String])
    cases = try #require(root["cases"] as? [[String: Any]])
    vocabulary = try #require(root["vocab"] as? [Any])
  }

  /// A whole tokenizer.json over the small vocabulary.
  private func file(_ parts: [String: Any], fallback: Bool = false, model: [String: Any] = [:]) throws -> [UInt8] {
    let bytes = fallback ? (0..<256).map { [String(format: "<0x%02X>", $0), -12.0] as [Any] } : []
    var root = parts
    root["model"] = (["type": "Unigram", "unk_id": 2, "vocab": vocabulary + bytes, "byte_fallback": fallback] as [String: Any])
      .merging(model) { $1 }
    return Array(try JSONSerialization.data(withJSONObject: root))
  }

  private func error(of bytes: [UInt8]) throws -> String {
    let thrown = #expect(throws: TokenizerError.self) { try T5Tokenizer(tokenizerJSON: bytes, configuration: nil, name: "t5") }
    return try #require(thrown).description
  }

  @Test func everyPartOfADescriptionIsFollowed() throws {
    #expect(cases.count == 40)
    for row in cases {
      let name = try #require(row["name"] as? String)
      let json = try file(#require(row["description"] as? [String: Any]), fallback: row["fallback"] as? Bool ?? false)
      let t5 = try T5Tokenizer(tokenizerJSON: json, configuration: nil, name: name)
      for (text, ids) in zip(texts, try #require(row["ids"] as? [[Int]])) {
        #expect(t5.tokens(text).ids == ids, "\(name): \(text.debugDescription)")
      }
    }
  }

  @Test(arguments: [
    ("normalizer", "BertNormalizer"), ("pre_tokenizer", "ByteLevel"), ("post_processor", "BertProcessing"),
  ])
  func whatIsNotKnownIsNamed(_ field: String, _ type: String) throws {
    let message = try error(of: file([field: ["type": type]]))
    #expect(message.contains("t5/tokenizer.json: \(field).type: '\(type)' is not supported"), "\(message)")
  }

  @Test func anotherModelIsNamed() throws {
    #expect(try error(of: file([:], model: ["type": "BPE"])).contains("model.type: 'BPE' is not supported"))
  }

  @Test func aRegexThatIsNotKnownIsNamed() throws {
    let message = try error(of: file(["normalizer": ["type": "Replace", "pattern": ["Regex": "(a|b)+"], "content": ""]]))
    #expect(message.contains("normalizer.pattern.Regex: '(a|b)+' is not supported"), "\(message)")
  }

  @Test func aMissingUnknownPieceIsAnError() throws {
    #expect(try error(of: file([:], model: ["unk_id": NSNull()])).contains("model.unk_id: expected a value"))
    #expect(try error(of: file([:], model: ["unk_id": 99_999])).contains("model.unk_id: expected an id below"))
  }

  @Test func aPieceListedTwiceIsAnError() throws {
    let message = try error(of: file([:], model: ["vocab": vocabulary + [["red", -1.0]]]))
    #expect(message.contains("expected each piece once, found 'red'"), "\(message)")
  }

  @Test func anAddedTokenWithAnIDOfAnotherIsAnError() throws {
    let message = try error(of: file(["added_tokens": [["id": 5, "content": "[x]", "special": true]]]))
    #expect(message.contains("added_tokens: expected an id of its own for '[x]', found 5"), "\(message)")
  }
}
