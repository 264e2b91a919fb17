import Conditioning
import Denoising
import Foundation
import Tensors
import TestSupport
import Testing

struct TrajectoryTests {
  let shape = [1, 16, 2, 2]

  func trajectory(_ schedule: Schedule, _ sampler: any Sampler, from x: Tensor, guidance: PerStep<Float>? = nil,
                  before: ((inout Step) throws -> Void)? = nil, _ velocity: @escaping (Tensor, Float) throws -> Tensor) -> Trajectory {
    Trajectory(from: x, along: schedule, on: .init(sampler: sampler, conditioning: [], guidance: guidance, before: before)) { x, sigma, _ in try velocity(x, sigma) }
  }

  func end(_ trajectory: Trajectory) throws -> Tensor {
    var trajectory = trajectory
    while try trajectory.next() != nil {}
    return trajectory.latents
  }

  /// Those that begin at 0.9999 instead of 1, or end at 0.001 instead of 0, miss the picture by as much of the velocity.
  @Test(arguments: NamedSampler.allCases.filter { $0 != .lcm }) func samplersAreExactOnAStraightFlow(_ sampler: NamedSampler) throws {
    let tolerance: Float = sampler == .uniPC ? 2.1e-3 : [.dpmpp2MSDE, .dpmppSDE, .erSDE].contains(sampler) ? 2.1e-4 : 1e-5
    var random = Random(seed: 1)
    let noise = random.tensor(shape), picture = random.tensor(shape)
    for steps in [1, 3, 8] {
      let made = try end(trajectory(.even(steps: steps).shifted(by: 2), sampler.sampler(eta: 0), from: noise) { _, _ in noise - picture })
      #expect(made.largestDifference(from: picture) < tolerance)
    }
  }

  /// x′ = −x from σ 1 to 0 multiplies by e.
  func error(_ sampler: NamedSampler, steps: Int) throws -> Double {
    let made = try end(trajectory(.even(steps: steps), sampler.sampler, from: Tensor(repeating: 1, shape)) { x, _ in -x })
    return abs(Double(made.values[0]) - M_E)
  }

  @Test func eulersErrorHalvesWhenStepsDouble() throws {
    let ratio = try error(.euler, steps: 50) / error(.euler, steps: 100)
    #expect((1.9...2.1).contains(ratio))
  }

  @Test func heunsErrorFallsFourfoldWhenStepsDouble() throws {
    // The last step of Heun is Euler's, for nothing is left to look at; so the law is measured on the flow up to there.
    func error(_ steps: Int) throws -> Double {
      var run = trajectory(try Schedule((0...steps).map { 1 - 0.5 * Float($0) / Float(steps) } + [0]), Heun(), from: Tensor(repeating: 1, shape)) { x, _ in -x }
      for _ in 0..<steps { _ = try run.next() }
      return abs(Double(run.latents.values[0]) - exp(0.5))
    }
    let ratio = try error(8) / error(16)
    #expect((3.5...4.5).contains(ratio))
  }

  @Test func schedulerStepsAreThoseOfDiffusers() throws {
    let c = try Fixtures.named("scheduler.step")
    let schedule = try Schedule.even(steps: 5).shifted(mu: 0.8)
    var run = trajectory(schedule, Euler(), from: try c.tensor("in.x").reshaped([1, 1, 6, 64])) { _, sigma in
      try c.tensor("in.v.\(schedule.sigmas.firstIndex(of: sigma) ?? 0)").reshaped([1, 1, 6, 64])
    }
    while let step = try run.next() { try c.check("x.\(step.index - 1)", step.latents) }
  }

  @Test func aStepTellsWhereItIsAndWhatItSaw() throws {
    var random = Random(seed: 2)
    let x = random.tensor(shape), v = random.tensor(shape)
    var run = trajectory(try .even(steps: 4), Heun(), from: x) { _, sigma in sigma == 1 ? v : 2 * v }
    let step = try #require(try run.next())
    #expect(step.index == 1 && step.count == 4 && step.sigma == 1 && step.next == 0.75 && step.width == -0.25)
    #expect(step.velocity?.values == v.values)
    #expect(step.denoised?.largestDifference(from: x - v) == 0)
    #expect(step.latents.values == run.latents.values && run.sigma == 0.75)
  }

  @Test func guidanceMayBeANumberAListOrAFunction() throws {
    func seen(_ guidance: PerStep<Float>) throws -> [Float?] {
      var seen: [Float?] = []
      var run = trajectory(try .even(steps: 4), Euler(), from: .zeros(shape), guidance: guidance, before: { seen.append($0.guidance) }) { x, _ in x }
      while try run.next() != nil {}
      return seen
    }
    #expect(try seen(.constant(3)) == [3, 3, 3, 3])
    #expect(try seen(.list([4, 2])) == [4, 2, 2, 2])
    #expect(try seen(.function { $0.sigma }) == [1, 0.75, 0.5, 0.25])
  }

  @Test func aHookMayMoveWhereAStepGoes() throws {
    var run = trajectory(try .even(steps: 2), Euler(), from: .zeros(shape), before: { if $0.index == 1 { $0.next = 0.25 } }) { x, _ in x + 1 }
    #expect(try run.next()?.next == 0.25)
    #expect(try run.next()?.sigma == 0.25)
    #expect(abs(run.latents.values[0] - (-0.75 + 0.25 * -0.25)) < 1e-6)
  }

  @Test func impossibleStepsAreRefused() throws {
    var up = trajectory(try .even(steps: 2), Euler(), from: .zeros(shape), before: { $0.next = 1 }) { x, _ in x }
    #expect(throws: DenoisingError.self) { try up.next() }
    var broken = trajectory(try .even(steps: 2), Euler(), from: .zeros(shape), before: { $0.latents = Tensor(repeating: .nan, [1, 16, 2, 2]) }) { x, _ in x }
    #expect(throws: DenoisingError.self) { try broken.next() }
    var small = trajectory(try .even(steps: 2), Euler(), from: .zeros(shape), before: { $0.latents = .zeros([1, 16, 2, 4]) }) { x, _ in x }
    #expect(throws: DenoisingError.self) { try small.next() }
  }
}
