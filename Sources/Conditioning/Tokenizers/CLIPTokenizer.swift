/// CLIP's tokenizer: lower-cased words in byte pairs, between a start and an end token, 77 ids in all.
///
///     let clip = try CLIPTokenizer(vocabulary: vocab, merges: merges, configuration: nil, name: "flux/tokenizer")
///     clip.tokens("a red fox").pieces   // ["<|startoftext|>", "a</w>", "red</w>", "fox</w>", "<|endoftext|>"]
///
/// Token for token what CLIPTokenizer of Hugging Face transformers gives.
public struct CLIPTokenizer: Tokenizer {
  public let maximumLength: Int?

  private let vocabulary: Vocabulary
  private let merges: BytePairMerges
  private let added: AddedTokens
  private let template: TokenTemplate

  /// The positions that CLIP was trained with; what holds where the configuration sets no length.
  private static let positions = 77
  private static let normalizer = TextNormalizer.sequence([
    .form(.nfc), .replace(.repeated(.space, 1...Int.max), with: " "), .lowercase,
  ])

  /// - Parameters:
  ///   - vocabulary: vocab.json.
  ///   - merges: merges.txt.
  ///   - configuration: tokenizer_config.json, for the length and the special tokens.
  ///   - name: the folder, to name a file in an error.
  public init(vocabulary: [UInt8], merges: [UInt8], configuration: [UInt8]?, name: String) throws {
    let configuration = try TokenizerConfiguration(configuration, name: name)
    let file = "\(name)/vocab.json"
    self.vocabulary = try Self.vocabulary(vocabulary, configuration, file: file)
    let special = try SpecialTokens(configuration, in: self.vocabulary, file: file)
    self.merges = try BytePairMerges(merges, vocabulary: self.vocabulary, unknown: special.unknown, file: "\(name)/merges.txt")
    added = AddedTokens(special.added, normalizer: Self.normalizer)
    template = TokenTemplate(before: [special.start], after: [special.end], padding: special.padding)
    maximumLength = configuration.maximumLength ?? Self.positions
  }

  private static func vocabulary(_ bytes: [UInt8], _ configuration: TokenizerConfiguration, file: String) throws -> Vocabulary {
    let root = try JSONReader.root(of: bytes, file: file)
    let members = try root.members()
    var spellings = Array(repeating: [UInt8](), count: members.count)
    for member in members {
      guard case .number(let number) = member.value, let id = Int(exactly: number),
        spellings.indices.contains(id), spellings[id].isEmpty
      else {
        throw TokenizerError.unexpected(
          file: file, field: quoted(member.key), expected: "an id of its own below \(members.count)", found: member.value.summary)
      }
      spellings[id] = member.key
    }
    var vocabulary = try Vocabulary(spellings, file: file, field: "pieces")
    try vocabulary.add(configuration.addedTokens, file: "tokenizer_config.json beside \(file)", field: "added_tokens_decoder")
    return vocabulary
  }

  public func tokens(_ text: String) -> TokenList {
    template.list(around: textIDs(text), spelledBy: vocabulary)
  }

  public func padded(_ text: String, to length: Int?) -> TokenList {
    guard let length = length ?? maximumLength else { return tokens(text) }
    return template.list(around: textIDs(text), to: length, spelledBy: vocabulary)
  }

  private func textIDs(_ text: String) -> [Int] {
    let written = Array(text.utf8)
    return added.segments(ofWritten: written).flatMap { segment -> [Int] in
      switch segment {
      case .token(let id): return [id]
      case .text(let range): return ids(ofStretch: String(decoding: written[range], as: UTF8.self))
      }
    }
  }

  private func ids(ofStretch text: String) -> [Int] {
    let normalized = Array(Self.normalizer.normalized(text).text.utf8)
    return added.segments(ofNormalized: normalized).flatMap { segment -> [Int] in
      switch segment {
      case .token(let id): return [id]
      case .text(let range):
        return CLIPWords.words(of: String(decoding: normalized[range], as: UTF8.self)).flatMap(merges.ids)
      }
    }
  }
}

extension CLIPTokenizer {
  /// The ids of the special tokens, and the tokens that a text may name: these and the configuration's own.
  private struct SpecialTokens {
    let start, end, padding, unknown: Int
    private(set) var added: [AddedToken]

    init(_ configuration: TokenizerConfiguration, in vocabulary: Vocabulary, file: String) throws {
      var added = configuration.addedTokens
      func id(_ key: String, _ usual: String) throws -> Int {
        let name = try configuration.name(key) ?? Array(usual.utf8)
        guard let id = vocabulary[name] else {
          throw TokenizerError.unexpected(file: file, field: key, expected: "a piece \(quoted(name))", found: "none")
        }
        if !added.contains(where: { $0.content == name }) {
          if let field = try configuration.special(key), case .object = field.value {
            added.append(try AddedToken(field, id: id))
          } else {
            added.append(AddedToken(id: id, content: name))
          }
        }
        return id
      }
      start = try id("bos_token", "<|startoftext|>")
      end = try id("eos_token", "<|endoftext|>")
      padding = try id("pad_token", "<|endoftext|>")
      unknown = try id("unk_token", "<|endoftext|>")
      self.added = added
    }
  }
}
