/// A `tokenizer.json`: the chain from a text to ids that Hugging Face tokenizers run, read from the file.
struct TokenizerDescription: Sendable {
  private(set) var vocabulary: Vocabulary
  private let model: UnigramModel
  private let normalizer: TextNormalizer?
  private let preTokenizer: PreTokenizer?
  private let added: AddedTokens
  private let before: [Int]
  private let after: [Int]
  private let file: String

  init(_ bytes: [UInt8], file: String) throws {
    let root = try JSONReader.root(of: bytes, file: file)
    self.file = file
    (model, vocabulary) = try UnigramModel.described(by: root.required("model"))
    normalizer = try root.optional("normalizer").map(TextNormalizer.init)
    preTokenizer = try root.optional("pre_tokenizer").map(PreTokenizer.init)
    let tokens = try root.optional("added_tokens")?.elements().map { try AddedToken($0, id: $0.required("id").id()) } ?? []
    try vocabulary.add(tokens, file: file, field: "added_tokens")
    added = AddedTokens(tokens, normalizer: normalizer)
    let template = try root.optional("post_processor")
    (before, after) = if let template { try Self.surroundings(template, vocabulary) } else { ([], []) }
  }

  /// What stands around a text, with the pad token of that name.
  func template(padding name: [UInt8]) throws -> TokenTemplate {
    guard let padding = vocabulary[name] else {
      throw TokenizerError.unexpected(file: file, field: "model.vocab", expected: "a pad token \(quoted(name))", found: "none")
    }
    return TokenTemplate(before: before, after: after, padding: padding)
  }

  /// The ids of a text, without what stands around it.
  func ids(of text: String) -> [Int] {
    let written = Array(text.utf8)
    var ids: [Int] = []
    for segment in added.segments(ofWritten: written) {
      switch segment {
      case .token(let id): ids.append(id)
      case .text(let range):
        ids += self.ids(ofStretch: String(decoding: written[range], as: UTF8.self), isFirst: range.lowerBound == 0)
      }
    }
    return ids
  }

  private func ids(ofStretch text: String, isFirst: Bool) -> [Int] {
    let result = normalizer?.normalized(text) ?? TextNormalizer.Result(text: text)
    let normalized = Array(result.text.utf8)
    return added.segments(ofNormalized: normalized).flatMap { segment -> [Int] in
      switch segment {
      case .token(let id): return [id]
      case .text(let range):
        let scalars = Array(String(decoding: normalized[range], as: UTF8.self).unicodeScalars)
        let whole = PreTokenizer.Stretch(scalars: scalars[...], isFirst: isFirst && result.keepsStart && range.lowerBound == 0)
        return (preTokenizer?.stretches(of: whole) ?? [whole]).flatMap { stretch in
          model.ids(of: Array(String(String.UnicodeScalarView(stretch.scalars)).utf8))
        }
      }
    }
  }

  /// `TemplateProcessing`: the special tokens before and after the one sequence A.
  private static func surroundings(_ field: JSONField, _ vocabulary: Vocabulary) throws -> (before: [Int], after: [Int]) {
    let type = try field.required("type")
    guard try type.string() == "TemplateProcessing" else { throw type.unsupported("TemplateProcessing") }
    let special = try field.required("special_tokens")
    let single = try field.required("single")
    var sides: [[Int]] = [[]]
    for element in try single.elements() {
      if let token = try element.optional("SpecialToken") {
        let ids = try special.required(token.required("id").string()).required("ids").elements()
        for id in ids {
          guard vocabulary.contains(try id.id()) else { throw id.unexpected("an id of the vocabulary") }
          sides[sides.count - 1].append(try id.id())
        }
      } else {
        let sequence = try element.required("Sequence").required("id")
        guard try sequence.string() == "A", sides.count == 1 else { throw sequence.unexpected("one sequence A") }
        sides.append([])
      }
    }
    guard sides.count == 2 else { throw single.unexpected("one sequence A") }
    return (sides[0], sides[1])
  }
}
