import Checkpoints
import Foundation
import TestSupport
import Testing
import Tensors

/// Folders on disk, sharded checkpoints, and settings.
@Suite struct FolderTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  func shard(_ names: String...) throws -> [UInt8] {
    try Safetensors.file(Dictionary(uniqueKeysWithValues: names.map { ($0, Tensor([1], [Float($0.utf8.count)])) }))
  }

  func index(_ map: String) throws { try folder.write("{\"metadata\":{},\"weight_map\":\(map)}", to: "model.safetensors.index.json") }

  func open() throws -> Checkpoint { try Checkpoint(in: ModelFolder(path: folder.path), stem: "model") }

  @Test func shardsAreOneCheckpoint() throws {
    try folder.write(shard("a", "bb"), to: "model-1.safetensors")
    try folder.write(shard("ccc", "unlisted"), to: "model-2.safetensors")
    try index("{\"a\":\"model-1.safetensors\",\"bb\":\"model-1.safetensors\",\"ccc\":\"model-2.safetensors\"}")
    let checkpoint = try open()
    #expect(checkpoint.entries.keys.sorted() == ["a", "bb", "ccc"])
    #expect(try checkpoint.tensor("ccc").values == [3])
  }

  @Test func aMissingShardIsNamed() throws {
    try index("{\"a\":\"model-1.safetensors\"}")
    #expect(message { _ = try open() } == "\(folder.path): there is no model-1.safetensors; \(folder.path)/model.safetensors.index.json names it; was the download complete?")
  }

  @Test(arguments: ["../secret.safetensors", "/etc/passwd", "..", "sub/model.safetensors"]) func aShardOutsideTheFolderIsRefused(_ path: String) throws {
    try index("{\"a\":\"\(path)\"}")
    #expect(message { _ = try open() } == "\(folder.path)/model.safetensors.index.json: 'weight_map' names '\(path)', which is outside the folder")
  }

  @Test func aTensorThatIsNotInItsShardIsNamed() throws {
    try folder.write(shard("a"), to: "model-1.safetensors")
    try folder.write(shard("b"), to: "model-2.safetensors")
    try index("{\"a\":\"model-1.safetensors\",\"b\":\"model-1.safetensors\",\"c\":\"model-2.safetensors\"}")
    #expect(message { _ = try open() } == "\(folder.path)/model.safetensors.index.json: says that 'b' is in model-1.safetensors, but it is not")
  }

  @Test(arguments: ["[]", "{\"a\":1}", "null"]) func aMapThatIsNoneIsAnError(_ map: String) throws {
    try index(map)
    #expect(message { _ = try open() } == "\(folder.path)/model.safetensors.index.json: 'weight_map' must be a map from names to files")
  }

  @Test func aMissingCheckpointSaysWhatIsMissing() throws {
    #expect(message { _ = try open() } == "\(folder.path): there is no model.safetensors; nor is there a model.safetensors.index.json; was the download complete?")
    try folder.write("pickle", to: "model.bin")
    #expect(message { _ = try open() } == "\(folder.path): there is no model.safetensors; the .bin beside it is a pickle, which is never opened; download the safetensors form")
  }

  @Test func aPickleOfTheTransformersLibraryIsRecognised() throws {
    try folder.write("pickle", to: "pytorch_model.bin")
    #expect(message { _ = try open() }.hasSuffix("the .bin beside it is a pickle, which is never opened; download the safetensors form"))
  }

  @Test func whatIsNoFileIsNotRead() throws {
    try FileManager.default.createDirectory(atPath: "\(folder.path)/model.safetensors", withIntermediateDirectories: false)
    #expect(message { _ = try open() } == "\(folder.path)/model.safetensors: cannot be read: it is not a file")
  }

  @Test func anEmptyFileIsCutOff() throws {
    try folder.write([], to: "model.safetensors")
    #expect(message { _ = try open() } == "\(folder.path)/model.safetensors: the file is empty; was its download cut off?")
  }

  @Test func aFolderThatIsNotThereAndOneThatIsAFileAreToldApart() throws {
    #expect(message { _ = try ModelFolder(path: "\(folder.path)/none") } == "\(folder.path)/none: cannot be read: there is no such folder")
    try folder.write("x", to: "flux1-dev.safetensors")
    #expect(message { _ = try ModelFolder(path: "\(folder.path)/flux1-dev.safetensors") } ==
      "\(folder.path)/flux1-dev.safetensors: is a file, but a folder is expected")
  }

  // Settings.

  func settings(_ text: String) throws -> Settings { try Settings(FileBytes(name: "config.json", bytes: Array(text.utf8))) }

  @Test func settingsAreReadByTheirType() throws {
    let settings = try settings("{\"n\":3,\"x\":0.5,\"yes\":true,\"name\":\"silu\",\"list\":[1,2],\"none\":null,\"map\":{\"a\":\"b\"}}")
    #expect(try settings.whole("n", 1...5) == 3 && settings.real("x") == 0.5 && settings.flag("yes") && settings.text("name") == "silu")
    #expect(try settings.wholes("list", 0...9) == [1, 2] && settings.texts("map") == ["a": "b"])
    #expect(try settings.whole("none", 1...5, standard: 4) == 4 && settings.whole("missing", 1...5, standard: 5) == 5)
    #expect(!settings.has("none") && settings.has("n"))
  }

  static let mistakes: [(String, @Sendable (Settings) throws -> Void, String)] = [
    ("{}", { _ = try $0.whole("n", 1...5) }, "'n' is missing"),
    ("{\"n\":null}", { _ = try $0.whole("n", 1...5) }, "'n' is missing"),
    ("{\"n\":6}", { _ = try $0.whole("n", 1...5) }, "'n' must be a whole number from 1 to 5, got 6"),
    ("{\"n\":2.5}", { _ = try $0.whole("n", 1...5, standard: 2) }, "'n' must be a whole number from 1 to 5, got 2.5"),
    ("{\"n\":1e99}", { _ = try $0.whole("n", 1...5) }, "'n' must be a whole number from 1 to 5, got 1e+99"),
    ("{\"n\":\"3\"}", { _ = try $0.whole("n", 1...5) }, "'n' must be a whole number from 1 to 5, got \"3\""),
    ("{\"n\":true}", { _ = try $0.whole("n", 1...5) }, "'n' must be a whole number from 1 to 5, got true"),
    ("{\"x\":\"big\"}", { _ = try $0.real("x") }, "'x' must be a number, got \"big\""),
    ("{\"x\":[1]}", { _ = try $0.real("x", standard: 1) }, "'x' must be a number, got [1]"),
    ("{\"f\":1}", { _ = try $0.flag("f") }, "'f' must be true or false, got 1"),
    ("{\"t\":{}}", { _ = try $0.text("t") }, "'t' must be a text, got a table"),
    ("{\"l\":[1,9]}", { _ = try $0.wholes("l", 0...5) }, "'l' must be a list of whole numbers from 0 to 5, got [1, 9]"),
    ("{\"l\":[]}", { _ = try $0.wholes("l", 0...5) }, "'l' must be a list of whole numbers from 0 to 5, got []"),
    ("{\"l\":3}", { _ = try $0.wholes("l", 0...5) }, "'l' must be a list of whole numbers from 0 to 5, got 3"),
    ("{\"a\":\"gelu\"}", { try $0.expect("a", "silu", standard: "silu") }, "'a' is \"gelu\", but only \"silu\" is known here"),
  ]

  @Test(arguments: mistakes.indices) func aWrongSettingIsNamedWithWhatCameInstead(_ index: Int) throws {
    let (text, read, what) = Self.mistakes[index]
    let settings = try settings(text)
    #expect(message { try read(settings) } == "config.json: \(what)")
  }

  @Test(arguments: ["", "[1]", "{\"a\":", "nonsense", "\u{FEFF}"]) func settingsThatAreNoObjectAreAnError(_ text: String) {
    #expect(message { _ = try settings(text) } == "config.json: is not a JSON object")
  }
}
