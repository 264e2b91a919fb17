/// T5's tokenizer: a Unigram model with what stands around it, from `tokenizer.json` or from `spiece.model` alone.
///
///     let t5 = try T5Tokenizer(tokenizerJSON: bytes, configuration: nil, name: "flux/tokenizer_2")
///     t5.tokens("a red fox").ids
public struct T5Tokenizer: Tokenizer {
  public let maximumLength: Int?

  private let vocabulary: Vocabulary
  private let template: TokenTemplate
  private let source: Source

  /// The two kinds of file treat a text differently before the model sees it.
  enum Source: Sendable {
    case description(TokenizerDescription)
    case sentencePiece(SentencePieceNormalizer, UnigramModel)
  }

  /// Follows a tokenizer.json as the description it is: token for token what Hugging Face tokenizers give.
  /// - Parameters:
  ///   - configuration: tokenizer_config.json, for the length and the name of the pad token.
  ///   - name: the folder, to name a file in an error.
  public init(tokenizerJSON: [UInt8], configuration: [UInt8]?, name: String) throws {
    let configuration = try TokenizerConfiguration(configuration, name: name)
    let description = try TokenizerDescription(tokenizerJSON, file: "\(name)/tokenizer.json")
    maximumLength = configuration.maximumLength
    vocabulary = description.vocabulary
    template = try description.template(padding: configuration.name("pad_token") ?? Self.padName)
    source = .description(description)
  }

  /// Follows a spiece.model by its own settings: token for token what sentencepiece gives, and the end token.
  ///
  /// Special tokens inside a text are only text here.
  public init(sentencePiece: [UInt8], configuration: [UInt8]?, name: String) throws {
    let configuration = try TokenizerConfiguration(configuration, name: name)
    let model = try SentencePieceFile(sentencePiece, file: "\(name)/spiece.model")
    maximumLength = configuration.maximumLength
    vocabulary = try Vocabulary(model.pieces.map(\.text), file: model.file, field: "pieces")
    template = TokenTemplate(
      before: [], after: [try Self.id(of: configuration.name("eos_token") ?? Self.endName, in: vocabulary, model)],
      padding: try Self.id(of: configuration.name("pad_token") ?? Self.padName, in: vocabulary, model))
    source = .sentencePiece(try SentencePieceNormalizer(model), try UnigramModel(model, vocabulary))
  }

  private static let padName = Array("<pad>".utf8)
  private static let endName = Array("</s>".utf8)

  private static func id(of name: [UInt8], in vocabulary: Vocabulary, _ model: SentencePieceFile) throws -> Int {
    guard let id = vocabulary[name] else {
      throw TokenizerError.unexpected(file: model.file, field: "pieces", expected: "a token \(quoted(name))", found: "none")
    }
    return id
  }

  public func tokens(_ text: String) -> TokenList {
    template.list(around: textIDs(text), spelledBy: vocabulary)
  }

  public func padded(_ text: String, to length: Int?) -> TokenList {
    guard let length = length ?? maximumLength else { return tokens(text) }
    return padded(ids: textIDs(text), to: length)
  }

  /// The ids of a text with their end token, cut or padded.
  func padded(ids: [Int], to length: Int) -> TokenList { template.list(around: ids, to: length, spelledBy: vocabulary) }

  /// The ids of a text alone, without an end token.
  func textIDs(_ text: String) -> [Int] {
    switch source {
    case .description(let description): description.ids(of: text)
    case .sentencePiece(let normalizer, let model): model.ids(of: normalizer.normalized(Array(text.utf8)))
    }
  }
}
