import Checkpoints
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

/// Weights that are kept as they are multiplied: the same numbers, whole or absent, and damage is told.
@Suite struct PackedTests {
  private static let key = String(repeating: "ab", count: 32)

  /// A folder with a checkpoint of two layers.
  private struct Shop {
    let folder: TemporaryFolder, checkpoint: Checkpoint

    init() throws {
      folder = try TemporaryFolder()
      var random = Random(seed: 3)
      let bytes = try Safetensors.file(["a.weight": random.tensor([96, 128]), "b.weight": random.tensor([80, 128]), "c.weight": random.tensor([33, 96])], metadata: [:])
      try Data(bytes).write(to: URL(filePath: "\(folder.path)/model.safetensors"))
      checkpoint = try Checkpoint(safetensors: FileBytes(mapping: "\(folder.path)/model.safetensors"))
    }

    var store: PackedStore { PackedStore(folder: "\(folder.path)/packed", least: 0) }
    var file: String { "\(folder.path)/packed/\(PackedTests.key).packed" }
    var hasFile: Bool { FileManager.default.fileExists(atPath: file) }

    /// What three layers make of the same rows.
    func outputs(_ precision: Encoding, _ kept: PackedWeights?) throws -> [[Float]] {
      let weights = Weights(checkpoint, precision: precision, kept: kept)
      let both = try weights.linear([("a", 96), ("b", 80)], inputs: 128, bias: false), second = try weights.linear("c", inputs: 96, outputs: 33, bias: false)
      let lone = try weights.exactlyMultiplied.linear("a", inputs: 128, outputs: 96, bias: false)
      kept?.finish()
      func x(_ width: Int) -> Tensor { Tensor([5, width], (0..<5 * width).map { sinf(Float($0)) }) }
      return [try both(x(128)).values, try second(x(96)).values, try lone(x(128)).values]
    }

    func kept(_ store: PackedStore? = nil, saying said: (String) -> Void = { _ in }) -> PackedWeights? { (store ?? self.store).weights(PackedTests.key, bytes: 1000, say: said) }

    func flip(_ place: Int) throws {
      var bytes = try Data(contentsOf: URL(filePath: file))
      bytes[place < 0 ? bytes.count + place : place] ^= 4
      try bytes.write(to: URL(filePath: file))
    }
  }

  @Test(arguments: [Encoding.f32, .bf16, .int8]) func theSecondStartMultipliesByTheSameNumbers(_ precision: Encoding) throws {
    let shop = try Shop(), plain = try shop.outputs(precision, nil)
    var said: [String] = []
    let first = try #require(shop.kept { said.append($0) })
    #expect(said.count == 1 && said[0].contains("of weights are kept in \(shop.folder.path)/packed"))
    #expect(try shop.outputs(precision, first) == plain)
    #expect(shop.hasFile)
    let second = try #require(shop.kept { said.append($0) })
    #expect(try shop.outputs(precision, second) == plain && said.count == 1)
  }

  @Test func aFlippedBitIsToldAndTheFileGoes() throws {
    let shop = try Shop()
    _ = try shop.outputs(.f32, shop.kept())
    try shop.flip(4096 + 100)
    let text = message { _ = try shop.outputs(.f32, shop.kept()) }
    #expect(text == "\(shop.file): was damaged since it was written, and is removed now: the next start makes it anew from the model. Is the disk failing?", "\(text)")
    #expect(!shop.hasFile)
    #expect(try shop.outputs(.f32, shop.kept()) == shop.outputs(.f32, nil) && shop.hasFile)
  }

  @Test(arguments: [-1, -20, -40, -60, 3]) func aDamagedIndexIsNoFile(_ place: Int) throws {
    let shop = try Shop()
    _ = try shop.outputs(.f32, shop.kept())
    try shop.flip(place)
    var said: [String] = []
    #expect(try shop.outputs(.f32, shop.kept { said.append($0) }) == shop.outputs(.f32, nil))
    #expect(said.first == "\(shop.file) was damaged: it is made anew")
  }

  @Test func aTornFileIsNoFile() throws {
    let shop = try Shop()
    _ = try shop.outputs(.f32, shop.kept())
    let whole = try Data(contentsOf: URL(filePath: shop.file))
    for length in [0, 1, 15, 16, 60, 4096, 9000, whole.count - 1] {
      try whole.prefix(length).write(to: URL(filePath: shop.file))
      #expect(try shop.outputs(.f32, shop.kept()) == shop.outputs(.f32, nil), "\(length) bytes of it")
      #expect(try Data(contentsOf: URL(filePath: shop.file)).count == whole.count)
    }
  }

  @Test func oneWritesAtATimeAndWhoNeverFinishesLeavesNothing() throws {
    let shop = try Shop()
    var first = shop.kept()
    #expect(first != nil && shop.kept() == nil)
    first = nil
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(shop.folder.path)/packed") == ["lock"])
    try shop.folder.write([1], to: "packed/dead.packed.part")
    _ = try shop.outputs(.f32, shop.kept())
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(shop.folder.path)/packed").sorted() == ["\(Self.key).packed", "lock"])
  }

  @Test func theOldestGoOnceThereAreTooManyBytes() throws {
    let shop = try Shop(), store = PackedStore(folder: "\(shop.folder.path)/packed", most: 200_000, least: 0)
    let keys = ["a", "b", "c"].map { String(repeating: $0, count: 64) }
    for (age, key) in keys.enumerated() {
      let kept = try #require(store.weights(key, bytes: 90_000) { _ in })
      _ = try shop.outputs(.f32, kept)
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: Double(age - 10) * 1000)], ofItemAtPath: "\(shop.folder.path)/packed/\(key).packed")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: "\(shop.folder.path)/packed").filter { $0.hasSuffix(".packed") }
    #expect(!left.contains("\(keys[0]).packed") && left.contains("\(keys[2]).packed"), "\(left)")
    #expect(store.weights(Self.key, bytes: 300_000) { _ in } == nil, "larger than all of it may be")
    #expect(PackedStore(folder: "\(shop.folder.path)/packed", least: 1001).weights(Self.key, bytes: 1000) { _ in } == nil, "not worth a file")
  }
}
