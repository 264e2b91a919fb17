import Denoising
import Tensors
import TestSupport
import Testing

struct SamplerTests {
  static let runs = SamplerReference.shared?.runs ?? []

  /// f32 states of size 2 over up to eight steps, against double; the worst is half of it.
  static let tolerance: Float = 2e-6

  @Test func theReferenceHasFourSchedulesOfEverySampler() {
    for sampler in NamedSampler.allCases {
      let schedules = Set(Self.runs.filter { $0.sampler == sampler.rawValue && $0.finite }.map(\.schedule))
      #expect(schedules == ["schnell4", "dev8", "karras6", "interior6"], "\(sampler.rawValue)")
    }
  }

  @Test func theTestFlowIsThatOfTheReference() throws {
    let flow = try #require(SamplerReference.shared).flow
    for point in flow.vTable { #expect(abs(flow.velocity(point.x, point.sigma) - point.v) < 1e-11) }
  }

  @Test(arguments: runs.filter(\.finite)) func statesAreThoseOfComfyUI(_ run: SamplerReference.Run) throws {
    let reference = try #require(SamplerReference.shared), course = try #require(reference.runSchedules[run.schedule])
    let sampler = try #require(run.sampler(noise: reference.noiseSource), "no such variant: \(run.id)")
    let schedule = try Schedule(part: course.sigmas.map { Float($0) })
    var asked: [Float] = []
    var trajectory = reference.trajectory(sampler, along: schedule, nearlyOne: course.offset) { asked.append($0) }
    var worst: Float = 0
    while let step = try trajectory.next() {
      let expected = try run.stepsX[step.index - 1].map { try #require($0) }
      worst = max(worst, step.latents.largestDifference(from: SamplerReference.tensor(expected)))
    }
    #expect(worst <= Self.tolerance, "off by \(worst)")
    #expect(asked.count == run.nfe)
    #expect(zip(asked, run.evalSigma).allSatisfy { abs(Double($0) - $1) < 1e-7 })
  }

  @Test(arguments: NamedSampler.allCases) func everyStepSeesTheVelocityWhereItStarts(_ sampler: NamedSampler) throws {
    let reference = try #require(SamplerReference.shared)
    var trajectory = reference.trajectory(sampler.sampler, along: try .even(steps: 5))
    while let step = try trajectory.next() {
      let velocity = try #require(step.velocity)
      #expect(velocity.shape == step.latents.shape && step.denoised != nil, "step \(step.index)")
    }
  }

  @Test(arguments: NamedSampler.allCases) func oneStepGivesTheDenoisedPicture(_ sampler: NamedSampler) throws {
    let reference = try #require(SamplerReference.shared), x = SamplerReference.tensor(reference.xInit)
    let made = try reference.trajectory(sampler.sampler, along: .even(steps: 1)).end()
    // Those that begin at 0.9999 or end at 0.001 are off by as much.
    #expect(made.largestDifference(from: x - reference.flow.velocity(x, 1)) < 3e-3)
  }

  @Test func nearlyOneIsWhereStochasticSamplersBegin() throws {
    let reference = try #require(SamplerReference.shared)
    for sampler in NamedSampler.allCases {
      var first: Float?
      _ = try reference.trajectory(sampler.sampler, along: .even(steps: 2), nearlyOne: 0.99, seen: { first = first ?? $0 }).end()
      #expect(first == ([.dpmpp2MSDE, .dpmppSDE, .erSDE].contains(sampler) ? 0.99 : 1), "\(sampler.rawValue)")
    }
  }

  @Test(arguments: [NamedSampler.dpmpp2MSDE, .dpmppSDE, .erSDE]) func aScheduleMayFallBetweenOneAndNearlyOne(_ sampler: NamedSampler) throws {
    let reference = try #require(SamplerReference.shared)
    let made = try reference.trajectory(sampler.sampler, along: Schedule([1, 0.99999, 0.99995, 0.5, 0])).end()
    #expect(made.isFinite && made.values.allSatisfy { abs($0) < 10 })
  }
}
