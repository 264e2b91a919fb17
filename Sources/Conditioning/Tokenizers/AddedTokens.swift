/// The added tokens of a tokenizer: finds them in a text, longest first, and leaves the rest for the model.
struct AddedTokens: Sendable {
  /// A stretch of a text: a token found in it, or what lies between two of them.
  enum Segment: Equatable {
    case token(Int)
    case text(Range<Int>)
  }

  private let tokens: [AddedToken]
  private let written: ByteTrie
  private let normalized: ByteTrie

  init(_ tokens: [AddedToken], normalizer: TextNormalizer?) {
    self.tokens = tokens
    let indexed = Array(tokens.enumerated())
    written = ByteTrie(indexed.filter { !$1.isNormalized }.map { (key: $1.content, value: $0) })
    normalized = ByteTrie(
      indexed.filter { $1.isNormalized }.map { index, token in
        let content = String(decoding: token.content, as: UTF8.self)
        return (key: Array((normalizer?.normalized(content).text ?? content).utf8), value: index)
      })
  }

  /// The segments of a text as it was written.
  func segments(ofWritten text: [UInt8]) -> [Segment] { segments(of: text, by: written) }

  /// The segments of a normalised text.
  func segments(ofNormalized text: [UInt8]) -> [Segment] { segments(of: text, by: normalized) }

  private func segments(of text: [UInt8], by trie: ByteTrie) -> [Segment] {
    var segments: [Segment] = []
    var start = 0   // of the stretch that no token has taken yet
    var offset = 0
    while offset < text.count {
      guard let match = trie.longestMatch(in: text, at: offset) else {
        offset += 1
        continue
      }
      let token = tokens[match.value]
      var range = offset..<match.end
      offset = match.end
      if token.singleWord, isWord(before: range.lowerBound, in: text) || isWord(after: range.upperBound, in: text) { continue }
      // A token on the left that strips may have taken this one's bytes already; it does not give them back.
      if token.stripsLeft { range = max(start, spaceStart(before: range.lowerBound, in: text))..<range.upperBound }
      if token.stripsRight { range = range.lowerBound..<spaceEnd(after: range.upperBound, in: text) }
      if start < range.lowerBound { segments.append(.text(start..<range.lowerBound)) }
      segments.append(.token(token.id))
      start = range.upperBound
    }
    if start < text.count { segments.append(.text(start..<text.count)) }
    return segments
  }

  private func isWord(before end: Int, in text: [UInt8]) -> Bool {
    String(decoding: text[..<end].suffix(4), as: UTF8.self).unicodeScalars.last?.isWord ?? false
  }

  private func isWord(after start: Int, in text: [UInt8]) -> Bool {
    String(decoding: text[start...].prefix(4), as: UTF8.self).unicodeScalars.first?.isWord ?? false
  }

  private func spaceStart(before end: Int, in text: [UInt8]) -> Int {
    let spaces = String(decoding: text[..<end], as: UTF8.self).unicodeScalars.reversed().prefix { $0.isSpace }
    return end - spaces.reduce(0) { $0 + UTF8.width($1) }
  }

  private func spaceEnd(after start: Int, in text: [UInt8]) -> Int {
    let spaces = String(decoding: text[start...], as: UTF8.self).unicodeScalars.prefix { $0.isSpace }
    return start + spaces.reduce(0) { $0 + UTF8.width($1) }
  }
}
