/// What stands around the ids of a text: a start token, an end token, padding.
struct TokenTemplate: Sendable {
  let before: [Int]
  let after: [Int]
  let padding: Int

  /// The whole text with what stands around it.
  func list(around text: [Int], spelledBy vocabulary: Vocabulary) -> TokenList {
    let ids = before + text + after
    return TokenList(ids: ids, pieces: ids.map(vocabulary.piece))
  }

  /// The text cut or padded to `length`.
  ///
  /// Where even the tokens around the text do not fit, the last ones are kept: the end token matters most.
  func list(around text: [Int], to length: Int, spelledBy vocabulary: Vocabulary) -> TokenList {
    precondition(length >= 0, "a length is not negative")
    let room = max(0, length - before.count - after.count)
    let kept = (before + text.prefix(room) + after).suffix(length)
    let missing = length - kept.count
    let ids = kept + Array(repeating: padding, count: missing)
    return TokenList(ids: Array(ids), pieces: ids.map(vocabulary.piece), padding: missing, cut: max(0, text.count - room))
  }
}
