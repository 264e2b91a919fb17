import CKernels
import TestSupport
import Testing
import Tensors

/// bf16 and f16: every bit, on every instruction set.
@Suite struct ConversionTests {
  static let tables = KernelTable.allAndPlain


  @Test(arguments: tables) func everyHalfIsReadAsSwiftReadsIt(_ table: KernelTable) throws {
    let halves = (0...UInt16.max).map { $0 }
    var y = [Float](repeating: 0, count: halves.count)
    table.kernels.f32_from_f16(&y, halves, halves.count)
    let wrong = zip(halves, y).filter { half, made in
      let expected = Float(Float16(bitPattern: half))
      return expected.isNaN ? !made.isNaN : made.bitPattern != expected.bitPattern
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(4))")
  }

  @Test(arguments: tables) func everyBF16IsTheUpperHalfOfItsFloat(_ table: KernelTable) throws {
    let halves = (0...UInt16.max).map { $0 }
    var y = [Float](repeating: 0, count: halves.count)
    table.kernels.f32_from_bf16(&y, halves, halves.count)
    #expect(zip(halves, y).allSatisfy { UInt32($0) << 16 == $1.bitPattern })
  }

  /// The nearer of the two neighbours, found by arithmetic in double and not by bits.
  static func nearest(_ x: Float) -> UInt16 {
    let below = UInt16(x.bitPattern >> 16)                    // towards zero
    guard x.isFinite, x.bitPattern & 0xFFFF != 0 else { return below }
    let low = Double(abs(Float(bitPattern: UInt32(below) << 16)))
    // Beyond the greatest number stands 2¹²⁸, which is written as infinity.
    let above = UInt32(below + 1) << 16, high = above & 0x7FFF_FFFF == 0x7F80_0000 ? 0x1p128 : Double(abs(Float(bitPattern: above)))
    let middle = (low + high) / 2, size = Double(abs(x))
    return size > middle || size == middle && below % 2 == 1 ? below + 1 : below
  }

  @Test(arguments: tables, [0, 1, 0x1234, 0x7FFF, 0x8000, 0x8001, 0xFFFF] as [UInt32])
  func bf16IsTheNearestAndTiesGoToEven(_ table: KernelTable, _ lower: UInt32) throws {
    let x = (0...UInt32(UInt16.max)).map { Float(bitPattern: $0 << 16 | lower) }
    var y = [UInt16](repeating: 0, count: x.count)
    table.kernels.bf16_from_f32(&y, x, x.count)
    let wrong = zip(x, y).filter { x, made in
      x.isNaN ? !Float(bitPattern: UInt32(made) << 16).isNaN : made != Self.nearest(x)
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(4))")
  }

  @Test(arguments: tables) func knownNumbersRoundAsTheyShould(_ table: KernelTable) throws {
    let cases: [(Float, UInt16)] = [
      (1, 0x3F80), (-2, 0xC000), (0, 0), (-0.0, 0x8000), (.infinity, 0x7F80), (-.infinity, 0xFF80),
      (1 + 0x1p-8, 0x3F80), (1 + 0x3p-8, 0x3F82), (1 + 0x1p-8 + 0x1p-20, 0x3F81),     // ties to even, and just above one
      (.greatestFiniteMagnitude, 0x7F80), (.leastNonzeroMagnitude, 0), (0x1p-133, 0x0001),
    ]
    var y = [UInt16](repeating: 0, count: cases.count)
    table.kernels.bf16_from_f32(&y, cases.map(\.0), cases.count)
    #expect(y == cases.map(\.1))
  }

  @Test(arguments: tables, awkwardLengths) func conversionsEndWhereTheyShould(_ table: KernelTable, _ count: Int) throws {
    let kernels = table.kernels
    let floats = [Float](repeating: 1, count: count), ones = [UInt16](repeating: 0x3F80, count: count)
    let halves = [UInt16](repeating: Float16(1).bitPattern, count: count)
    let narrow = Strip(count, .bf16), wide = Strip(count, .f32), wider = Strip(count, .f32)
    kernels.bf16_from_f32(narrow.start.assumingMemoryBound(to: UInt16.self), floats, count)
    kernels.f32_from_bf16(wide.start.assumingMemoryBound(to: Float.self), ones, count)
    kernels.f32_from_f16(wider.start.assumingMemoryBound(to: Float.self), halves, count)
    for strip in [narrow, wide, wider] { #expect(strip.isWhole && (0..<count).allSatisfy { strip[$0] == 1 }) }
  }

  @Test func rowsKeepTheirNumbersWhateverTheyAreStoredIn() throws {
    let values: [Float] = [1, -2, 0.5, 3.25, -0.0, 65504]        // exact in every encoding but the last, which bf16 rounds
    let f32 = Rows(Tensor([2, 3], values))
    let f16 = try #require(halves(values, 2, 3))
    let bf16 = try f32.converted(to: .bf16)
    #expect(try f16.tensor().values == values)
    #expect(try bf16.tensor().values == [1, -2, 0.5, 3.25, -0.0, 65536])
    #expect(try f16.converted(to: .bf16).tensor().values == bf16.tensor().values)
    #expect(try Rows.stacked([f32, f16, bf16], as: .bf16).tensor().values == bf16.tensor().values + bf16.tensor().values + bf16.tensor().values)
    #expect(try Rows.stacked([f16, bf16], as: .f32).tensor().shape == [4, 3])
  }

  @Test func longRowsAreConvertedInPiecesWithoutASeam() throws {
    var random = Random(seed: 30)
    let x = random.tensor([37, 1031])
    let exact = try Rows(x).converted(to: .bf16).tensor()
    #expect(zip(x.values, exact.values).allSatisfy { Self.nearest($0) == UInt16($1.bitPattern >> 16) })
  }

  private func halves(_ values: [Float], _ rows: Int, _ width: Int) -> Rows? {
    let storage = Storage(count: values.count * 2)
    for (i, value) in values.enumerated() { storage.start.storeBytes(of: Float16(value).bitPattern, toByteOffset: 2 * i, as: UInt16.self) }
    return Rows(count: rows, width: width, encoding: .f16, storage: storage)
  }
}
