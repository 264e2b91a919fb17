/// What turns a prompt into the ids that a text encoder was trained on.
///
///     let t5 = try T5Tokenizer(tokenizerJSON: bytes, configuration: nil, name: "flux/tokenizer_2")
///     t5.tokens("a red fox").pieces        // ["▁", "a", "▁red", "▁", "fox", "</s>"]
///     t5.padded("a red fox", to: 512).ids  // 512 ids: the text, its end token, padding
public protocol Tokenizer: Sendable {
  /// The length that `padded(_:to:)` takes where none is given; nil where the model's files set none.
  var maximumLength: Int? { get }

  /// The whole text with its start and end tokens: nothing cut, nothing padded.
  func tokens(_ text: String) -> TokenList

  /// Exactly `length` ids: a longer text is cut in front of its end token, a shorter one filled with the pad token.
  ///
  /// Without a length, `maximumLength` holds; without that too, the text is neither cut nor padded.
  func padded(_ text: String, to length: Int?) -> TokenList
}

extension Tokenizer {
  public func padded(_ text: String) -> TokenList { padded(text, to: nil) }
}
