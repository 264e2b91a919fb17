import Checkpoints
import Denoising
import Foundation
import Models

/// An adapter's file.
public typealias LoRAFile = LoRA

/// An adapter at work: which, and how much of it at each step.
///
/// ```swift
/// var request = Request("a red fox")
/// request.adapters = [try Adaptation(pipeline.adapter("ink.safetensors"), scale: .constant(0.8))]
/// ```
public struct Adaptation {
  public let lora: LoRA
  /// How much of it, step by step.
  public var scale: PerStep<Float>
  /// How much of what it says of the text encoders; a prompt is read once, so this cannot differ from step to step.
  public var text: Float
  /// Whether parts of it that the model has no place for may be left out.
  public let isPartial: Bool
  /// Whether it becomes part of the transformer's weights, and not a product beside them; where nil, the faster of the two.
  public private(set) var merge: Bool?
  /// Whether it is part of the weights, once that is decided.
  public var isMerged: Bool { merge ?? false }

  /// - Parameter text: as much as `scale` where nil
  /// - Throws: `PipelineError` where the text encoders, or weights that it is merged with, would need a scale that changes
  public init(_ lora: LoRA, scale: PerStep<Float> = .constant(1), text: Float? = nil, isPartial: Bool = false, merge: Bool? = nil) throws {
    (self.lora, self.scale, self.isPartial, self.merge) = (lora, scale, isPartial, merge)
    if merge == true {
      guard case .constant = scale else {
        throw PipelineError.option("lora", "has a scale that changes from step to step, and weights that are merged cannot: leave out 'merge' of '\(lora.name)', or give one number")
      }
    }
    if case .constant(let same) = scale { self.text = text ?? same } else { self.text = text ?? 0 }
    guard text == nil, lora.changesText, !isConstant else { return }
    throw PipelineError.option("lora", "has a scale that changes from step to step, but '\(lora.name)' changes the text encoders too, which read the prompt once: say how much with text = a number")
  }

  /// Whether its scale is one number.
  public var isConstant: Bool { if case .constant = scale { true } else { false } }

  /// The same, merged or not as in the run that it goes on from; what its owner asked for stays.
  public func merged(_ wasMerged: Bool) -> Self {
    var settled = self
    settled.merge = merge ?? wasMerged
    return settled
  }

  /// How much of it, and of which part.
  typealias Share = (lora: LoRA, scale: Float, isMerged: Bool)

  /// What a prompt's embedding depends on.
  var textShare: Share? { lora.changesText && text != 0 ? (lora, text, false) : nil }
}

extension FluxPipeline {
  /// Products beside the weights of more than this share of what the layers themselves multiply are slower than merging, which takes a
  /// second for some hundred million weights, once: a whole difference (LoHa, LoKr, `.diff`) doubles the product at every step, a LoRA of
  /// rank 16 adds a hundredth.
  private static let dearShare = 0.25

  /// Adapters of which it is known whether they are merged. What decides is the file, the model and the memory that there may be, not how
  /// long a run is: a picture is the same bytes wherever it is made.
  /// - Parameter size: of the picture; a second transformer must fit beside it
  func placed(_ adapters: [Adaptation], size: Size) -> [Adaptation] {
    let isPlain = precision == .f32 || precision == .bf16
    func isDear(_ one: Adaptation) -> Bool {
      isPlain && one.isConstant && !reads(one.lora) && (one.lora.shareBeside(files.transformer).map { $0 > Self.dearShare } ?? false)
    }
    return adapters.map { one in
      guard one.merge == nil else { return one }
      return one.merged(isDear(one) && residency.footprint.least(.velocity(text: 512, size: size)) + residency.footprint.copy <= residency.limit)
    }
  }

  /// An adapter from a safetensors file, checked against this model; read once, as long as the file stays as it is.
  /// - Parameters:
  ///   - name: what messages and records call it; the file's own name where nil
  ///   - isPartial: whether parts of it that this model has no place for may be left out
  /// - Throws: `CheckpointError` for a file that is no adapter of this model
  public func adapter(_ path: String, named name: String? = nil, isPartial: Bool = false) throws -> LoRA {
    let stamp = "\(FileStamp.of(path)) \(name ?? "")"
    let lora = try opened[stamp] ?? LoRA(FileBytes(mapping: path), name: name ?? path)
    try check(lora, isPartial: isPartial)
    opened[stamp] = lora
    return lora
  }

  /// Whether an adapter fits this model: it may have been opened for another.
  func check(_ lora: LoRA, isPartial: Bool) throws {
    if reads(lora) {
      guard configuration.hasGuidance, configuration.kind == "dev" else {
        throw PipelineError.option("lora", "names '\(lora.name)', a control LoRA (Canny or Depth) for FLUX.1-dev, but this is a \(kind) model")
      }
    }
    try lora.check(on: [.transformer: files.transformer, .clip: files.clip, .t5: files.t5], isPartial: isPartial)
  }

  /// Whether an adapter makes the model look at a control picture beside the latents.
  func reads(_ lora: LoRA) -> Bool { lora.pictureInputs.map { $0 == 2 * configuration.outputs } ?? false && configuration.inputs == configuration.outputs
  }
}
