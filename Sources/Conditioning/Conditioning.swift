import Tensors

/// What the transformer knows of a prompt: the T5 sequence and the pooled CLIP embedding.
///
/// ```swift
/// let dusk = try Conditioning.lerp(day, night, 0.5)
/// ```
public struct Conditioning: Sendable {
  /// [text tokens, T5 width]
  public let sequence: Tensor
  /// [CLIP width]
  public let pooled: Tensor
  /// The text that it was made from, where it was made from one.
  public let text: String?
  /// All that made it, where encoding that again gives it again.
  public let prompt: PromptText?

  public init(sequence: Tensor, pooled: Tensor, text: String? = nil) {
    (self.sequence, self.pooled, self.text, prompt) = (sequence, pooled, text, nil)
  }

  public init(sequence: Tensor, pooled: Tensor, prompt: PromptText) {
    (self.sequence, self.pooled, text, self.prompt) = (sequence, pooled, prompt.text, prompt)
  }

  /// The number of text tokens.
  public var tokens: Int { sequence.shape[0] }

  /// Whether arithmetic between the two makes sense: equal lengths and widths.
  public func matches(_ other: Conditioning) -> Bool {
    sequence.shape == other.sequence.shape && pooled.shape == other.pooled.shape
  }

  /// `f` of both parts.
  public func mapped(_ f: (Tensor) throws -> Tensor) rethrows -> Conditioning {
    Conditioning(sequence: try f(sequence), pooled: try f(pooled))
  }

  /// `f` of both parts of two conditionings that match.
  public func combined(with other: Conditioning, _ f: (Tensor, Tensor) throws -> Tensor) rethrows -> Conditioning {
    Conditioning(sequence: try f(sequence, other.sequence), pooled: try f(pooled, other.pooled))
  }

  /// (1 − t)·a + t·b.
  public static func lerp(_ a: Conditioning, _ b: Conditioning, _ t: Float) -> Conditioning {
    a.combined(with: b) { Tensor.lerp($0, $1, t) }
  }
}
