import Tensors

extension Trajectory {
  /// Where a trajectory stands between two steps: all that a checkpoint must keep.
  public struct Position: Sendable {
    /// How many steps are made.
    public var index: Int
    public var sigma: Float
    /// [n, 16, height/8, width/8]
    public var latents: Tensor
    public var sampler: SamplerState
    public var memory: EvaluationMemory

    public init(index: Int, sigma: Float, latents: Tensor, sampler: SamplerState, memory: EvaluationMemory = EvaluationMemory()) {
      (self.index, self.sigma, self.latents, self.sampler, self.memory) = (index, sigma, latents, sampler, memory)
    }
  }

  public var position: Position { Position(index: index, sigma: sigma, latents: latents, sampler: sampler.state, memory: memory) }

  /// Goes on from a position of a trajectory of the same course, to the same latents.
  /// - Throws: `DenoisingError` where the position cannot be one of this trajectory.
  public mutating func resume(at position: Position) throws {
    guard 0...schedule.steps ~= position.index else {
      throw DenoisingError.position("it stands after step \(position.index), but the schedule has \(schedule.steps) steps")
    }
    guard 0...1 ~= position.sigma else { throw DenoisingError.position("its sigma must be from 0 to 1, got \(position.sigma)") }
    for (name, tensor) in position.sampler.tensors where tensor.shape != latents.shape {
      throw DenoisingError.shape(what: name, expected: latents.shape, got: tensor.shape)
    }
    guard position.latents.shape == latents.shape else {
      throw DenoisingError.shape(what: "latents", expected: latents.shape, got: position.latents.shape)
    }
    stand(at: position)
  }
}
