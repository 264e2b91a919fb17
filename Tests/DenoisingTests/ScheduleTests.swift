import Checkpoints
import Denoising
import Foundation
import TestSupport
import Testing

struct ScheduleCase: Sendable, CustomTestStringConvertible {
  let label: String, rule: ModelSchedule, tokens: Int, start: [Float]?, steps: Int, expected: [Float]
  var testDescription: String { "\(label), \(steps) steps, \(tokens) tokens" }

  static let all: [ScheduleCase] = {
    guard let data = FileManager.default.contents(atPath: "\(Fixtures.folder)/expected/scheduler.json"),
          case .list(let rows)? = JSON(data)?.map?["schedules"] else { return [] }
    return rows.compactMap { ($0.map).flatMap(ScheduleCase.init) }
  }()

  init?(_ row: [String: JSON]) {
    func floats(_ key: String) -> [Float]? {
      guard case .list(let list)? = row[key] else { return nil }
      return list.compactMap { $0.number.map { Float($0) } }
    }
    guard let label = row["label"]?.text, let steps = row["steps"]?.number, let expected = floats("sigmas"),
          let overrides = row["overrides"]?.map else { return nil }
    (self.label, self.steps, self.expected, start) = (label, Int(steps), expected, floats("custom_sigmas"))
    // A fixed shift does not ask for the size, and the reference gives none.
    tokens = Int(row["height"]?.number ?? 0) / 16 * (Int(row["width"]?.number ?? 0) / 16)
    let isDynamic = overrides["use_dynamic_shifting"]?.flag ?? (row["config"]?.text == "dev")
    let fixed = Float(overrides["shift"]?.number ?? (row["config"]?.text == "dev" ? 3 : 1))
    let spacing: ModelSchedule.Spacing = overrides["use_karras_sigmas"] != nil ? .karras : overrides["use_exponential_sigmas"] != nil ? .exponential : .even
    rule = ModelSchedule(shift: isDynamic ? .tokens(.init(), exponential: overrides["time_shift_type"]?.text != "linear") : .factor(fixed),
                         terminal: overrides["shift_terminal"]?.number, spacing: spacing)
  }
}

struct ScheduleTests {
  @Test func theReferenceHasItsSchedules() { #expect(ScheduleCase.all.count == 91) }

  @Test(arguments: ScheduleCase.all) func sigmasAreThoseOfDiffusers(_ c: ScheduleCase) throws {
    let start = try c.start.map { try Schedule($0 + [0]) } ?? Schedule.even(steps: c.steps)
    let made = try c.rule.applied(to: start, tokens: c.tokens).sigmas
    #expect(made.count == c.expected.count)
    let worst = zip(made, c.expected).map { abs($0 - $1) }.max() ?? 1
    #expect(worst <= 1e-6)
  }

  @Test(arguments: [([1, 0.5, 0.6, 0], "sigma 3 (0.6) is not below sigma 2 (0.5)"), ([1, 0.5, 0.5, 0], "sigma 3"), ([1.5, 0], "sigma 1 must be from 0 to 1"),
                    ([1, .nan, 0], "sigma 2"), ([1, 0.5], "add a 0 at the end"), ([1], "at least two"), ([], "at least two")] as [([Float], String)])
  func sigmasThatDoNotFallAreRefusedByName(_ sigmas: [Float], _ words: String) throws {
    let error = #expect(throws: DenoisingError.self) { try Schedule(sigmas) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test(arguments: [0, -1, 1001]) func impossibleStepCountsAreRefused(_ steps: Int) {
    #expect(throws: DenoisingError.self) { try Schedule.even(steps: steps) }
  }

  @Test func shiftsKeepBothEnds() throws {
    for schedule in [try Schedule.even(steps: 7).shifted(by: 3), try Schedule.even(steps: 7).shifted(mu: 1.15)] {
      #expect(schedule.sigmas.first == 1 && schedule.sigmas.last == 0)
    }
  }
}
