/// A token that is recognised in the text itself, before the model cuts the rest into pieces.
struct AddedToken: Sendable {
  let id: Int
  let content: [UInt8]
  /// Only where no letter or digit touches it.
  var singleWord = false
  /// Takes the white space on its left with it.
  var stripsLeft = false
  /// Takes the white space on its right with it.
  var stripsRight = false
  /// Looked for in the normalised text, itself normalised.
  var isNormalized = false
}

extension AddedToken {
  /// An entry of `added_tokens` (tokenizer.json) or `added_tokens_decoder` (tokenizer_config.json, where the key is the id).
  init(_ field: JSONField, id: Int) throws {
    self.id = id
    content = try field.required("content").bytes()
    singleWord = try field.optional("single_word")?.bool() ?? false
    stripsLeft = try field.optional("lstrip")?.bool() ?? false
    stripsRight = try field.optional("rstrip")?.bool() ?? false
    let special = try field.optional("special")?.bool() ?? false
    isNormalized = try field.optional("normalized")?.bool() ?? !special
    guard !content.isEmpty else { throw try field.required("content").unexpected("a token") }
  }
}
