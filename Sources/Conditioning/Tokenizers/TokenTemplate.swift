/// What stands around the ids of a text: a start token, an end token, padding.
struct TokenTemplate: Sendable {
  let before: [Int]
  let after: [Int]
  let padding: Int

  func ids(around text: [Int]) -> [Int] { before + text + after }

  /// The ids cut or padded to `length`, with the number of each.
  ///
  /// Where even the tokens around the text do not fit, the last ones are kept: the end token matters most.
  func ids(around text: [Int], to length: Int) -> (ids: [Int], padding: Int, cut: Int) {
    precondition(length >= 0, "a length is not negative")
    let room = max(0, length - before.count - after.count)
    let kept = Array(ids(around: Array(text.prefix(room))).suffix(length))
    let missing = length - kept.count
    return (kept + Array(repeating: padding, count: missing), missing, text.count - min(text.count, room))
  }
}
