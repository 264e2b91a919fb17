/// Text for a model, for both encoders or for each its own.
public struct PromptText: Sendable, Codable, Equatable, ExpressibleByStringLiteral {
  /// What both encoders read, unless they get their own.
  public var text: String
  public var clip: String?, t5: String?
  /// Tokens that T5's text is padded or cut to; the model's own where nil.
  public var length: Int?
  /// Whether `(word:1.2)` makes a word weigh more, instead of being text.
  public var isWeighted = false

  public init(_ text: String, clip: String? = nil, t5: String? = nil, length: Int? = nil, isWeighted: Bool = false) {
    (self.text, self.clip, self.t5, self.length, self.isWeighted) = (text, clip, t5, length, isWeighted)
  }

  public init(stringLiteral text: String) { self.init(text) }
}

extension PromptText {
  /// Whether there is nothing to say of it but its text.
  public var isPlain: Bool { self == PromptText(text) }
}
