import Sweeps
import Testing

/// Which cells a sweep has, in which order they are made, and by whom.
@Suite struct SweepTests {
  private static func sweep(_ dimensions: [Dimension], samples: Int? = nil, sampling: Sampling = .halton(seed: 0)) throws -> Sweep {
    try Sweep("harbour", dimensions, samples: samples, sampling: sampling)
  }

  private static let seeds = Dimension("seed", .values([.whole(3), .whole(1), .whole(2)]))
  private static let prompts = Dimension("prompt", .values([.text("a fox"), .text("an owl")]))

  @Test func cellsAreNumberedAsNestedLoopsWouldMakeThem() throws {
    let sweep = try Self.sweep([Self.seeds, Self.prompts])
    #expect(sweep.cells.map { "\($0.index) \($0.values.map(\.label).joined(separator: " "))" }
      == ["1 3 a fox", "2 3 an owl", "3 1 a fox", "4 1 an owl", "5 2 a fox", "6 2 an owl"])
  }

  @Test func whatIsDearToChangeChangesLeastOftenInTheOrderOfWork() throws {
    let sweep = try Self.sweep([Self.seeds, Dimension("size", .values([.whole(64), .whole(32)])), Self.prompts, Dimension("model", .values([.text("b"), .text("a")]))])
    let order = sweep.order.map { sweep.cells[$0].values.map(\.label) }
    #expect(Array(order.map { $0[3] }) == Array(repeating: "b", count: 12) + Array(repeating: "a", count: 12))
    #expect(Array(order.map { $0[2] }.prefix(12)) == Array(repeating: "a fox", count: 6) + Array(repeating: "an owl", count: 6))
    #expect(Array(order.map { $0[1] }.prefix(6)) == ["64", "64", "64", "32", "32", "32"])
    #expect(Array(order.map { $0[0] }.prefix(6)) == ["3", "1", "2", "3", "1", "2"])
    #expect(sweep.order.sorted() == Array(0..<24))
  }

  /// Computed by sha256sum from the text that Cell.swift describes.
  @Test func theNameOfACellIsTheSameOnEveryMachine() throws {
    let sweep = try Self.sweep([Dimension("seed", .values([.whole(1003)])), Dimension("guidance", .values([.number(0.1)])), Dimension("prompt", .values([.text("ein \"Fuchs\", 狐\n")]))])
    #expect(sweep.cells[0].id == "d0baf54725139fa8")
  }

  @Test func theNameOfACellDependsOnEveryPartOfItAndOnNothingElse() throws {
    func id(_ dimensions: [Dimension], name: String = "harbour", at index: Int = 0) throws -> String { try Sweep(name, dimensions).cells[index].id }
    let one = try id([Self.seeds, Self.prompts])
    #expect(try id([Self.prompts, Self.seeds]) == one)                        // however axes are ordered
    #expect(try id([Dimension("seed", .values([.number(3)])), Self.prompts]) == one)   // 3 and 3.0 are one number
    #expect(try id([Self.seeds, Self.prompts], name: "quay") != one)
    #expect(try id([Dimension("sead", .values([.whole(3)])), Self.prompts]) != one)
    #expect(try id([Dimension("seed", .values([.text("3")])), Self.prompts]) != one)
    #expect(try id([Self.seeds, Self.prompts], at: 1) != one)
    #expect(Set(try Sweep("a", [Dimension("x", .values((0..<5000).map { .whole($0) }))]).cells.map(\.id)).count == 5000)
  }

  @Test(arguments: [1, 2, 3, 7, 24, 100]) func shardsMakeEveryCellOnceAndDearValuesInFewOfThem(_ count: Int) throws {
    let sweep = try Self.sweep([Dimension("seed", .values((1...12).map { .whole($0) })), Self.prompts])
    let shares = try (1...count).map { sweep.share(of: try Shard($0, of: count)).map(\.index) }
    #expect(shares.flatMap { $0 }.sorted() == Array(1...24))
    #expect((shares.map(\.count).max() ?? 0) - (shares.map(\.count).min() ?? 0) <= 1)
    let changes = shares.map { share in Set(share.map { sweep.cells[$0 - 1].values[1].canonical }).count }
    #expect(changes.reduce(0, +) <= min(count, 24) + 1)
  }

  @Test func aConditionLeavesCellsOutAndNumbersTheRest() throws {
    let sweep = try Sweep("a", [Self.seeds, Self.prompts]) { $0 != [.whole(1), .text("a fox")] && $0[0] != .whole(2) }
    #expect(sweep.cells.map { "\($0.index) \($0.values.map(\.label).joined(separator: " "))" } == ["1 3 a fox", "2 3 an owl", "3 1 an owl"])
    #expect(sweep.axes.map { $0.values.map(\.label) } == [["3", "1"], ["a fox", "an owl"]])
  }

  @Test func samplesAreMadeWithEveryCombinationOfTheOtherAxes() throws {
    let sweep = try Self.sweep([Self.prompts, Dimension("guidance", .uniform(from: 1, to: 5, step: nil)), Dimension("steps", .uniform(from: 4, to: 8, step: 2))], samples: 9)
    #expect(sweep.cells.count == 18)
    #expect(Array(sweep.cells[0..<9].map { Array($0.values[1...]) }) == Array(sweep.cells[9...].map { Array($0.values[1...]) }))
    #expect(Set(sweep.cells.map { $0.values[2] }) == [.whole(4), .whole(6), .whole(8)])
    let guidance = sweep.axes[1].values.compactMap(\.number)
    #expect(guidance == guidance.sorted() && guidance.allSatisfy { 1..<5 ~= $0 })
  }

  /// Halton 1960: of any 2^k·n points that follow each other from a multiple of 2^k, each of the 2^k equal parts has n in base 2.
  @Test func haltonCoversAnAxisEvenlyAndRandomNumbersDoNot() throws {
    func counts(_ sampling: Sampling) throws -> [Int] {
      let sweep = try Self.sweep([Dimension("x", .uniform(from: 0, to: 8, step: nil))], samples: 64, sampling: sampling)
      return (0..<8).map { part in sweep.cells.count { Int($0.values[0].number ?? -1) == part } }
    }
    #expect(try counts(.halton(seed: 0)).allSatisfy { 7...9 ~= $0 })
    #expect(try counts(.halton(seed: 5)).allSatisfy { 7...9 ~= $0 })
    #expect(try counts(.random(seed: 0)).contains { !(7...9 ~= $0) })
    #expect(try Self.sweep([Dimension("x", .uniform(from: 0, to: 1, step: nil))], samples: 5).cells.map(\.values[0].number) == [0.5, 0.25, 0.75, 0.125, 0.625])
  }

  @Test func anotherSeedDrawsOtherPoints() throws {
    for (a, b) in [(Sampling.halton(seed: 0), Sampling.halton(seed: 1)), (.random(seed: 0), .random(seed: 1)), (.random(seed: 0), .halton(seed: 0))] {
      func points(_ sampling: Sampling) throws -> [AxisValue] { try Self.sweep([Dimension("x", .uniform(from: 0, to: 1, step: nil))], samples: 7, sampling: sampling).cells.map(\.values[0]) }
      #expect(try points(a) == points(a))
      #expect(try points(a) != points(b))
    }
  }

  @Test(arguments: [
    ([], nil, "has no axes"), ([Dimension("a", .values([]))], nil, "axis 'a' has no values"),
    ([Dimension("a", .values([.whole(2), .number(2)]))], nil, "axis 'a' has the value 2 twice"), ([seeds, seeds], nil, "axis 'seed' is there twice"),
    ([Dimension("a", .values([.number(.nan)]))], nil, "numbers must be finite"), ([seeds], 3, "there is none"),
    ([Dimension("a", .choice([.whole(1)]))], nil, "'samples' says how many values are drawn of 'a'"),
    ([Dimension("a", .uniform(from: 2, to: 2, step: nil))], 3, "must go from a number to a greater one"),
    ([Dimension("a", .uniform(from: 1, to: 2, step: 3))], 3, "has a step of 3.0"),
    ([Dimension("a", .values((0..<1001).map { .whole($0) })), Dimension("b", .values((0..<1000).map { .whole($0) }))], nil, "makes 1001000 cells"),
  ] as [([Dimension], Int?, String)]) func whatIsNoSweepIsRefused(_ dimensions: [Dimension], _ samples: Int?, _ message: String) {
    let error = #expect(throws: SweepError.self) { try Self.sweep(dimensions, samples: samples) }
    #expect(error.map { "\($0)" }?.contains(message) == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func aShardIsReadFromTextAndFromASlurmArray() throws {
    #expect(try Shard("3/16") == Shard(3, of: 16))
    for text in ["", "3", "0/4", "5/4", "-1/4", "1/4/2", "a/b", "1/9999999", "/4"] { #expect(throws: SweepError.self) { try Shard(text) } }
    func slurm(_ id: Int, _ count: Int, _ first: Int, _ step: Int) throws -> Shard? {
      try Shard(slurm: ["SLURM_ARRAY_TASK_ID": "\(id)", "SLURM_ARRAY_TASK_COUNT": "\(count)", "SLURM_ARRAY_TASK_MIN": "\(first)", "SLURM_ARRAY_TASK_STEP": "\(step)"])
    }
    #expect(try Shard(slurm: [:]) == nil)
    #expect(try slurm(1, 4, 1, 1) == Shard(1, of: 4))
    #expect(try slurm(3, 4, 0, 1) == Shard(4, of: 4))
    #expect(try slurm(11, 3, 5, 3) == Shard(3, of: 3))
    for (id, count, first, step) in [(5, 3, 1, 1), (6, 3, 5, 3), (0, 3, 1, 1), (1, 3, 1, 0)] { #expect(throws: SweepError.self) { try slurm(id, count, first, step) } }
    #expect(throws: SweepError.self) { try Shard(slurm: ["SLURM_ARRAY_TASK_ID": "1"]) }
  }
}
