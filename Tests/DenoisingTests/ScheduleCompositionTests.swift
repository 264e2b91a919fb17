import Checkpoints
import Denoising
import Foundation
import TestSupport
import Testing

struct ImageToImageStart: Sendable, CustomTestStringConvertible {
  let steps: Int, strength: Double, start: Int
  var testDescription: String { "\(steps) steps, strength \(strength)" }

  static let all: [ImageToImageStart] = {
    guard let data = FileManager.default.contents(atPath: "\(Fixtures.folder)/expected/scheduler.json"),
          case .list(let rows)? = JSON(data)?.map?["img2img_start"] else { return [] }
    return rows.compactMap { row in
      guard let steps = row.map?["steps"]?.number, let strength = row.map?["strength"]?.number, let start = row.map?["t_start"]?.number else { return nil }
      return ImageToImageStart(steps: Int(steps), strength: strength, start: Int(start))
    }
  }()
}

struct ScheduleCompositionTests {
  @Test func theReferenceHasItsStarts() { #expect(ImageToImageStart.all.count == 60) }

  @Test(arguments: ImageToImageStart.all) func aTruncatedScheduleStartsWhereDiffusersDoes(_ c: ImageToImageStart) throws {
    let whole = try Schedule.even(steps: c.steps).shifted(mu: 1.15)
    #expect(try whole.truncated(strength: c.strength).sigmas == Array(whole.sigmas[c.start...]))
  }

  @Test(arguments: [0, -0.5, 1.01, .nan]) func impossibleStrengthsAreRefused(_ strength: Double) throws {
    let whole = try Schedule.even(steps: 4)
    #expect(throws: DenoisingError.self) { try whole.truncated(strength: strength) }
  }

  @Test func aSliceNeedNotEndAtZero() throws {
    let whole = try Schedule.even(steps: 4)
    let slice = try whole.sliced(1...3)
    #expect(slice.sigmas == [0.75, 0.5, 0.25] && !slice.endsAtZero && whole.endsAtZero)
    #expect(try whole.sliced(0...4) == whole)
    for places in [-1...2, 3...5, 2...2] { #expect(throws: DenoisingError.self) { try whole.sliced(places) } }
  }

  @Test func twoSlicesMakeTheWholeAgain() throws {
    let whole = try Schedule.even(steps: 4)
    #expect(try whole.sliced(0...2).followed(by: whole.sliced(2...4)) == whole)
    #expect(try whole.sliced(0...1).followed(by: whole.sliced(2...4)) == whole)
    #expect(throws: DenoisingError.self) { try whole.followed(by: whole) }
  }

  @Test func aMappedScheduleKeepsItsZero() throws {
    let whole = try Schedule.even(steps: 4)
    #expect(try whole.mapped { $0 * $0 }.sigmas == [1, 0.5625, 0.25, 0.0625, 0])
    #expect(throws: DenoisingError.self) { try whole.mapped { 0.1 + 0.9 * $0 } }
    #expect(throws: DenoisingError.self) { try whole.mapped { 1 - $0 } }
    #expect(try whole.sliced(0...2).mapped { $0 / 2 }.sigmas == [0.5, 0.375, 0.25])
  }

  @Test func aReversedScheduleIsFineWhereItWasCoarse() throws {
    let whole = try Schedule([1, 0.875, 0.5, 0])
    #expect(try whole.reversed().sigmas == [1, 0.5, 0.125, 0])
    #expect(try whole.reversed().reversed() == whole)
    #expect(try whole.sliced(0...2).reversed().sigmas == [1, 0.625, 0.5])
  }

  @Test func aPartIsShiftedButNotRespaced() throws {
    let rule = ModelSchedule(shift: .factor(3), terminal: 0.1, spacing: .karras)
    let part = try Schedule(part: [0.75, 0.5])
    #expect(try rule.applied(to: part, tokens: 4096) == part.shifted(by: 3))
  }

  @Test func aTrajectoryStopsWhereItsPartEnds() throws {
    let reference = try #require(SamplerReference.shared), whole = try Schedule.even(steps: 6)
    var first = reference.trajectory(Heun(), along: try whole.sliced(0...3))
    while try first.next() != nil {}
    #expect(first.sigma == 0.5)
    let course = Trajectory.Course(sampler: Heun(), conditioning: [])
    var second = Trajectory(from: first.latents, along: try whole.sliced(3...6), on: course) { x, sigma, _ in reference.flow.velocity(x, sigma) }
    while try second.next() != nil {}
    #expect(second.latents.values == (try reference.trajectory(Heun(), along: whole).end()).values)
  }
}
