import CKernels
import TestSupport
import Testing
import Tensors

/// An instruction set's kernels and the plain ones that they are held against.
struct KernelTable: @unchecked Sendable, CustomTestStringConvertible {
  /// The best of this machine is the first.
  let index: Int
  let kernels: kernels
  var name: String { String(cString: kernels.isa) }
  var testDescription: String { "\(index): \(name)" }

  /// Those of this machine, and the oracle itself behind them.
  static let allAndPlain: [KernelTable] = (0..<8).compactMap { index in kernels_numbered(index).map { KernelTable(index: index, kernels: $0.pointee) } }
  static let all = allAndPlain.filter { $0.name != "portable" }

  /// Runs `body` with the plain kernels, then with these; each writes `count` numbers in the encoding it is told. Checks
  /// that both wrote the same, and that neither wrote outside.
  func check(_ what: String, _ count: Int, within tolerance: Float = Tolerance.kernel, encodings: [Encoding] = [.f32, .bf16],
             sourceLocation: SourceLocation = #_sourceLocation,
             _ body: (kernels, UnsafeMutableRawPointer, row_encoding) -> Void) throws {
    let plain = try #require(kernels_named("portable")).pointee
    for encoding in encodings {
      let expected = Strip(count, encoding), got = Strip(count, encoding)
      body(plain, expected.start, encoding == .bf16 ? row_bf16 : row_f32)
      body(kernels, got.start, encoding == .bf16 ? row_bf16 : row_f32)
      #expect(expected.isWhole && got.isWhole, "\(what) in \(encoding) wrote outside", sourceLocation: sourceLocation)
      if let wrong = (0..<count).first(where: { !Strip.equal(expected, got, $0, tolerance) }) {
        Issue.record("\(what) in \(encoding): at \(wrong) of \(count) \(got[wrong]), expected \(expected[wrong])", sourceLocation: sourceLocation)
      }
    }
  }
}

/// Numbers that a kernel writes, between two stretches that it must leave alone.
final class Strip {
  private let storage: Storage
  private let count: Int, encoding: Encoding
  private static let margin = 64, untouched: UInt8 = 0xA5

  init(_ count: Int, _ encoding: Encoding) {
    (self.count, self.encoding) = (count, encoding)
    storage = Storage(count: 2 * Self.margin + count * encoding.width)
    UnsafeMutableRawBufferPointer(start: storage.start, count: storage.count).initializeMemory(as: UInt8.self, repeating: Self.untouched)
  }

  var start: UnsafeMutableRawPointer { storage.start + Self.margin }

  var isWhole: Bool {
    let bytes = storage.bytes
    return bytes.prefix(Self.margin).allSatisfy { $0 == Self.untouched } && bytes.suffix(Self.margin).allSatisfy { $0 == Self.untouched }
  }

  subscript(i: Int) -> Float {
    encoding == .f32 ? start.load(fromByteOffset: 4 * i, as: Float.self) : Float(bitPattern: UInt32(bits(i)) << 16)
  }

  private func bits(_ i: Int) -> UInt16 { start.load(fromByteOffset: 2 * i, as: UInt16.self) }

  /// Equal within the tolerance; in bf16 also where the two round to neighbours.
  static func equal(_ a: Strip, _ b: Strip, _ i: Int, _ tolerance: Float) -> Bool {
    let (x, y) = (a[i], b[i])
    if x == y || x.isNaN && y.isNaN || abs(x - y) <= tolerance * max(1, abs(x)) { return true }
    return a.encoding == .bf16 && abs(Int(a.bits(i)) - Int(b.bits(i))) <= 1
  }
}
