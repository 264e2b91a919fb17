import Checkpoints
import TestSupport
import Testing
import Tensors

/// A GGUF file made by hand, to be wrong in one place.
struct ForgedGGUF {
  struct Tensor { var name = "a", lengths: [UInt64] = [32, 2], type: UInt32 = 8, offset: UInt64 = 0 }

  var magic = Array("GGUF".utf8), version: UInt32 = 3
  var tensors = [Tensor()]
  var values: [(key: String, type: UInt32, bytes: [UInt8])] = []
  var tensorCount: UInt64?, valueCount: UInt64?
  var data = [UInt8](repeating: 1, count: 68)

  static func bytes<T>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
  static func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

  var bytes: [UInt8] {
    var all = magic + Self.bytes(version) + Self.bytes(tensorCount ?? UInt64(tensors.count)) + Self.bytes(valueCount ?? UInt64(values.count))
    for value in values { all += Self.text(value.key) + Self.bytes(value.type) + value.bytes }
    for t in tensors {
      all += Self.text(t.name) + Self.bytes(UInt32(t.lengths.count)) + t.lengths.flatMap { Self.bytes($0) } + Self.bytes(t.type) + Self.bytes(t.offset)
    }
    return all + [UInt8](repeating: 0, count: (32 - all.count % 32) % 32) + data
  }

  func open() throws -> GGUF.Contents { try GGUF.contents(of: FileBytes(name: "forged", bytes: bytes)) }
}

@Suite struct GGUFTests {
  /// What is said of a file that is sound but for one change.
  func complaint(_ change: (inout ForgedGGUF) -> Void) -> String {
    message {
      var file = ForgedGGUF()
      change(&file)
      _ = try file.open()
    }
  }

  @Test func theForgedFileIsSoundBeforeItIsSpoilt() throws {
    var file = ForgedGGUF()
    file.values = [("general.architecture", 8, ForgedGGUF.text("flux")), ("n", 4, ForgedGGUF.bytes(UInt32(7))), ("b", 7, [1]),
                   ("list", 9, ForgedGGUF.bytes(UInt32(5)) + ForgedGGUF.bytes(UInt64(2)) + ForgedGGUF.bytes(Int32(-1)) + ForgedGGUF.bytes(Int32(2)))]
    let contents = try file.open()
    #expect(contents.entries["a"]?.shape == [2, 32])
    #expect(contents.entries["a"]?.encoding == .q8_0)
    #expect(contents.metadata == ["general.architecture": .text("flux"), "n": .number(7), "b": .flag(true), "list": .list([.number(-1), .number(2)])])
  }

  @Test func wrongFirstBytesAreToldApart() {
    #expect(complaint { $0.magic = Array("GGML".utf8) } == "forged: does not begin with GGUF")
    #expect(complaint { $0.version = 1 } == "forged: is of GGUF version 1; versions 2 and 3 are read: convert it anew")
    #expect(complaint { $0.version = 3 << 24 } == "forged: is a GGUF file for big-endian machines; convert it anew for little-endian ones")
    #expect(message { _ = try GGUF.contents(of: FileBytes(name: "forged", bytes: Array("GGUF\u{3}\0\0\0".utf8))) } == "forged: 8 bytes are too few for a GGUF file; it is cut off, download it again")
  }

  @Test(arguments: [UInt64(1) << 32, .max, 1 << 62]) func absurdCountsAreRefusedBeforeAnythingIsMade(_ count: UInt64) {
    #expect(complaint { $0.tensorCount = count }.hasPrefix("forged: says that it holds \(count) tensors and 0 values, but has only"))
    #expect(complaint { $0.valueCount = count }.contains("tensors and \(count) values, but has only"))
    #expect(complaint { $0.values = [("list", 9, ForgedGGUF.bytes(UInt32(4)) + ForgedGGUF.bytes(count))] }.contains("is said to be a list of \(count), but only"))
    #expect(complaint { $0.values = [("text", 8, ForgedGGUF.bytes(count))] }.contains("is said to take \(count) bytes, but only"))
  }

  @Test func listsInListsWithoutEndAreRefused() {
    let nested = (0..<200).flatMap { _ in ForgedGGUF.bytes(UInt32(9)) + ForgedGGUF.bytes(UInt64(1)) }
    #expect(complaint { $0.values = [("deep", 9, nested)] } == "forged: the value of 'deep' holds lists of lists of lists; the file is damaged")
  }

  @Test func wrongTensorsAreNamed() {
    #expect(complaint { $0.tensors[0].type = 99 } == "forged: tensor 'a' has the unknown type 99; was the file made by a newer tool?")
    #expect(complaint { $0.tensors[0].lengths = [33, 2] } == "forged: tensor 'a' has rows of 33, which are no whole blocks of 32 in Q8_0")
    #expect(complaint { $0.tensors[0].lengths = [32, 0] } == "forged: tensor 'a' has the impossible shape [0, 32]")
    #expect(complaint { $0.tensors[0].lengths = [1 << 39, 1 << 39, 1 << 39] }.contains("has the impossible shape"))
    #expect(complaint { $0.tensors[0].lengths = [UInt64](repeating: 1, count: 9) } == "forged: tensor 'a' has 9 axes; the file is damaged")
    #expect(complaint { $0.tensors[0].offset = 8 } == "forged: tensor 'a' begins at byte 8, which is no multiple of the alignment 32; the file is damaged")
    #expect(complaint { $0.tensors[0].offset = .max - 31 } == "forged: tensor 'a' has the impossible offset \(UInt64.max - 31)")
    #expect(complaint { $0.tensors[0].lengths = [32, 3] } == "forged: tensor 'a' ends 102 bytes after byte 0 of the data, but the file has only 68 bytes of data; it is cut off, download it again")
    #expect(complaint { $0.tensors.append(.init()) } == "forged: has the tensor 'a' twice")
    #expect(complaint { $0.tensors.append(.init(name: "b", offset: 32)); $0.data += [UInt8](repeating: 0, count: 64) } == "forged: tensor 'b' overlaps 'a'; the file is damaged")
  }

  @Test(arguments: [UInt32(0), 3, 24, 1 << 20]) func alignmentMustBeAPowerOfTwo(_ alignment: UInt32) {
    #expect(complaint { $0.values = [("general.alignment", 4, ForgedGGUF.bytes(alignment))] }.hasPrefix("forged: 'general.alignment' must be a power of two up to 65536, got"))
  }

  @Test func everyCutOfAFileIsAnErrorAndNeverACrash() throws {
    var file = ForgedGGUF()
    file.values = [("general.architecture", 8, ForgedGGUF.text("flux")), ("n", 10, ForgedGGUF.bytes(UInt64(7)))]
    let whole = file.bytes
    for count in 0..<whole.count {
      #expect(throws: CheckpointError.self) { try GGUF.contents(of: FileBytes(name: "cut", bytes: Array(whole.prefix(count)))) }
    }
  }

  @Test func flippedBitsAreAnErrorOrAFileButNeverACrash() throws {
    let whole = ForgedGGUF().bytes
    for bit in 0..<whole.count * 8 {
      var bytes = whole
      bytes[bit / 8] ^= 1 << (bit % 8)
      if let contents = try? GGUF.contents(of: FileBytes(name: "flipped", bytes: bytes)) {
        _ = try? Checkpoint(name: "flipped", entries: contents.entries).rows("a").tensor()
      }
    }
  }

  @Test func typesThatAreKnownButNotReadAreNamedWhenTheyAreAskedFor() throws {
    var file = ForgedGGUF()
    file.tensors[0] = .init(lengths: [256], type: 19)
    let contents = try file.open()
    #expect(message { _ = try Checkpoint(name: "forged", entries: contents.entries).rows("a") }
      == "forged: tensor 'a' is of type IQ1_S; weights can be F32, F16, BF16, F8_E4M3, or of GGUF's Q2_K to Q8_0, IQ4_NL and IQ4_XS")
  }
}
