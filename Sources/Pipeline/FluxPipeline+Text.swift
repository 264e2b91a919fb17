import Checkpoints
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

  /// What a text means to the model; each is encoded once, as long as the cache keeps it.
  ///
  /// A word of weight w moves T5's states from those of the empty prompt by w times as much as it would; CLIP's pooled state takes
  /// the words as they are. Reference: ComfyUI `ClipTokenWeightEncoder`.
  /// - Parameter adapters: what they change of the text encoders counts
  public func encode(_ prompt: PromptText, adapters: [Adaptation] = []) throws -> Conditioning {
    let made = try encoded(prompt, adapters.compactMap(\.textShare))
    return Conditioning(sequence: made.sequence, pooled: made.pooled, prompt: prompt)
  }

  private func encoded(_ prompt: PromptText, _ adapters: [Adaptation.Share]) throws -> EmbeddingCache.Entry {
    let length = prompt.length ?? promptLength
    guard 1...Self.longestPrompt ~= length else { throw PipelineError.option("max_length", "must be from 1 to \(Self.longestPrompt), got \(length)") }
    let t5 = prompt.t5 ?? prompt.text, clip = prompt.clip ?? prompt.text
    guard prompt.isWeighted else {
      noticeUnreadWeights(t5)
      return try encode(files.t5Tokenizer.padded(t5, to: length), clip, adapters)
    }
    let weighted = WeightedPrompt(t5), (tokens, weights) = files.t5Tokenizer.padded(weighted, to: length)
    let plain = try encode(tokens, WeightedPrompt(clip).text, adapters)
    guard weighted.isWeighted else { return plain }
    let empty = try encode(files.t5Tokenizer.padded("", to: length), "", adapters).sequence
    let weight = Tensor([length, 1], weights)
    return (empty + weight * (plain.sequence - empty), plain.pooled)
  }

  private func encode(_ long: TokenList, _ clip: String, _ adapters: [Adaptation.Share]) throws -> EmbeddingCache.Entry {
    let short = files.clipTokenizer.padded(clip, to: nil)
    if long.cut > 0 { noticeOnce("the prompt is \(long.cut) T5 tokens too long for max_length \(long.ids.count); its end was cut off") }
    if short.cut > 0, configuration.pooledWidth > 0 { noticeOnce("CLIP reads \(short.ids.count) tokens, \(short.cut) fewer than the prompt has; T5 reads on") }
    return try embeddings.entry(embeddingKey(long.ids, short.ids, adapters)) {
      observer?(.encoding)
      return try engine.encode(t5: long.ids, clip: short.ids, adapters: adapters)
    }
  }

  /// Everything that an embedding depends on, in 64 figures.
  private func embeddingKey(_ t5: [Int], _ clip: [Int], _ adapters: [Adaptation.Share]) -> String {
    let adapters = adapters.map { " \($0.lora.sha256)*\($0.scale)" }.joined()
    return Digest.sha256(Array("\(encoderHash) \(precision.rawValue) \(InstructionSet.full) \(Version.oneDNN) \(OneDNNVersion.instructionSet) \(t5) \(clip)\(adapters)".utf8))
  }

  /// People write weights by habit; where they are read as text, the prompt is not what was meant.
  private func noticeUnreadWeights(_ text: String) {
    guard let mark = text.firstMatch(of: /\([^()]+:\s*\d+(\.\d+)?\)/)?.output.0 else { return }
    noticeOnce("'\(mark)' is read as it is written; { prompt = …, weights = true } makes it a weight")
  }

  /// Both token lists of a text, as the encoders get them, without padding.
  public func tokens(_ text: String) -> (clip: TokenList, t5: TokenList) {
    (files.clipTokenizer.tokens(text), files.t5Tokenizer.tokens(text))
  }
}
