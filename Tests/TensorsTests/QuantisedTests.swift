import CKernels
import Foundation
import TestSupport
import Testing
import Tensors

/// int8: what its kernels compute on every instruction set, and what a product with it costs in accuracy.
@Suite(.serialized) struct QuantisedTests {
  static let tables = UnpackTests.tables


  @Test(arguments: [1, 2, 8, 16, 64, 256], tables) func turningIsTheHadamardTransform(_ turn: Int, _ table: KernelTable) throws {
    var random = Random(seed: UInt64(turn))
    let width = 3 * turn, x = (0..<2 * width).map { _ in random.float() }, columns = (0..<width).map { _ in random.float() + 2 }
    var y = x
    table.kernels.turn_rows(&y, columns, turn, 2, width)
    for (index, made) in y.enumerated() {
      let row = index / width, block = index % width / turn, i = index % turn
      let sum = (0..<turn).reduce(0.0) { sum, j in
        let column = block * turn + j
        return sum + Double(x[row * width + column]) * Double(columns[column]) * ((i & j).nonzeroBitCount % 2 == 0 ? 1 : -1)
      }
      #expect(abs(Double(made) - sum / Double(turn).squareRoot()) < 1e-5, "\(index)")
    }
  }

  @Test(arguments: awkwardLengths, tables) func rowsAreRoundedToTheNearestOf255Steps(_ width: Int, _ table: KernelTable) throws {
    var random = Random(seed: UInt64(width))
    let x = (0..<3 * width).map { $0 < width ? 0 : random.float() * 5 }         // a row of zeros too
    var q = [Int8](repeating: 99, count: 3 * width), scales = [Float](repeating: -1, count: 3)
    table.kernels.quantise_rows(&q, &scales, x, 3, width)
    #expect(q.prefix(width).allSatisfy { $0 == 0 } && scales[0] == 0)
    for row in 1..<3 {
      let largest = x[row * width..<(row + 1) * width].map(abs).max() ?? 0
      #expect(abs(scales[row] - largest / 127) <= 1e-6 * largest)
      for c in row * width..<(row + 1) * width { #expect(abs(Float(q[c]) * scales[row] - x[c]) <= 0.5001 * scales[row]) }
    }
  }

  @Test(arguments: tables, [Float.nan, .infinity, -.infinity]) func whatIsNoNumberSpoilsItsRowAndNoOther(_ table: KernelTable, _ bad: Float) throws {
    let x: [Float] = [1, bad, 2, 3] + [1, 2, 3, 4]
    var q = [Int8](repeating: 99, count: 8), scales = [Float](repeating: 0, count: 2)
    table.kernels.quantise_rows(&q, &scales, x, 2, 4)
    #expect(!scales[0].isFinite && scales[1] == 4.0 / 127)
    #expect(Array(q[4...]) == [32, 64, 95, 127])
  }

  @Test(arguments: tables) func sumsAreScaledByRowAndColumn(_ table: KernelTable) throws {
    let sums: [Int32] = [7, -1_000_000_000, 3, 0, 5, -6], rows: [Float] = [0.5, 2], columns: [Float] = [1, 0.25, 3], bias: [Float] = [10, 20, 30]
    var y = sums.map { Float(bitPattern: UInt32(bitPattern: $0)) }, plain = y
    table.kernels.scale_sums(&y, rows, columns, bias, 2, 3)
    table.kernels.scale_sums(&plain, rows, columns, nil, 2, 3)
    #expect(plain == [3.5, -1.25e8, 4.5, 0, 2.5, -36])
    #expect(y == [13.5, -1.25e8 + 20, 34.5, 10, 22.5, -6])
  }

  @Test(arguments: [64, 200, 768, 1021]) func everyInstructionSetGivesTheSameBits(_ width: Int) throws {
    var random = Random(seed: 3)
    let x = random.tensor([4, width]).values, columns = (0..<width).map { _ in random.float() + 2 }, turn = width & -width
    let all = Self.tables.map { table in
      var y = x, q = [Int8](repeating: 0, count: x.count), scales = [Float](repeating: 0, count: 4)
      table.kernels.turn_rows(&y, columns, turn, 4, width)
      table.kernels.quantise_rows(&q, &scales, y, 4, width)
      return q.map { UInt32(bitPattern: Int32($0)) } + scales.map(\.bitPattern)
    }
    #expect(all.allSatisfy { $0 == all[0] })
  }

  /// Noise over signal of a product in int8, in dB.
  func noise(_ x: Tensor, _ weight: Tensor, roundsRows: Bool = true) throws -> Double {
    let exact = try Matrix(Rows(weight), precision: .f32)(x), made = try Matrix([Rows(weight)], precision: .int8, roundsRows: roundsRows)(x)
    return 20 * log10((made - exact).norm / exact.norm)
  }

  @Test(arguments: [(40, 192, 64), (300, 4160, 208), (7, 3072, 48), (33, 100, 31), (1, 256, 16)]) func aProductInInt8IsNearlyThatInF32(_ rows: Int, _ inputs: Int, _ outputs: Int) throws {
    var random = Random(seed: 11)
    let noise = try noise(random.tensor([rows, inputs]), random.tensor([outputs, inputs]))
    #expect(noise < -36, "\(noise) dB")
  }

  /// 0.5 % of the columns fifty times as large, with the weight made smaller for it and without.
  @Test(arguments: [true, false]) func outlyingColumnsCostLessThanThreeDecibels(_ compensated: Bool) throws {
    var random = Random(seed: 12)
    let inputs = 3072, plain = random.tensor([64, inputs]), weight = random.tensor([96, inputs])
    let outlying = Set((0..<inputs / 200).map { _ in Int.random(in: 0..<inputs, using: &random) })
    func scaled(_ x: Tensor, _ factor: Float) -> Tensor { Tensor(x.shape, x.values.enumerated().map { outlying.contains($0.offset % inputs) ? $0.element * factor : $0.element }) }
    let before = try noise(plain, weight), after = try noise(scaled(plain, 50), compensated ? scaled(weight, 1 / 50) : weight)
    #expect(after < before + 3, "\(before) dB, with outliers \(after) dB")
  }

  @Test func oneRowIsNotRoundedWhereThatGainsNothing() throws {
    var random = Random(seed: 13)
    let x = random.tensor([1, 1024]), weight = random.tensor([64, 1024])
    // Without a product in int8 rows are never rounded.
    #expect(try noise(x, weight, roundsRows: false) < noise(x, weight) || !Product.multipliesInt8)
  }

  @Test func inInt8AProductIsTheSameBytesAtAnyNumberOfThreads() throws {
    var random = Random(seed: 14)
    let matrix = try Matrix(Rows(random.tensor([520, 768])), precision: .int8), x = random.tensor([300, 768])
    let results = try [1, 2, 3].map { threads in try withThreads(threads) { try matrix(x).values } }
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}
