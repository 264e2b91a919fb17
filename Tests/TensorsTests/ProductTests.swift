import TestSupport
import Testing
import Tensors

/// y = x·Wᵀ + b in double.
func plainProduct(_ x: Tensor, _ w: Tensor, bias: Tensor?) -> Tensor {
  var y: [Float] = []
  for r in 0..<x.rows {
    for o in 0..<w.rows {
      var sum = Double(bias?.floats[o] ?? 0)
      for i in 0..<x.width { sum += Double(x.floats[r * x.width + i]) * Double(w.floats[o * x.width + i]) }
      y.append(Float(sum))
    }
  }
  return Tensor([x.rows, w.rows], y)
}

struct ProductCase: Sendable, CustomTestStringConvertible {
  var rows: Int, outputs: Int, inputs: Int
  var testDescription: String { "\(rows)×\(inputs)×\(outputs)" }
  static let all = [(1, 1, 1), (1, 3, 5), (2, 17, 33), (3, 64, 7), (16, 32, 48), (17, 129, 65), (1, 600, 96), (130, 257, 40), (300, 515, 130)]
    .map { ProductCase(rows: $0.0, outputs: $0.1, inputs: $0.2) }
}

@Suite(.serialized) struct ProductTests {
  @Test(arguments: ProductCase.all) func productsInF32EqualSumsInDouble(_ c: ProductCase) throws {
    var random = Random(seed: 1)
    let x = random.tensor([c.rows, c.inputs]), w = random.tensor([c.outputs, c.inputs]), bias = random.tensor([c.outputs])
    let matrix = try Matrix(Rows(w), precision: .f32)
    #expect(try matrix(x).largestDifference(from: plainProduct(x, w, bias: nil)) < Tolerance.product)
    #expect(try matrix(x, bias: bias).largestDifference(from: plainProduct(x, w, bias: bias)) < Tolerance.product)
  }

  @Test(arguments: ProductCase.all) func bf16ProductsEqualSumsOfTheRoundedNumbers(_ c: ProductCase) throws {
    var random = Random(seed: 2)
    let w = try Rows(random.tensor([c.outputs, c.inputs])).converted(to: .bf16)
    let x = Operand(random.tensor([c.rows, c.inputs]), .bf16).tensor
    let matrix = try Matrix(w, precision: .bf16)
    #expect(try matrix(x).largestDifference(from: plainProduct(x, w.tensor(), bias: nil)) < Tolerance.product)
  }

  /// The shapes that the tile unit takes, where there is one: few rows, odd blocks of columns, more inputs than it works on at a time.
  @Test(arguments: [(1, 48, 64), (15, 64, 32), (16, 16, 96), (17, 208, 96), (33, 32, 2112), (257, 80, 4160), (300, 1104, 64)].map { ProductCase(rows: $0.0, outputs: $0.1, inputs: $0.2) })
  func bf16ProductsOfWholeTilesDo(_ c: ProductCase) throws {
    var random = Random(seed: 7)
    let w = try Rows(random.tensor([c.outputs, c.inputs])).converted(to: .bf16), bias = random.tensor([c.outputs])
    let x = Operand(random.tensor([c.rows, c.inputs]), .bf16).tensor, matrix = try Matrix(w, precision: .bf16)
    let whole = try matrix(x, bias: bias)
    // Rounding grows with the root of how many numbers are added; the other cases have 600 at the most.
    let off = try whole.largestDifference(from: plainProduct(x, w.tensor(), bias: bias)), longer = max(1, Float(c.inputs) / 600).squareRoot()
    #expect(off < Tolerance.product * longer)
    let last = try matrix(x[c.rows - 1..<c.rows], bias: bias)
    // Elsewhere oneDNN may sum one row in another order than many.
    #expect(!TileUnit.isThere || last.values == whole[c.rows - 1..<c.rows].values, "a row by itself is the same bytes")
    #expect(try withThreads(7) { try matrix(x, bias: bias).values } == whole.values)
  }

  @Test(arguments: ProductCase.all, [Encoding.f32, .bf16, .f16])
  func tiledProductsUnpackAndEqualSumsInDouble(_ c: ProductCase, _ encoding: Encoding) throws {
    var random = Random(seed: 3)
    let w = encoding == .f16 ? halves(&random, c) : try Rows(random.tensor([c.outputs, c.inputs])).converted(to: encoding)
    let x = random.tensor([c.rows, c.inputs]), bias = random.tensor([c.outputs])
    #expect(try Matrix(rows: w)(x, bias: bias).largestDifference(from: plainProduct(x, w.tensor(), bias: bias)) < Tolerance.product)
  }

  /// Blocks are unpacked to bf16 and go to the tile unit, where there is one and the rows are enough; the last columns of 24 do not.
  @Test(arguments: [(31, 272, 64), (33, 272, 64), (33, 280, 64), (257, 16, 2112)].map { ProductCase(rows: $0.0, outputs: $0.1, inputs: $0.2) })
  func productsOfBlocksEqualSumsOfTheRoundedNumbers(_ c: ProductCase) throws {
    var random = Random(seed: 8)
    let storage = Storage.filled(c.outputs * c.inputs / 32 * 34, .q8_0)
    let w = Rows(count: c.outputs, width: c.inputs, encoding: .q8_0, storage: storage), matrix = try Matrix(w, precision: .bf16)
    let x = random.tensor([c.rows, c.inputs]), bias = random.tensor([c.outputs]), made = try matrix(x, bias: bias)
    func rounded(_ x: Tensor) -> Tensor { Operand(x, as: matrix.intake).tensor }
    let off = try made.largestDifference(from: plainProduct(rounded(x), rounded(w.tensor()), bias: bias)), longer = max(1, Float(c.inputs) / 600).squareRoot()
    #expect(off < Tolerance.product * longer)
    #expect(try withThreads(3) { try matrix(x, bias: bias).values } == made.values)
  }

  /// More inputs than the processor's vectors work on at a time, several tiles of outputs, odd ends.
  @Test(.enabled(if: kernel.pointee.panels.rows > 0, "these kernels have no panels"), arguments: [(32, 33, 512), (45, 300, 1100), (253, 270, 1537)].map { ProductCase(rows: $0.0, outputs: $0.1, inputs: $0.2) }, [Encoding.f32, .bf16])
  func productsInPanelsEqualSumsInDoubleHoweverTheyAreCut(_ c: ProductCase, _ encoding: Encoding) throws {
    var random = Random(seed: 9)
    let w = try Rows(random.tensor([c.outputs, c.inputs])).converted(to: encoding), x = random.tensor([c.rows, c.inputs]), bias = random.tensor([c.outputs])
    let matrix = Matrix(rows: w), whole = try matrix(x, bias: bias), longer = max(1, Float(c.inputs) / 600).squareRoot()
    let off = try whole.largestDifference(from: plainProduct(x, w.tensor(), bias: bias))
    #expect(off < Tolerance.product * longer)
    for threads in [1, 9] { #expect(try withThreads(threads) { try matrix(x, bias: bias).values } == whole.values) }
    #expect(try matrix(x[0..<32], bias: bias).values == whole[0..<32].values, "no row's bytes depend on the others")
    #expect(try Matrix(rows: w[0..<32])(x, bias: bias[0..<32]).values == (0..<c.rows).flatMap { whole[$0..<$0 + 1].values[0..<32] }, "nor do those of an output")
  }

  private func halves(_ random: inout Random, _ c: ProductCase) -> Rows {
    let storage = Storage(count: c.outputs * c.inputs * 2)
    let words = storage.start.assumingMemoryBound(to: UInt16.self)
    for i in 0..<c.outputs * c.inputs { words[i] = Float16(random.float()).bitPattern }
    return Rows(count: c.outputs, width: c.inputs, encoding: .f16, storage: storage)
  }

  @Test(arguments: ProductCase.all, [Encoding.f32, .bf16])
  func oneAndTwoThreadsGiveTheSameBytes(_ c: ProductCase, _ encoding: Encoding) throws {
    var random = Random(seed: 4)
    let x = random.tensor([c.rows, c.inputs]), w = Rows(random.tensor([c.outputs, c.inputs]))
    let matrix = try Matrix(w, precision: encoding), tiled = Matrix(rows: try w.converted(to: encoding))
    let results = try [1, 2, 3].map { threads in
      try withThreads(threads) { try [matrix(x).values, tiled(x).values] }
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func stackedRowsAreTheirPartsInOrder() throws {
    var random = Random(seed: 5)
    let a = random.tensor([3, 8]), b = random.tensor([2, 8])
    #expect(try Rows.stacked([Rows(a), Rows(b)], as: .f32).tensor().values == a.values + b.values)
  }

  @Test func noProductIsAReferenceImplementation() throws {
    for c in ProductCase.all {
      for encoding in [Encoding.f32, .bf16] {
        let w = Rows(Tensor(repeating: 1, [c.outputs, c.inputs]))
        _ = try Matrix(w, precision: encoding)(Tensor(repeating: 1, [c.rows, c.inputs]))
      }
    }
    #expect(!OneDNN.implementations.isEmpty)
    #expect(OneDNN.implementations.filter { $0.contains("ref") } == [])
  }
}
