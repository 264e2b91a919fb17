import Checkpoints
import Foundation
import TestSupport
import Testing
import Tensors

@Suite struct SafetensorsTests {
  @Test func whatIsWrittenIsReadBack() throws {
    var random = Random(seed: 1)
    let tensors = ["b.weight": random.tensor([3, 5]), "a": random.tensor([]), "empty": random.tensor([0, 4]), "狐": random.tensor([1, 2, 3])]
    let checkpoint = try Checkpoint(safetensors: FileBytes(name: "made", bytes: Safetensors.file(tensors, metadata: ["prompt": "a \"red\" fox"])))
    #expect(Set(checkpoint.entries.keys) == Set(tensors.keys))
    for (name, tensor) in tensors {
      #expect(try checkpoint.tensor(name).shape == tensor.shape)
      #expect(try checkpoint.tensor(name).values == tensor.values)
    }
    #expect(checkpoint.parameterCount == 15 + 1 + 0 + 6 && checkpoint.byteCount == 22 * 4)
  }

  @Test func aFileWithoutTensorsIsEmpty() throws {
    for header in ["{}", "{\"__metadata__\":{\"format\":\"pt\"}}", "{}      "] {
      #expect(try ForgedFile(header: header).open().entries.isEmpty)
    }
  }

  @Test(arguments: 0..<9) func aHeaderOfAnyLengthLeavesTheNumbersRight(_ padding: Int) throws {
    // Old tools did not align the data; in an archive nor does anything else.
    for before in 0..<5 {
      let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}," +
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[16,22]}}" + String(repeating: " ", count: padding)
      let floats: [Float] = [1, 2, 3, 4], halves: [UInt8] = [0x80, 0x3F, 0x00, 0x40, 0x40, 0xC0]
      let numbers = floats.withUnsafeBytes { Array($0) } + halves
      let whole = FileBytes(name: "odd", bytes: [UInt8](repeating: 9, count: before) + ForgedFile(header: header, data: numbers).bytes)
      let checkpoint = try Checkpoint(safetensors: FileBytes(name: "odd", storage: whole.storage, range: before..<whole.count))
      #expect(try checkpoint.tensor("a").values == [1, 2, 3, 4])
      #expect(try checkpoint.tensor("b").values == [1, 2, -3])
      #expect(try checkpoint.rows("a").converted(to: .bf16).tensor().values == [1, 2, 3, 4])
    }
  }

  static let forged: [(ForgedFile, String)] = [
    (ForgedFile(header: "{}", claimedLength: .max), "the header's length, 18446744073709551615 bytes, is impossible; this is not a safetensors file"),
    (ForgedFile(header: "{}", claimedLength: 1), "the header's length, 1 bytes, is impossible; this is not a safetensors file"),
    (ForgedFile(header: "{}", claimedLength: 100_000_001), "the header's length, 100000001 bytes, is impossible; this is not a safetensors file"),
    (ForgedFile(header: "{}", claimedLength: 3), "the header alone takes 3 bytes but the file has 10; it is cut off, download it again"),
    (ForgedFile(header: "{\"a\""), "the header is not valid JSON; the file is damaged"),
    (ForgedFile(header: "[1, 2]"), "the header is not valid JSON; the file is damaged"),
    (ForgedFile(header: String(repeating: "[", count: 100_000)), "the header is not valid JSON; the file is damaged"),
    (ForgedFile(header: String(repeating: "{\"a\":", count: 100_000)), "the header is not valid JSON; the file is damaged"),
    (ForgedFile(header: "{\"a\":1}"), "the header's entry for 'a' lacks a dtype, a shape or two offsets"),
    (ForgedFile(header: "{\"a\":{\"dtype\":\"F32\"}}"), "the header's entry for 'a' lacks a dtype, a shape or two offsets"),
    (.one(offsets: "[0,8,16]"), "the header's entry for 'a' lacks a dtype, a shape or two offsets"),
    (.one(shape: "[-2]"), "the header's entry for 'a' lacks a dtype, a shape or two offsets"),
    (.one(shape: "[1.5]"), "the header's entry for 'a' lacks a dtype, a shape or two offsets"),
    (.one(shape: "[1,1,1,1,1,1,1,1,2]"), "the header's entry for 'a' lacks a dtype, a shape or two offsets"),
    (.one(shape: "[1e300]"), "the header's entry for 'a' lacks a dtype, a shape or two offsets"),
    (.one(dtype: "\"Q4_K\""), "tensor 'a' has the unknown type Q4_K"),
    (.one(offsets: "[8,0]"), "tensor 'a' has the impossible range [8, 0]"),
    (.one(offsets: "[-8,0]"), "tensor 'a' has the impossible range [-8, 0]"),
    (.one(shape: "[4611686018427387904,4]"), "tensor 'a' has the impossible shape [4611686018427387904, 4]"),
    (.one(shape: "[0,4611686018427387904,4611686018427387904]", offsets: "[0,0]", bytes: 0), "tensor 'a' has the impossible shape [0, 4611686018427387904, 4611686018427387904]"),
    (.one(shape: "[3]"), "tensor 'a' of shape [3] in F32 needs 12 bytes but has 8"),
    (.one(offsets: "[0,4]"), "tensor 'a' of shape [2] in F32 needs 8 bytes but has 4"),
    (.one(bytes: 7), "tensor 'a' ends 8 bytes after the header but the file has only 7 there; it is cut off, download it again"),
    (.one(bytes: 9), "1 bytes after the last tensor belong to none; the header is damaged"),
    (.one(offsets: "[1,9]", bytes: 9), "tensor 'a' leaves a gap before it; the header is damaged"),
    (ForgedFile(header: "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[3,7]}}", data: [0, 0, 0, 0, 0, 0, 0]),
     "tensor 'b' overlaps the one before it; the header is damaged"),
    // The greatest size that a Double holds: adding to it must not overflow.
    (ForgedFile(header: "{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854774784],\"data_offsets\":[0,9223372036854774784]}}" + String(repeating: " ", count: 2000)),
     "tensor 'a' ends 9223372036854774784 bytes after the header but the file has only 0 there; it is cut off, download it again"),
  ]

  @Test(arguments: forged.indices) func aForgedFileIsAnErrorThatSaysWhatIsWrong(_ index: Int) {
    let (file, what) = Self.forged[index]
    #expect(message { _ = try file.open() } == "forged: \(what)")
  }

  @Test func aFileCutAnywhereIsAnErrorThatNamesIt() throws {
    let whole = try Safetensors.file(["a": Tensor([5], [1, 2, 3, 4, 5]), "b": Tensor([2, 2], [1, 2, 3, 4])])
    for length in 0..<whole.count {
      let text = message { _ = try Checkpoint(safetensors: FileBytes(name: "cut", bytes: Array(whole[..<length]))) }
      #expect(text.hasPrefix("cut: "), "at \(length): \(text)")
    }
  }

  @Test func changedBytesThrowOrAreRead() throws {
    let whole = try Safetensors.file(["a": Tensor([5], [1, 2, 3, 4, 5]), "b": Tensor([2, 2], [1, 2, 3, 4])], metadata: ["format": "pt"])
    var random = Random(seed: 2)
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0...Int(random.next() % 3) { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next()) }
      guard let checkpoint = try? Checkpoint(safetensors: FileBytes(name: "changed", bytes: bytes)) else { continue }
      for name in checkpoint.entries.keys { _ = try? checkpoint.tensor(name) }
    }
  }

  @Test func weightsAreFloats() throws {
    let file = ForgedFile.one(dtype: "\"I64\"", shape: "[1]")
    #expect(message { _ = try file.open().tensor("a") } == "forged: tensor 'a' is of type I64; weights can be F32, F16, BF16, F8_E4M3, or of GGUF's Q2_K to Q8_0, IQ4_NL and IQ4_XS")
  }

  @Test func aMissingTensorIsNamedWithWhatLooksLikeIt() throws {
    let names = ["blocks.0.attn.to_k.weight", "blocks.0.attn.to_q.bias", "blocks.0.attn.to_qq.weight", "blocks.1.attn.to_q.weight", "other"]
    let checkpoint = try Checkpoint(safetensors: FileBytes(name: "model", bytes: Safetensors.file(Dictionary(uniqueKeysWithValues: names.map { ($0, Tensor([1], [1])) }))))
    #expect(message { _ = try checkpoint.tensor("blocks.0.attn.to_q.weight") } ==
      "model: no tensor 'blocks.0.attn.to_q.weight'; the nearest names in it are 'blocks.0.attn.to_k.weight', 'blocks.0.attn.to_qq.weight', 'blocks.1.attn.to_q.weight'")
    #expect(message { _ = try checkpoint.tensor("shared.weight") } == "model: no tensor 'shared.weight'; is this the file of another model?")
  }

  @Test func blocksAreCountedHoweverTheyAreNumbered() throws {
    let names = ["blocks.0.w", "blocks.0.b", "blocks.9223372036854775807.w", "blocks.-1.w"]
    let checkpoint = try Checkpoint(safetensors: FileBytes(name: "model", bytes: Safetensors.file(Dictionary(uniqueKeysWithValues: names.map { ($0, Tensor([1], [1])) }))))
    #expect(message { try Weights(checkpoint, precision: .f32).expect(1, of: "blocks", "num_layers") } ==
      "model: holds 3 of 'blocks', but config.json asks for 1 ('num_layers'); do the two files belong together?")
  }

  @Test func theFingerprintChangesWithANumberANameAndAShape() throws {
    func fingerprint(_ tensors: [String: Tensor]) throws -> String {
      let digest = Digest()
      try Checkpoint(safetensors: FileBytes(name: "x", bytes: Safetensors.file(tensors))).addFingerprint(to: digest)
      return digest.finish()
    }
    let prints = try [["a": Tensor([4], [1, 2, 3, 4])], ["a": Tensor([4], [1, 2, 3, 5])], ["b": Tensor([4], [1, 2, 3, 4])], ["a": Tensor([2, 2], [1, 2, 3, 4])]].map(fingerprint)
    #expect(Set(prints).count == 4)
    #expect(try fingerprint(["a": Tensor([4], [1, 2, 3, 4])]) == prints[0])
  }
}
