import Conditioning
import Foundation

/// The files that these tests read, found beside this source.
enum TokenizerFiles {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
  static let realVocabularies = ProcessInfo.processInfo.environment["FLUX_REAL_TOKENIZERS"].map { URL(filePath: $0) }

  static func bytes(_ path: String, in folder: URL = folder) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: path)))
  }

  static func json<Value: Decodable>(_ path: String, in folder: URL = folder) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(contentsOf: folder.appending(path: path)))
  }
}

extension CLIPTokenizer {
  static func tiny() throws -> CLIPTokenizer {
    try CLIPTokenizer(
      vocabulary: TokenizerFiles.bytes("tokenizer/vocab.json"), merges: TokenizerFiles.bytes("tokenizer/merges.txt"),
      configuration: TokenizerFiles.bytes("tokenizer/tokenizer_config.json"), name: "tokenizer")
  }
}

extension T5Tokenizer {
  static func tiny() throws -> T5Tokenizer {
    try T5Tokenizer(
      tokenizerJSON: TokenizerFiles.bytes("tokenizer_2/tokenizer.json"),
      configuration: TokenizerFiles.bytes("tokenizer_2/tokenizer_config.json"), name: "tokenizer_2")
  }

  static func tinySentencePiece() throws -> T5Tokenizer {
    try T5Tokenizer(
      sentencePiece: TokenizerFiles.bytes("tokenizer_2/spiece.model"),
      configuration: TokenizerFiles.bytes("tokenizer_2/tokenizer_config.json"), name: "tokenizer_2")
  }
}
