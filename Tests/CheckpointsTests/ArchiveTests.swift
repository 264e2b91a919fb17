import Checkpoints
import Foundation
import TestSupport
import Testing
import Tensors

/// A model in one tar archive, as the embedded one is.
@Suite struct ArchiveTests {
  /// A ustar archive of these files, in this order.
  func tar(_ files: [(String, [UInt8])], end: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, content) in files {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, at start: Int) { for (i, byte) in text.utf8.enumerated() { header[start + i] = byte } }
      put(name, at: 0)
      put("0000644", at: 100)
      let size = String(content.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.utf8.count) + size, at: 124)
      header[156] = UInt8(ascii: "0")
      put("ustar", at: 257)
      bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
    return bytes + [UInt8](repeating: 0, count: end ? 1024 : 0)
  }

  static let sizes = [0, 1, 3, 511, 512, 513, 1024, 4999]
  var files: [(String, [UInt8])] { Self.sizes.map { size in ("part/\(size)", (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }) } }

  func open(_ bytes: [UInt8]) throws -> ModelFolder { ModelFolder(try Archive(FileBytes(name: "model.tar", bytes: bytes))) }

  @Test func filesOfEverySizeAreReadInPlace() throws {
    let folder = try open(tar(files))
    for (name, content) in files {
      #expect(try folder.required(name, hint: "").array == content)
      #expect(try folder["part"].required(String(name.dropFirst(5)), hint: "").array == content)
    }
    #expect(folder["part"].exists && !folder["par"].exists && !folder["part"].has("part/1"))
  }

  @Test func aFileThatIsNotInsideIsNamed() throws {
    let folder = try open(tar(files))
    #expect(message { _ = try folder["vae"].required("config.json", hint: "was the download complete?") } ==
      "model.tar/vae: there is no config.json; was the download complete?")
  }

  @Test func aFolderOnDiskAndAnArchiveOfItAreTheSame() throws {
    let disk = try TemporaryFolder()
    let weights = try Safetensors.file(["a": Tensor([3], [1, 2, 3])]), text = Array("{\"n\":1}".utf8)
    try disk.write(weights, to: "model.safetensors")
    try disk.write(text, to: "config.json")
    for folder in [try ModelFolder(path: disk.path), try open(tar([("config.json", text), ("model.safetensors", weights)]))] {
      #expect(try Checkpoint(in: folder, stem: "model").tensor("a").values == [1, 2, 3])
      #expect(try Settings(folder.required("config.json", hint: "")).whole("n", 0...9) == 1)
      #expect(try folder.file("none") == nil && !folder.has("none"))
    }
  }

  @Test func anArchiveCutAnywhereIsAnErrorThatNamesIt() throws {
    let whole = tar(files, end: false)
    for length in stride(from: 0, through: whole.count, by: 37) {
      let text = message { _ = try open(Array(whole[..<length])) }
      #expect(text.hasPrefix("model.tar: ") && text.contains("cut"), "at \(length): \(text)")
    }
  }

  @Test(arguments: ["99999999999", "77777777777", "abc", "-1"]) func anImpossibleSizeIsAnError(_ size: String) {
    var bytes = tar([("a", [1, 2, 3])])
    for (i, byte) in size.utf8.enumerated() { bytes[124 + i] = byte }
    #expect(message { _ = try open(bytes) } == "model.tar: the entry at byte 0 has an impossible size; the archive is cut or damaged")
  }

  @Test func changedBytesThrowOrAreRead() throws {
    let whole = tar(files)
    var random = Random(seed: 3)
    for _ in 0..<300 {
      var bytes = whole
      for _ in 0..<4 { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next()) }
      guard let archive = try? Archive(FileBytes(name: "x", bytes: bytes)) else { continue }
      for file in archive.files.values { _ = file.array }
    }
  }
}
