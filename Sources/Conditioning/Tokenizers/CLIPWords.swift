/// CLIP's pattern: cuts a normalised text into contractions, runs of letters, single digits, and runs of anything else.
///
///     <\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
enum CLIPWords {
  /// The two tokens spelled out, in the pieces that the byte-level pattern then makes of them.
  private static let tokens = ["startoftext", "endoftext"].map { ["<|", $0, "|>"].map { Array($0.unicodeScalars) } }
  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

  static func words(of text: String) -> [[UInt8]] {
    let scalars = Array(text.unicodeScalars)
    var words: [[UInt8]] = []
    var start = 0
    while start < scalars.count {
      let rest = scalars[start...]
      let first = scalars[start]
      if first == "<", let token = tokens.first(where: { rest.starts(with: $0.joined()) }) {
        words += token.map { utf8($0[...]) }
        start += token.joined().count
        continue
      }
      var word: ArraySlice<Unicode.Scalar>
      if first == "'", let contraction = contractions.first(where: { rest.starts(with: $0) }) {
        word = rest.prefix(contraction.count)
      } else if first.isLetter {
        word = rest.prefix { $0.isLetter }
      } else if first.isNumber {
        word = rest.prefix(1)
      } else {
        word = rest.prefix { !$0.isSpace && !$0.isLetter && !$0.isNumber }
      }
      if word.isEmpty { start += 1 } else { words.append(utf8(word)) }
      start += word.count
    }
    return words
  }

  private static func utf8(_ scalars: ArraySlice<Unicode.Scalar>) -> [UInt8] {
    Array(String(String.UnicodeScalarView(scalars)).utf8)
  }
}
