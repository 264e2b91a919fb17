import Tensors

/// What evaluations of the model remember of the ones before them, by names that they choose: nothing, unless steps are cached.
public struct EvaluationMemory: Sendable {
  public var tensors: [String: Tensor]
  /// Blocks of the model that were asked for, and how many of them were spared.
  public var blocks: Int, spared: Int

  public init(tensors: [String: Tensor] = [:], blocks: Int = 0, spared: Int = 0) {
    (self.tensors, self.blocks, self.spared) = (tensors, blocks, spared)
  }

  /// The counts alone: the next evaluation knows of none before it.
  public var forgotten: EvaluationMemory { EvaluationMemory(blocks: blocks, spared: spared) }
}
