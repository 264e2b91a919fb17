import Conditioning
import Tensors

/// The loop: latents on their way along a schedule, one step at a time. Everything that samples holds one of these.
///
/// ```swift
/// var trajectory = try pipeline.trajectory(request)
/// while let step = try trajectory.next() { print(step.index, step.sigma) }
/// let latents = trajectory.latents
/// ```
public struct Trajectory {
  /// The velocity of the latents at a noise level, with what the step says of guidance and conditioning.
  public typealias Evaluation = (_ x: Tensor, _ sigma: Float, _ step: Step) throws -> Tensor
  /// The same, by an evaluation that remembers something of the ones before.
  public typealias RememberingEvaluation = (_ x: Tensor, _ sigma: Float, _ step: Step, _ memory: inout EvaluationMemory) throws -> Tensor

  public let schedule: Schedule
  /// How many steps are made.
  public private(set) var index = 0
  /// The noise level of the latents.
  public private(set) var sigma: Float
  /// [n, 16, height/8, width/8]; may be changed between steps.
  public var latents: Tensor

  public let seeds: [Int64]
  public let conditioning: [Conditioning]
  public private(set) var sampler: any Sampler
  private let guidance: PerStep<Float>?, cfg: PerStep<Float>?
  private let scales: [PerStep<Float>], controls: [PerStep<Float>]
  /// Fixed tensors that the evaluation uses besides the latents, by name: what whoever saves the run must keep.
  public let company: [String: Tensor]
  private let before: ((inout Step) throws -> Void)?
  private let nearlyOne: Double
  private let evaluate: RememberingEvaluation
  /// What evaluations remember of the ones before.
  public private(set) var memory = EvaluationMemory()
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  /// What a trajectory needs besides where it starts and where it goes.
  public struct Course {
    public var sampler: any Sampler
    public var conditioning: [Conditioning]
    public var seeds: [Int64]
    public var guidance: PerStep<Float>?
    /// Two-pass guidance.
    public var cfg: PerStep<Float>?
    /// How much of each adapter.
    public var scales: [PerStep<Float>] = []
    /// How much of each control.
    public var controls: [PerStep<Float>] = []
    /// Fixed tensors that the evaluation uses besides the latents, by name.
    public var company: [String: Tensor] = [:]
    /// Sees each step before it is made and may change its latents, guidance, conditioning and next sigma.
    public var before: ((inout Step) throws -> Void)?
    /// Where samplers that step in the logarithm of signal to noise begin, instead of at 1: 0.9999 as the model shifts it, as in ComfyUI.
    public var nearlyOne = 0.9999

    public init(sampler: any Sampler, conditioning: [Conditioning], seeds: [Int64] = [], guidance: PerStep<Float>? = nil, cfg: PerStep<Float>? = nil,
                before: ((inout Step) throws -> Void)? = nil) {
      (self.sampler, self.conditioning, self.seeds) = (sampler, conditioning, seeds)
      (self.guidance, self.cfg, self.before) = (guidance, cfg, before)
    }
  }

  /// - Parameter latents: at the schedule's first sigma, [n, 16, height/8, width/8]
  public init(from latents: Tensor, along schedule: Schedule, on course: Course, evaluating evaluate: @escaping Evaluation) {
    self.init(from: latents, along: schedule, on: course) { x, sigma, step, _ in try evaluate(x, sigma, step) }
  }

  public init(from latents: Tensor, along schedule: Schedule, on course: Course, remembering evaluate: @escaping RememberingEvaluation) {
    (self.latents, self.schedule, self.evaluate) = (latents, schedule, evaluate)
    (sampler, conditioning, seeds) = (course.sampler, course.conditioning, course.seeds)
    (guidance, cfg, before) = (course.guidance, course.cfg, course.before)
    (nearlyOne, scales, controls, company) = (course.nearlyOne, course.scales, course.controls, course.company)
    sigma = schedule.sigmas[0]
    start = clock.now
  }

  /// Makes the next step and returns it, or nil when the schedule is done or a hook went to sigma 0 before its end.
  public mutating func next() throws -> Step? {
    guard index < schedule.steps, sigma > 0 else { return nil }
    var step = try prepared()
    var first: Asked?
    let (evaluate, asked) = (evaluate, step)
    var memory = memory
    let made = try sampler.advance(step.latents, over: step) { x, sigma in
      let velocity = try evaluate(x, sigma, asked, &memory)
      if first == nil { first = Asked(x, sigma, velocity) }
      return velocity
    }
    try check(made, "latents", step)
    (step.first, step.latents) = (first, made)
    (latents, sigma, index, self.memory) = (made, step.next, index + 1, memory)
    return step
  }

  /// A position that is known to be one of this trajectory.
  mutating func stand(at position: Position) {
    (index, sigma, latents, sampler.state, memory) = (position.index, position.sigma, position.latents, position.sampler, position.memory)
  }

  /// The step about to be made, as the schedule, the guidance and the hook before it want it.
  private func prepared() throws -> Step {
    var step = Step(index: index + 1, count: schedule.steps, sigma: sigma, next: schedule.sigmas[index + 1], seeds: seeds,
                    elapsed: (clock.now - start) / .seconds(1), conditioning: conditioning, latents: latents, nearlyOne: nearlyOne)
    step.guidance = try guidance?(step)
    step.cfg = try cfg?(step)
    step.scales = try scales.map { try $0(step) }
    step.controls = try controls.map { try $0(step) }
    try before?(&step)
    try check(step.latents, "latents", step)
    guard step.next >= 0, step.next < step.sigma else { throw DenoisingError.next(step.next, sigma: step.sigma, step: step.index) }
    return step
  }

  private func check(_ x: Tensor, _ what: String, _ step: Step) throws {
    guard x.shape == latents.shape else { throw DenoisingError.shape(what: what, expected: latents.shape, got: x.shape) }
    guard x.isFinite else { throw DenoisingError.notFinite(what: what, step: step.index, count: step.count) }
  }
}
