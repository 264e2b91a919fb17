/// A text as ids, each with the vocabulary's own spelling of it.
public struct TokenList: Equatable, Sendable {
  public let ids: [Int]
  /// One spelling per id, as the vocabulary has it: `▁red` for T5, `red</w>` for CLIP.
  public let pieces: [String]
  /// How many of the ids, at the end, are padding.
  public let padding: Int
  /// How many tokens of the text did not fit.
  public let cut: Int

  /// The number of ids in front of the padding, start and end tokens included.
  public var used: Int { ids.count - padding }

  package init(ids: [Int], pieces: [String], padding: Int = 0, cut: Int = 0) {
    precondition(ids.count == pieces.count, "every id has its piece")
    self.ids = ids
    self.pieces = pieces
    self.padding = padding
    self.cut = cut
  }
}
