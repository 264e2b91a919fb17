import Denoising
import Tensors
import TestSupport
import Testing

struct GuidanceTests {
  let positive: Tensor, negative: Tensor

  init() {
    var random = Random(seed: 31)
    (positive, negative) = (random.tensor([2, 16, 4, 4]), random.tensor([2, 16, 4, 4]))
  }

  /// A step as a hook would see it.
  func step(_ index: Int) throws -> Step {
    var seen: [Step] = []
    var run = Trajectory(from: .zeros([1, 16, 2, 2]), along: try .even(steps: 3), on: .init(sampler: Euler(), conditioning: [], before: { seen.append($0) })) { x, _, _ in x }
    while try run.next() != nil {}
    return seen[index - 1]
  }

  @Test func atScaleOnePlainAndProjectedAreThePositive() throws {
    for way in [Guidance.Combination.plain, .apg, .rescale] {
      #expect(try way(positive, negative, scale: 1, step: step(2)).largestDifference(from: positive) < 1e-5)
    }
  }

  @Test func plainIsTheLineThroughBoth() throws {
    let made = try Guidance.Combination.plain(positive, negative, scale: 3, step: step(1))
    #expect(made.largestDifference(from: negative + 3 * (positive - negative)) < 1e-5)
  }

  @Test func rescaledHasASpreadBetweenPlainAndPositive() throws {
    let plain = try Guidance.Combination.plain(positive, negative, scale: 5, step: step(2))[0].standardDeviation
    let made = try Guidance.Combination.rescale(positive, negative, scale: 5, step: step(2))[0].standardDeviation
    #expect(abs(made - (0.7 * positive[0].standardDeviation + 0.3 * plain)) < 1e-4)
  }

  @Test func whatProjectionAddsIsOrthogonalToThePositive() throws {
    let added = try Guidance.Combination.apg(positive, negative, scale: 4, step: step(2)) - positive
    for n in 0..<2 {
      let dot = zip(added[n].values, positive[n].values).reduce(0.0) { $0 + Double($1.0 * $1.1) }
      #expect(abs(dot) < 1e-3 && added[n].norm > 1)
    }
  }

  @Test func cfgZeroStandsStillAtFirstAndIgnoresTheLengthOfTheNegative() throws {
    #expect(try Guidance.Combination.cfgZero(positive, negative, scale: 4, step: step(1)).norm == 0)
    let a = try Guidance.Combination.cfgZero(positive, negative, scale: 4, step: step(2))
    let b = try Guidance.Combination.cfgZero(positive, 3 * negative, scale: 4, step: step(2))
    #expect(a.largestDifference(from: b) < 1e-4)
  }

  @Test func picturesOfABatchDoNotMix() throws {
    for (_, way) in Guidance.Combination.named {
      let both = try way(positive, negative, scale: 3, step: step(2)), one = try way(positive[1..<2], negative[1..<2], scale: 3, step: step(2))
      #expect(both[1].values == one[0].values)
    }
  }

  @Test func aFunctionHasTheLastWord() throws {
    let made = try Guidance.Combination.function({ a, b, _ in a + b })(positive, negative, scale: 9, step: step(1))
    #expect(made.values == (positive + negative).values)
  }
}
