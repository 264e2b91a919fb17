import Conditioning
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@Suite struct EmbeddingCacheTests {
  private func entry(_ value: Float, tokens: Int = 4) -> EmbeddingCache.Entry { (Tensor(repeating: value, [tokens, 8]), Tensor(repeating: -value, [8])) }
  private func key(_ number: Int) -> String { String(repeating: "0", count: 62) + String(format: "%02d", number) }
  private func files(_ folder: URL) throws -> [URL] { try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) }

  @Test func anEntryIsMadeOnceAndFoundByTheNextProcess() throws {
    try withTemporaryFolder { (folder: URL) throws in
      let first = EmbeddingCache(folder: folder.path)
      var made = 0
      for _ in 0..<3 { _ = first.entry(key(1)) { made += 1; return entry(0.5) } }
      #expect(made == 1)
      let found = EmbeddingCache(folder: folder.path).entry(key(1)) { made += 1; return entry(9) }
      #expect(made == 1 && found.sequence.values == entry(0.5).sequence.values && found.pooled.values == entry(0.5).pooled.values)
      #expect(first.entry(key(2)) { entry(2) }.pooled.values == entry(2).pooled.values, "another key is another entry")
    }
  }

  @Test func withoutAFolderNothingOutlivesTheCache() {
    var made = 0
    for _ in 0..<2 { _ = EmbeddingCache().entry(key(1)) { made += 1; return entry(1) } }
    #expect(made == 2)
  }

  @Test func damagedAndTornFilesAreMadeAnew() throws {
    for damage in [{ (bytes: Data) in bytes.prefix(bytes.count / 2) }, { $0.prefix(3) }, { _ in Data() }, { bytes in
      var flipped = bytes
      flipped[flipped.count - 5] ^= 4
      return flipped
    }] as [(Data) -> Data] {
      try withTemporaryFolder { (folder: URL) throws in
        _ = EmbeddingCache(folder: folder.path).entry(key(1)) { entry(1) }
        let file = try #require(try files(folder).first)
        try damage(Data(contentsOf: file)).write(to: file)
        #expect(EmbeddingCache(folder: folder.path).entry(key(1)) { entry(2) }.sequence.values == entry(2).sequence.values)
        #expect(EmbeddingCache(folder: folder.path).entry(key(1)) { entry(3) }.sequence.values == entry(2).sequence.values, "and kept")
      }
    }
  }

  @Test func theOldestGoWhenThereAreTooManyBytes() throws {
    try withTemporaryFolder { (folder: URL) throws in
      let cache = EmbeddingCache(folder: folder.path, memory: 0, disk: 20_000)
      for number in 1...60 {
        _ = cache.entry(key(number)) { entry(Float(number), tokens: 32) }
        _ = cache.entry(key(1)) { entry(1, tokens: 32) }      // used again and again: it stays
      }
      let sizes = try files(folder).map { try #require(try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize) }
      #expect(sizes.reduce(0, +) <= 20_000 && sizes.count > 5)
      let names = try files(folder).map { $0.deletingPathExtension().lastPathComponent }
      #expect(names.contains(key(60)) && !names.contains(key(2)))
    }
  }

  @Test func memoryHasALimitToo() {
    let cache = EmbeddingCache(memory: 1_000)        // an entry takes 160 bytes
    var made = 0
    for number in 0..<20 { _ = cache.entry(key(number)) { made += 1; return entry(1) } }
    _ = cache.entry(key(0)) { made += 1; return entry(1) }
    _ = cache.entry(key(19)) { made += 1; return entry(1) }
    #expect(made == 21)
  }

  @Test func whoOnlyPlansWritesNothing() throws {
    try withTemporaryFolder { (folder: URL) throws in
      _ = EmbeddingCache(folder: folder.path, isReadOnly: true).entry(key(1)) { entry(1) }
      #expect(try files(folder).isEmpty)
    }
  }

  @Test func aFolderThatCannotBeWrittenToCostsNothing() {
    #expect(EmbeddingCache(folder: "/proc/nowhere/embeddings").entry(key(1)) { entry(1) }.pooled.values == entry(1).pooled.values)
  }

  @Test func manyWritersAtOnceLeaveWholeFiles() throws {
    try withTemporaryFolder { (folder: URL) throws in
      DispatchQueue.concurrentPerform(iterations: 8) { _ in
        let cache = EmbeddingCache(folder: folder.path, memory: 0, disk: 30_000)
        for number in 0..<30 { _ = cache.entry(key(number)) { entry(Float(number), tokens: 16) } }
      }
      let cache = EmbeddingCache(folder: folder.path)
      for file in try files(folder) where file.pathExtension == "safetensors" {
        let name = file.deletingPathExtension().lastPathComponent, number = try #require(Float(name.suffix(2)))
        #expect(cache.entry(name) { entry(-1) }.pooled.values == entry(number).pooled.values)
      }
    }
  }
}
