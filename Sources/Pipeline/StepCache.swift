import Conditioning
import Denoising
import Models
import Tensors

/// Evaluations of the transformer that are not made in full: where its first block says nearly what it said when all blocks were last
/// computed, the others are taken to add what they added then. Each pass and each picture has a memory of its own.
public struct StepCache: Codable, Sendable, Equatable {
  /// How far the first block's contribution may have moved, in shares of itself; 0 spares nothing.
  public var threshold: Float
  /// The shares of the steps after which blocks may be spared, and up to which.
  public var start: Double, stop: Double

  /// Reference: diffusers `FirstBlockCacheConfig`.
  public static let usualThreshold: Float = 0.05

  public init(threshold: Float = usualThreshold, start: Double = 0, stop: Double = 1) {
    (self.threshold, self.start, self.stop) = (threshold, start, stop)
  }

  /// Whether blocks may be spared at a step.
  func isInForce(at step: Step) -> Bool { step.isWithin(start, stop) }
}

/// One pass of an evaluation: the prompt's, or the negative's.
struct Pass {
  let name: String
  let cache: StepCache?
  let isOpen: Bool

  init(_ name: String, _ cache: StepCache?, at step: Step) { (self.name, self.cache, isOpen) = (name, cache, cache?.isInForce(at: step) ?? false) }

  /// What is remembered for the n-th picture.
  func opened(_ n: Int, _ memory: EvaluationMemory) -> FirstBlockCache? {
    cache.map { FirstBlockCache(threshold: $0.threshold, isOpen: isOpen, first: memory.tensors["\(name).\(n).first"], rest: memory.tensors["\(name).\(n).rest"]) }
  }

  func close(_ made: FirstBlockCache?, _ n: Int, _ memory: inout EvaluationMemory) {
    guard let made else { return }
    (memory.tensors["\(name).\(n).first"], memory.tensors["\(name).\(n).rest"]) = (made.first, made.rest)
    (memory.blocks, memory.spared) = (memory.blocks + made.asked, memory.spared + made.spared)
  }
}

extension FluxPipeline {
  /// Says that nobody can know beforehand what a step cache will spare.
  package func noticeUncountedCache() { noticeOnce("what 'cache' spares depends on the pictures; every evaluation is counted in full") }

  /// Says how much a step cache spared.
  package func report(_ memory: EvaluationMemory, of request: Request) {
    guard request.cache != nil, memory.blocks > 0 else { return }
    observer?(.spared(memory.spared, of: memory.blocks))
  }
}
