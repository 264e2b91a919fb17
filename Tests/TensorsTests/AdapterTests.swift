import TestSupport
import Testing
import Tensors

/// Small matrices beside a large one: added while the product is made where a tile unit makes it, and behind it elsewhere.
@Suite(.serialized) struct AdapterTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let rows: Int, inputs: Int, parts: [Int], ranks: [Int]
    var testDescription: String { "\(rows)×\(inputs)×\(parts), ranks \(ranks)" }
  }
  /// Few rows, whole blocks of columns and others, more inputs than a tile unit works on at a time, ranks on both sides of a tile.
  static let shapes = [Shape(rows: 1, inputs: 64, parts: [64], ranks: [4]), Shape(rows: 33, inputs: 96, parts: [64, 32, 96], ranks: [16, 33, 1]),
                       Shape(rows: 300, inputs: 2176, parts: [288, 1056], ranks: [5, 64]), Shape(rows: 70, inputs: 64, parts: [40, 72], ranks: [8, 8]),
                       Shape(rows: 257, inputs: 130, parts: [65], ranks: [3])]

  @Test(arguments: shapes, [Encoding.f32, .bf16, .int8]) func whatTheyAddIsTheirOwnProduct(_ shape: Shape, _ encoding: Encoding) throws {
    var random = Random(seed: 5)
    let outputs = shape.parts.reduce(0, +), w = random.tensor([outputs, shape.inputs]), x = random.tensor([shape.rows, shape.inputs]), bias = random.tensor([outputs])
    let matrix = try Matrix(Rows(w), precision: encoding), rows = Operand(x, as: matrix.intake), plain = try matrix(rows, bias: bias)
    var expected = plain, shares: [Adapter.Share] = [], first = 0
    for (index, (count, rank)) in zip(shape.parts, shape.ranks).enumerated() {
      let down = random.tensor([rank, shape.inputs]), up = random.tensor([count, rank]), scale = Float(index + 1) * 0.25
      shares.append(.init(try Adapter(down: down, up: up, outputs: first..<first + count, intake: matrix.intake), scale: scale))
      let added = plainProduct(plainProduct(x, down, bias: nil), up, bias: nil)
      expected.withMutableFloats { to in for row in 0..<shape.rows { for column in 0..<count { to[row * outputs + first + column] += scale * added.floats[row * count + column] } } }
      first += count
    }
    let made = try matrix(rows, bias: bias, adapters: shares)
    // Both halves are rounded to bf16, and rows in int8 once more.
    let bound: Float = encoding == .f32 ? Tolerance.product * 40 : 0.02
    #expect(made.relativeDifference(from: expected) < bound)
    #expect(made.relativeDifference(from: plain) > 0.1, "they add something")
    #expect(try withThreads(3) { try matrix(rows, bias: bias, adapters: shares).values } == made.values)
    let last = try matrix(Operand(x[shape.rows - 1..<shape.rows], as: matrix.intake), bias: bias, adapters: shares)
    #expect(!TileUnit.isThere || encoding != .bf16 || shape.inputs % 32 > 0 || last.values == made[shape.rows - 1..<shape.rows].values, "a row by itself is the same bytes")
  }

  @Test func blocksOfGGUFTakeThemToo() throws {
    var random = Random(seed: 9)
    let w = Rows(count: 320, width: 64, encoding: .q8_0, storage: Storage.filled(320 * 2 * 34, .q8_0)), matrix = try Matrix(w, precision: .bf16)
    let x = random.tensor([65, 64]), down = random.tensor([16, 64]), up = random.tensor([64, 16])
    // The last 64 outputs: they begin in the first tile of 256 outputs, or in the second.
    for first in [0, 192, 224, 256] {
      let share = Adapter.Share(try Adapter(down: down, up: up, outputs: first..<first + 64, intake: matrix.intake), scale: 0.5)
      let plain = try matrix(x), made = try matrix(Operand(x, as: matrix.intake), adapters: [share])
      let added = plainProduct(plainProduct(x, down, bias: nil), up, bias: nil)
      var expected = Tensor.zeros(plain.shape)
      expected.withMutableFloats { to in for row in 0..<65 { for column in 0..<64 { to[row * 320 + first + column] = 0.5 * added.floats[row * 64 + column] } } }
      #expect((made - plain).relativeDifference(from: expected) < 0.01, "from output \(first) on")
    }
  }
}

extension Tensor {
  /// The root of the mean square of a difference, over that of what was expected.
  fileprivate func relativeDifference(from other: Tensor) -> Float {
    let difference = zip(values, other.values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }, size = other.values.reduce(0.0) { $0 + Double($1 * $1) }
    return Float((difference / size).squareRoot())
  }
}
