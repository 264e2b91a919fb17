import Checkpoints
import Foundation
import TestSupport
import Testing
import Tensors

@Suite struct NPYTests {
  /// A file with this header, and so many bytes after it.
  private static func file(_ header: String, data: Int = 24, version: UInt8 = 1, claimed: Int? = nil) -> FileBytes {
    let length = claimed ?? header.utf8.count
    let size = version == 1 ? withUnsafeBytes(of: UInt16(truncatingIfNeeded: length).littleEndian) { Array($0) } : withUnsafeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian) { Array($0) }
    return FileBytes(name: "x.npy", bytes: [0x93] + Array("NUMPY".utf8) + [version, 0] + size + Array(header.utf8) + [UInt8](repeating: 0, count: data))
  }

  private static func header(descr: String = "'<f4'", fortran: String = "False", shape: String = "(2, 3)", rest: String = "") -> String {
    "{'descr': \(descr), 'fortran_order': \(fortran), 'shape': \(shape), \(rest)}\n"
  }

  @Test func whatIsWrittenIsReadBackWithItsComment() throws {
    var random = Random(seed: 3)
    for shape in [[1], [5], [2, 3], [1, 1, 4], [2, 1, 3, 2]] {
      let tensor = random.tensor(shape), bytes = NPY.file(tensor, comment: "Recipe: 100 % — a#b.lua"), file = FileBytes(name: "x.npy", bytes: bytes)
      #expect(try NPY.tensor(of: file).shape == shape)
      #expect(try NPY.tensor(of: file).values == tensor.values)
      #expect(try NPY.comment(of: file)?.removingPercentEncoding == "Recipe: 100 % — a#b.lua")
      #expect((bytes.count - tensor.count * 4) % 64 == 0, "the elements are not aligned as NumPy's")
    }
    #expect(try NPY.comment(of: Self.file(Self.header())) == nil)
  }

  static let forged: [(FileBytes, String)] = [
    (FileBytes(name: "x.npy", bytes: Array("PK\u{3}\u{4} and so on".utf8)), "this is not a .npy file: NumPy's magic number is missing"),
    (FileBytes(name: "x.npy", bytes: [0x93] + Array("NUMPY".utf8)), "this is not a .npy file: NumPy's magic number is missing"),
    (file(header(), version: 4), "version 4 of the .npy format is unknown; there are 1, 2 and 3"),
    (file(header(), version: 0), "version 0 of the .npy format is unknown; there are 1, 2 and 3"),
    (file("{}", data: 0, claimed: 9_000), "the header alone takes 9000 bytes but the file has 12; it is cut off"),
    (file("{}", version: 2, claimed: 1 << 31), "a header of 2147483648 bytes is longer than any that NumPy reads (10000)"),
    (file(header(), data: 23), "an array of shape [2, 3] in <f4 needs 24 bytes, but 23 follow the header"),
    (file(header(), data: 25), "an array of shape [2, 3] in <f4 needs 24 bytes, but 25 follow the header"),
    (file(header(shape: "(0,)"), data: 0), "the array of shape [0] is empty"),
    (file(header(shape: "(4611686018427387904, 4)")), "the shape [4611686018427387904, 4] is impossible"),
    (file(header(shape: "(" + String(repeating: "1, ", count: 33) + ")")), "the array has 33 axes; the most is 32"),
    (file(header(descr: "'<c8'")), "elements of type '<c8' are no plain numbers; save it as float32: x.astype(\"float32\")"),
    (file(header(descr: "'<U4'")), "elements of type '<U4' are no plain numbers; save it as float32: x.astype(\"float32\")"),
    (file(header(descr: "''")), "elements of type '' are no plain numbers; save it as float32: x.astype(\"float32\")"),
    (file(header(descr: "'|O'")), "holds Python objects, which are a pickle and never opened; save it as numbers"),
  ] + ["", "{", "{}", "[]", "{'descr': '<f4'}", header(descr: "[('a', '<f4')]"), header(descr: "'<f4"), header(descr: "'\\'f4'"), header(fortran: "maybe"), header(fortran: "1"),
       header(shape: "(2, 3"), header(shape: "(-2, 3)"), header(shape: "(2.0, 3)"), header(shape: "(99999999999999999999,)"), header(shape: "6"), header(shape: "(,)"),
       header(rest: "'more': 1"), header(rest: "'shape': (1,)"), header() + "x", "__import__('os').system('true')"]
    .map { (file($0), "the header is not what NumPy writes; the file is damaged") }

  @Test(arguments: forged) func aForgedFileSaysWhatIsWrongWithIt(_ file: FileBytes, _ expected: String) {
    #expect(message { _ = try NPY.tensor(of: file) } == "x.npy: " + expected)
  }

  @Test func noBytesOfAFileMakeTheReaderTrip() throws {
    let whole = NPY.file(Tensor([2, 3], [1, 2, 3, 4, 5, 6]), comment: "Recipe: a.lua")
    for length in 0..<whole.count { #expect(throws: CheckpointError.self) { try NPY.tensor(of: FileBytes(name: "x.npy", bytes: Array(whole[..<length]))) } }
    var random = Random(seed: 9)
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<3 { bytes[Int(random.next() % UInt64(128))] = UInt8(truncatingIfNeeded: random.next()) }
      let file = FileBytes(name: "x.npy", bytes: bytes)
      if let tensor = try? NPY.tensor(of: file) { #expect(tensor.count * 4 <= whole.count) }
      _ = try? NPY.comment(of: file)
    }
  }
}
