import Conditioning
import Tensors

/// Prompts.
extension FluxPipeline {
  /// The most T5 tokens that a prompt may be padded to: what FLUX.1 was trained with. Reference: diffusers `FluxPipeline.check_inputs`.
  public static let longestPrompt = 512

  /// The T5 length that the model was trained with: its tokenizer's, but 256 for schnell.
  public var promptLength: Int {
    min(files.t5Tokenizer.maximumLength ?? Self.longestPrompt, configuration.hasGuidance ? Self.longestPrompt : 256)
  }

  /// What a text means to the model.
  /// - Parameters:
  ///   - text: what both encoders read, unless they get their own
  ///   - length: tokens that T5's text is padded or cut to
  public func encode(_ text: String, clip: String? = nil, t5: String? = nil, length: Int? = nil) throws -> Conditioning {
    let length = length ?? promptLength
    guard 1...Self.longestPrompt ~= length else { throw PipelineError.option("max_length", "must be from 1 to \(Self.longestPrompt), got \(length)") }
    observer?(.encoding)
    let long = files.t5Tokenizer.padded(t5 ?? text, to: length), short = files.clipTokenizer.padded(clip ?? text, to: nil)
    if long.cut > 0 { noticeOnce("the prompt is \(long.cut) T5 tokens too long for max_length \(length); its end was cut off") }
    let (sequence, pooled) = try engine.encode(t5: long.ids, clip: short.ids)
    return Conditioning(sequence: sequence, pooled: pooled, text: text)
  }

  /// Both token lists of a text, as the encoders get them, without padding.
  public func tokens(_ text: String) -> (clip: TokenList, t5: TokenList) {
    (files.clipTokenizer.tokens(text), files.t5Tokenizer.tokens(text))
  }
}
