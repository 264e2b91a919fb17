import Checkpoints
import CKernels
import TestSupport
import Testing
import Tensors

/// Blocks of GGUF files become the numbers that gguf-py makes of them, on every instruction set.
@Suite struct UnpackTests {
  static let tables = KernelTable.allAndPlain
  static let blocks = Encoding.allCases.filter { $0.block.numbers > 1 }

  /// The reference's blocks of an encoding, and its numbers.
  func reference(_ encoding: Encoding) throws -> (bytes: [UInt8], values: Tensor, tolerance: Float) {
    let c = try Fixtures.named("gguf.blocks"), name = encoding.rawValue.uppercased()
    let file = try Fixtures.checkpoint("\(Fixtures.folder)/gguf/blocks.safetensors")
    return (try file.entry("\(name).bytes").array, try c.tensor(name), c.tolerance(name))
  }

  func unpacked(_ bytes: [UInt8], _ encoding: Encoding, _ count: Int, _ table: KernelTable, scale: Float = 1) throws -> [Float] {
    let kernels = table.kernels
    var y = [Float](repeating: .nan, count: count)
    kernels.unpack(&y, row_f32, bytes, encoding.forKernels, scale, count)
    return y
  }

  @Test(arguments: blocks, tables) func everyBlockIsWhatTheReferenceMakesOfIt(_ encoding: Encoding, _ table: KernelTable) throws {
    let (bytes, values, tolerance) = try reference(encoding)
    #expect(bytes.count == encoding.bytes(of: values.count))
    let made = Tensor(values.shape, try unpacked(bytes, encoding, values.count, table))
    #expect(made.largestDifference(from: values) <= tolerance)
  }

  @Test(arguments: blocks) func everyInstructionSetGivesTheSameBits(_ encoding: Encoding) throws {
    let (bytes, values, _) = try reference(encoding)
    let all = try Self.tables.map { try unpacked(bytes, encoding, values.count, $0).map(\.bitPattern) }
    #expect(all.allSatisfy { $0 == all[0] })
  }

  @Test(arguments: blocks, tables) func inBF16EveryNumberIsRoundedOnce(_ encoding: Encoding, _ table: KernelTable) throws {
    let (bytes, values, _) = try reference(encoding), kernels = table.kernels
    let exact = try unpacked(bytes, encoding, values.count, table)
    var rounded = [UInt16](repeating: 0, count: values.count), expected = rounded
    kernels.unpack(&rounded, row_bf16, bytes, encoding.forKernels, 1, values.count)
    kernels.bf16_from_f32(&expected, exact, exact.count)
    #expect(rounded == expected)
  }

  /// 4 bits of exponent, 3 of fraction, bias 7; no infinities.
  @Test(arguments: tables) func everyFloat8IsWhatItsBitsSay(_ table: KernelTable) throws {
    let codes = (0...UInt8.max).map { $0 }
    let made = try unpacked(codes, .f8_e4m3, codes.count, table, scale: 3)
    for (code, value) in zip(codes, made) {
      let exponent = Int(code >> 3 & 15), fraction = Float(code & 7) / 8
      let size = exponent == 0 ? fraction * 0x1p-6 : (1 + fraction) * Float(sign: .plus, exponent: exponent - 7, significand: 1)
      if code & 0x7F == 0x7F { #expect(value.isNaN) } else { #expect(value == 3 * (code < 128 ? size : -size), "code \(code)") }
    }
  }

  @Test(arguments: awkwardLengths, tables) func numbersThatStandAloneAreUnpackedToTheLast(_ count: Int, _ table: KernelTable) throws {
    var random = Random(seed: UInt64(count))
    let halves = (0..<count).map { _ in Float16(random.float()) }, bytes = (0..<count).map { _ in Int8.random(in: -127...127, using: &random) }
    let f16 = halves.withUnsafeBytes { Array($0) }, int8 = bytes.withUnsafeBytes { Array($0) }
    #expect(try unpacked(f16, .f16, count, table) == halves.map { Float($0) })
    #expect(try unpacked(int8, .int8, count, table, scale: 0.5) == bytes.map { Float($0) / 2 })
  }

  /// Random blocks with sound scales: what a product with them must equal.
  static func rows(_ encoding: Encoding, _ count: Int, _ width: Int) throws -> Rows {
    let c = try Fixtures.checkpoint("\(Fixtures.folder)/gguf/blocks.safetensors").entry("\(encoding.rawValue.uppercased()).bytes").array
    let storage = Storage(count: count * encoding.bytes(of: width))
    for i in 0..<storage.count { storage.start.storeBytes(of: c[i % c.count], toByteOffset: i, as: UInt8.self) }
    return Rows(count: count, width: width, encoding: encoding, storage: storage)
  }

  @Test(arguments: blocks, [1, 3, 130]) func aProductWithBlocksIsOneWithTheirNumbers(_ encoding: Encoding, _ count: Int) throws {
    let rows = try Self.rows(encoding, 300, 512)
    var random = Random(seed: 5)
    let x = random.tensor([count, 512])
    let made = try Matrix(rows, precision: .f32)(x), expected = try Matrix(rows.converted(to: .f32), precision: .f32)(x)
    #expect(Matrix(rows: rows).encoding == encoding)
    #expect((made - expected).norm <= 1e-5 * expected.norm)
  }

  @Test(arguments: [Encoding.q8_0, .q4_k]) func blocksOfSeveralWeightsFollowEachOther(_ encoding: Encoding) throws {
    let a = try Self.rows(encoding, 40, 256), b = try Self.rows(.q6_k, 270, 256), c = try Rows(Tensor(repeating: 0.25, [3, 256])).converted(to: .bf16)
    var random = Random(seed: 6)
    let x = random.tensor([17, 256]), bias = random.tensor([313])
    let made = try Matrix([a, b, c], precision: .f32)(x, bias: bias)
    let whole = try Tensor.concatenated([a.tensor(), b.tensor(), c.tensor()])
    let expected = try Matrix(Rows(whole), precision: .f32)(x, bias: bias)
    #expect((made - expected).norm <= 1e-5 * expected.norm)
  }

  @Test(arguments: [Encoding.f32, .bf16]) func aProductWithBlocksIsTheSameBytesAtAnyNumberOfThreads(_ precision: Encoding) throws {
    let matrix = try Matrix(Self.rows(.q5_k, 700, 512), precision: precision)
    var random = Random(seed: 7)
    let x = random.tensor([300, 512])
    let results = try [1, 2, 3].map { threads in try withThreads(threads) { try matrix(x).values } }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func inBF16AProductWithBlocksStaysWithinItsRounding() throws {
    let rows = try Self.rows(.q4_k, 300, 512)
    var random = Random(seed: 8)
    let x = random.tensor([65, 512]), exact = try Matrix(rows, precision: .f32)(x), rounded = try Matrix(rows, precision: .bf16)(x)
    #expect((rounded - exact).norm < 0.01 * exact.norm)
  }
}
