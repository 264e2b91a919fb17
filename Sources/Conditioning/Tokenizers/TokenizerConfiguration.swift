/// What a tokenizer needs of `tokenizer_config.json`: the length, the names of the special tokens, the added tokens.
struct TokenizerConfiguration: Sendable {
  /// nil where the file sets none; files without a limit write 1e30.
  let maximumLength: Int?
  let addedTokens: [AddedToken]
  private let root: JSONField?

  /// A prompt of more tokens than this is no prompt: larger limits are "none", written as a number.
  private static let longest = 1 << 24

  init(_ bytes: [UInt8]?, name: String) throws {
    guard let bytes else {
      (maximumLength, addedTokens, root) = (nil, [], nil)
      return
    }
    let root = try JSONReader.root(of: bytes, file: "\(name)/tokenizer_config.json")
    maximumLength = try root.optional("model_max_length").flatMap { field in
      guard case .number(let length) = field.value, length >= 1 else { throw field.unexpected("a length of at least 1") }
      return length > Double(Self.longest) ? nil : Int(length)
    }
    addedTokens = try root.optional("added_tokens_decoder").map { tokens in
      try tokens.members().map { member in
        let key = String(decoding: member.key, as: UTF8.self)
        let field = JSONField(value: member.value, path: "\(tokens.path).\(key)", file: tokens.file)
        guard let id = Int(key), (0...Vocabulary.largestID).contains(id) else {
          throw TokenizerError.unexpected(
            file: tokens.file, field: tokens.path, expected: "ids as keys", found: quoted(member.key))
        }
        return try AddedToken(field, id: id)
      }
    } ?? []
    self.root = root
  }

  /// The entry `pad_token`, `eos_token`…: a name, or an object that describes the token.
  func special(_ key: String) throws -> JSONField? { try root?.optional(key) }

  /// The name of that special token; nil where the file does not say.
  func name(_ key: String) throws -> [UInt8]? {
    guard let field = try special(key) else { return nil }
    if case .object = field.value { return try field.required("content").bytes() }
    return try field.bytes()
  }
}
