import Denoising
import Foundation
import Tensors
import TestSupport
import Testing

/// A sampler without noise, as the table of orders names it.
struct OrderCase: Sendable, CustomTestStringConvertible {
  let key: String, sampler: NamedSampler, eta: Double?, course: String
  var testDescription: String { "\(key), \(course)" }

  static let all: [OrderCase] = ["linear", "interior"].flatMap { course in
    (SamplerReference.shared?.orders[course]?.table.keys.sorted() ?? []).compactMap { key in
      let parts = key.split(separator: ".")
      return NamedSampler(rawValue: String(parts[0])).map { OrderCase(key: key, sampler: $0, eta: parts.count > 1 ? 0 : nil, course: course) }
    }
  }
}

struct SamplerLawTests {
  @Test func everySamplerWithoutNoiseHasAnOrder() {
    #expect(Set(OrderCase.all.map(\.sampler)) == Set(NamedSampler.allCases).subtracting([.lcm]))
    #expect(OrderCase.all.count == 28)
  }

  /// Root of the mean square of what is off after n even steps.
  func error(_ c: OrderCase, steps n: Int) throws -> Double {
    let reference = try #require(SamplerReference.shared), orders = try #require(reference.orders[c.course])
    let sigmas = (0...n).map { Float(orders.sigmaFrom + (orders.sigmaTo - orders.sigmaFrom) * Double($0) / Double(n)) }
    let made = try reference.trajectory(c.sampler.sampler(eta: c.eta.map { .constant($0) }), along: Schedule(part: sigmas)).end()
    let squares = zip(made.values, orders.reference).map { (Double($0) - $1) * (Double($0) - $1) }
    return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
  }

  @Test(arguments: OrderCase.all) func errorsFallAsMeasuredWhenStepsDouble(_ c: OrderCase) throws {
    let row = try #require(SamplerReference.shared?.orders[c.course]?.table[c.key])
    let errors = try row.n.map { try error(c, steps: $0) }
    for (made, expected) in zip(errors, row.rmsError) {
      #expect(abs(made - expected) < 2e-6 + 0.01 * expected, "\(errors), expected \(row.rmsError)")
    }
    for (index, expected) in row.order.enumerated() {
      let order = log2(errors[index] / errors[index + 1])
      #expect(abs(order - expected) < 0.25, "\(order), expected \(expected)")
    }
  }

  /// The last doubling away from both ends, where nothing but the method counts. UniPC's last steps are of first order by design.
  @Test(arguments: OrderCase.all.filter { $0.course == "interior" }) func theOrderIsThatOfTheMethod(_ c: OrderCase) throws {
    let order = log2(try error(c, steps: 32) / error(c, steps: 64))
    #expect(abs(order - ([.euler, .eulerAncestral, .gradientEstimation].contains(c.sampler) ? 1 : 2)) < 0.25, "\(order)")
  }

  @Test func withoutNoiseEulerAncestralIsEuler() throws {
    let reference = try #require(SamplerReference.shared), schedule = try Schedule.even(steps: 6).shifted(mu: 1.15)
    let made = try reference.trajectory(EulerAncestral(eta: 0), along: schedule).end()
    #expect(made.largestDifference(from: try reference.trajectory(Euler(), along: schedule).end()) < 2e-6)
  }

  @Test(arguments: NamedSampler.allCases.filter(\.takesEta)) func withoutEtaNoSeedCounts(_ sampler: NamedSampler) throws {
    let reference = try #require(SamplerReference.shared)
    let refusing = NoiseSource { _, _ in throw DenoisingError.schedule("no noise may be drawn") }
    _ = try reference.trajectory(sampler.sampler(eta: 0, noise: refusing), along: .even(steps: 4)).end()
    #expect(throws: DenoisingError.self) { try reference.trajectory(sampler.sampler(eta: 0.5, noise: refusing), along: .even(steps: 4)).end() }
  }

  @Test(arguments: NamedSampler.allCases.filter(\.isStochastic)) func etaAndSizeOfNoiseCount(_ sampler: NamedSampler) throws {
    let reference = try #require(SamplerReference.shared)
    func made(_ eta: Double?, _ sNoise: Double) throws -> [Float] {
      try reference.trajectory(sampler.sampler(eta: eta.map { .constant($0) }, sNoise: .constant(sNoise), noise: reference.noiseSource), along: .even(steps: 4)).end().values
    }
    #expect(try made(nil, 1) != made(nil, 0.9))
    if sampler.takesEta { #expect(try made(0.5, 1) != made(0.6, 1)) }
  }

  @Test(arguments: NamedSampler.allCases) func aResumedRunMakesTheSameBytes(_ sampler: NamedSampler) throws {
    let reference = try #require(SamplerReference.shared), schedule = try Schedule.even(steps: 7).shifted(mu: 1.15)
    let whole = try reference.trajectory(sampler.sampler, along: schedule).end()
    for stop in 0...7 {
      var first = reference.trajectory(sampler.sampler, along: schedule)
      for _ in 0..<stop { _ = try first.next() }
      var second = reference.trajectory(sampler.sampler, along: schedule)
      try second.resume(at: first.position)
      #expect(second.index == stop)
      #expect(try second.end().values == whole.values, "after step \(stop)")
      #expect(try first.end().values == whole.values, "whose position was looked at after step \(stop)")
    }
  }

  @Test func impossiblePositionsAreRefused() throws {
    let reference = try #require(SamplerReference.shared)
    var trajectory = reference.trajectory(LMS(), along: try .even(steps: 3))
    _ = try trajectory.next()
    let position = trajectory.position
    func refused(_ change: (inout Trajectory.Position) -> Void) {
      var changed = position
      change(&changed)
      #expect(throws: DenoisingError.self) { try trajectory.resume(at: changed) }
    }
    refused { $0.index = 4 }
    refused { $0.index = -1 }
    refused { $0.sigma = .nan }
    refused { $0.latents = .zeros([1, 1, 4, 5]) }
    refused { $0.sampler.tensors["history.0"] = .zeros([2]) }
  }

  /// A hook's change of the latents must not be undone by a corrector.
  @Test func whatAHookAddsToTheLatentsStays() throws {
    func made(_ sampler: NamedSampler, adding: Float) throws -> Float {
      let course = Trajectory.Course(sampler: sampler.sampler(eta: 0), conditioning: [])
      var run = Trajectory(from: .zeros([1, 1, 2, 2]), along: try .even(steps: 4), on: course) { x, _, _ in Tensor(repeating: 1, x.shape) }
      while let step = try run.next() { if step.index == 2 { run.latents = run.latents + adding } }
      return run.latents.values[0]
    }
    for sampler in NamedSampler.allCases where sampler != .lcm {
      let moved = try made(sampler, adding: 0.5) - made(sampler, adding: 0)
      // Those that keep denoised pictures or correct take part of the change for a bend of the flow.
      let bends = [.dpmpp2M, .dpmpp2MSDE, .resMultistep, .uniPC, .erSDE].contains(sampler)
      #expect(bends ? (0.25...1.5).contains(moved) : abs(moved - 0.5) < 1e-3, "\(sampler.rawValue): \(moved)")
    }
  }
}
