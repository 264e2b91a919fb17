/// sentencepiece's own normaliser (normalizer.cc): the longest rule at every byte, white space collapsed and escaped.
struct SentencePieceNormalizer: Sendable {
  private let charsmap: Charsmap?
  private let userDefined: ByteTrie
  private let addsDummyPrefix: Bool
  private let removesExtraSpaces: Bool
  private let space: [UInt8]

  private static let blank = UInt8(ascii: " ")

  init(_ model: SentencePieceFile) throws {
    charsmap = model.charsmap.isEmpty
      ? nil : try Charsmap(model.charsmap, file: model.file, field: "normalizer_spec.precompiled_charsmap")
    userDefined = ByteTrie(model.pieces.filter { $0.kind == .userDefined }.map { (key: $0.text, value: 0) })
    addsDummyPrefix = model.addsDummyPrefix
    removesExtraSpaces = model.removesExtraSpaces
    space = model.escapesSpaces ? Array("▁".utf8) : [Self.blank]
  }

  func normalized(_ text: [UInt8]) -> [UInt8] {
    var offset = 0
    if removesExtraSpaces {
      while offset < text.count {
        let (length, replacement) = rule(text, at: offset)
        guard replacement.elementsEqual([Self.blank]) else { break }
        offset += length
      }
    }
    guard offset < text.count else { return [] }

    var normalized = addsDummyPrefix ? space : []
    var followsSpace = removesExtraSpaces
    while offset < text.count {
      var (length, replacement) = rule(text, at: offset)
      if followsSpace { replacement = replacement.drop { $0 == Self.blank } }
      for byte in replacement {
        if byte == Self.blank { normalized += space } else { normalized.append(byte) }
      }
      if !replacement.isEmpty { followsSpace = replacement.last == Self.blank }
      if !removesExtraSpaces { followsSpace = false }
      offset += length
    }
    if removesExtraSpaces {
      while normalized.suffix(space.count).elementsEqual(space) { normalized.removeLast(space.count) }
    }
    return normalized
  }

  /// How many bytes the rule at `offset` takes and what it puts there; without a rule, one character as it is.
  private func rule(_ text: [UInt8], at offset: Int) -> (length: Int, text: ArraySlice<UInt8>) {
    if let symbol = userDefined.longestMatch(in: text, at: offset) { return (symbol.end - offset, text[offset..<symbol.end]) }
    if let rule = charsmap?.longestRule(text[offset...]) { return rule }
    var end = offset + 1
    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
    return (end - offset, text[offset..<end])
  }
}
