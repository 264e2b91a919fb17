import Denoising
import Tensors
import TestSupport
import Testing

struct NamedScheduleCase: Sendable, CustomTestStringConvertible {
  let model: String, precision: String, name: NamedSchedule, steps: Int, expected: [Double]
  var testDescription: String { "\(name.rawValue), \(steps) steps, \(model), \(precision)" }

  static let all: [NamedScheduleCase] = (SamplerReference.shared?.schedules ?? [:]).sorted { $0.key < $1.key }.flatMap { model, precisions in
    precisions.sorted { $0.key < $1.key }.flatMap { precision, names in
      names.sorted { $0.key < $1.key }.flatMap { name, lists in
        lists.sorted { $0.key < $1.key }.compactMap { steps, sigmas in
          let numbers = sigmas.compactMap { $0 }
          guard numbers.count == sigmas.count, let name = NamedSchedule(rawValue: name), let steps = Int(steps) else { return nil }
          return NamedScheduleCase(model: model, precision: precision, name: name, steps: steps, expected: numbers)
        }
      }
    }
  }

  /// What ComfyUI calls flux_1.15, flux_0.63 and schnell: the model's rule and the tokens of 1024² and 512² pictures.
  var rule: (ModelSchedule, tokens: Int) {
    if model == "schnell" { return (ModelSchedule(shift: .factor(1)), 4096) }
    return (ModelSchedule(shift: .tokens(.init(), exponential: true)), model == "flux_1.15" ? 4096 : 1024)
  }
}

struct NamedScheduleTests {
  @Test func theReferenceHasEveryName() {
    #expect(Set(NamedScheduleCase.all.map(\.name)) == Set(NamedSchedule.allCases).subtracting([.flux]))
    #expect(NamedScheduleCase.all.count == 3 * 2 * (9 * 5 - 1))       // kl_optimal has no number for one step
  }

  /// Ours is computed in double and rounded once: half a unit of f32 from double, and as far from f32 as that is itself.
  @Test(arguments: NamedScheduleCase.all) func sigmasAreThoseOfComfyUI(_ c: NamedScheduleCase) throws {
    let made = try c.rule.0.schedule(c.name, steps: c.steps, tokens: c.rule.tokens).sigmas
    #expect(made.count == c.expected.count)
    let worst = zip(made, c.expected).map { abs(Double($0) - $1) }.max() ?? 1
    #expect(worst <= (c.precision == "float64" ? 6e-8 : 5e-7), "off by \(worst)")
  }

  @Test(arguments: ["schnell4", "dev8", "karras6"]) func theSamplersRunOnSchedulesOfOurs(_ name: String) throws {
    let course = try #require(SamplerReference.shared?.runSchedules[name])
    let dev = ModelSchedule(shift: .tokens(.init(), exponential: true)), rule = name == "schnell4" ? ModelSchedule(shift: .factor(1)) : dev
    let made = try rule.schedule(name == "karras6" ? .karras : .flux, steps: course.sigmas.count - 1, tokens: 4096)
    #expect(zip(made.sigmas, course.sigmas).allSatisfy { abs(Double($0) - $1) < 2e-7 } && made.sigmas.count == course.sigmas.count)
    #expect(abs(rule.nearlyOne(tokens: 4096) - course.offset) < 1e-12)
  }

  @Test(arguments: NamedSchedule.allCases) func everyNumberOfStepsHasASchedule(_ name: NamedSchedule) throws {
    for rule in [ModelSchedule(shift: .factor(1)), ModelSchedule(shift: .factor(3)), ModelSchedule(shift: .tokens(.init(), exponential: true))] {
      for steps in Array(1...40) + [99, 100, 333, 500, 667, 1000] {
        let made = try rule.schedule(name, steps: steps, tokens: 1024)
        #expect(made.endsAtZero && made.steps <= 1000)
        if name != .ddimUniform && name != .beta { #expect(made.steps == steps && made.sigmas[0] == 1, "\(steps)") }
      }
    }
  }

  @Test(arguments: [0, -1, 1001]) func impossibleStepCountsAreRefused(_ steps: Int) {
    #expect(throws: DenoisingError.self) { try ModelSchedule(shift: .factor(1)).schedule(.karras, steps: steps, tokens: 4096) }
  }
}
