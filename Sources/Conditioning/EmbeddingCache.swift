import Checkpoints
import Foundation
import Synchronization
import Tensors

/// What prompts came to, kept in memory and on disk, so that each is encoded once: T5-XXL takes longer for a prompt than the
/// transformer for a step.
///
/// On disk an entry is a safetensors file that carries its own digest: what is torn or damaged counts as absent. Files appear by
/// renaming, so any number of processes may share the folder; the oldest go once there are too many bytes.
public final class EmbeddingCache: Sendable {
  /// T5's states, and CLIP's pooled state.
  public typealias Entry = (sequence: Tensor, pooled: Tensor)

  private struct State {
    var entries: [String: (entry: Entry, used: Int)] = [:]
    var bytes = 0, clock = 0
    var diskBytes: Int?                     // as far as known; nil until the folder was looked at
  }

  private let state = Mutex(State())
  private let mostInMemory: Int, mostOnDisk: Int
  private let folder: String?
  private let isReadOnly: Bool

  /// - Parameters:
  ///   - folder: nil for memory alone
  ///   - memory: bytes of embeddings that are kept in memory
  ///   - disk: bytes of files that are kept in the folder
  ///   - isReadOnly: for whoever only plans: nothing is written
  public init(folder: String? = nil, memory: Int = 256 << 20, disk: Int = 1 << 30, isReadOnly: Bool = false) {
    (self.folder, mostInMemory, mostOnDisk, self.isReadOnly) = (folder, memory, disk, isReadOnly)
  }

  /// The entry of a key, made where there is none.
  /// - Parameter key: 64 hexadecimal figures over everything that the entry depends on
  public func entry(_ key: String, make: () throws -> Entry) rethrows -> Entry {
    if let found = remembered(key) { return found }
    if let found = read(key) {
      remember(found, as: key)
      return found
    }
    let made = try make()
    remember(made, as: key)
    write(made, as: key)
    return made
  }

  private func remembered(_ key: String) -> Entry? {
    state.withLock { state in
      guard let found = state.entries[key]?.entry else { return nil }
      state.clock += 1
      state.entries[key]?.used = state.clock
      return found
    }
  }

  private func remember(_ entry: Entry, as key: String) {
    let size = Self.bytes(of: entry)
    guard size <= mostInMemory else { return }
    state.withLock { state in
      state.clock += 1
      if state.entries.updateValue((entry, state.clock), forKey: key) == nil { state.bytes += size }
      while state.bytes > mostInMemory, let oldest = state.entries.min(by: { $0.value.used < $1.value.used }) {
        state.entries[oldest.key] = nil
        state.bytes -= Self.bytes(of: oldest.value.entry)
      }
    }
  }

  private static func bytes(of entry: Entry) -> Int { (entry.sequence.count + entry.pooled.count) * 4 }
}

// The folder. Whatever goes wrong there costs time and nothing else, so nothing here throws.
extension EmbeddingCache {
  private static let digestKey = "sha256"

  private func path(_ key: String) -> String? { folder.map { "\($0)/\(key).safetensors" } }

  private func read(_ key: String) -> Entry? {
    guard let path = path(key), FileManager.default.fileExists(atPath: path) else { return nil }
    guard let found = try? Self.entry(in: FileBytes(mapping: path)) else {
      if !isReadOnly { unlink(path) }
      return nil
    }
    if !isReadOnly { utimes(path, nil) }      // the oldest are those that nobody has used
    return found
  }

  private static func entry(in file: FileBytes) throws -> Entry? {
    let checkpoint = try Checkpoint(safetensors: file)
    let entry: Entry = (try checkpoint.tensor("sequence"), try checkpoint.tensor("pooled"))
    guard try Safetensors.metadata(of: file)[digestKey] == digest(of: entry), entry.sequence.shape.count == 2, entry.pooled.shape.count == 1 else { return nil }
    return entry
  }

  private static func digest(of entry: Entry) -> String {
    let digest = Digest()
    for tensor in [entry.sequence, entry.pooled] {
      digest.update("\(tensor.shape)")
      tensor.withFloats { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return digest.finish()
  }

  private func write(_ entry: Entry, as key: String) {
    guard let folder, let path = path(key), !isReadOnly,
          let bytes = try? Safetensors.file(["sequence": entry.sequence, "pooled": entry.pooled], metadata: [Self.digestKey: Self.digest(of: entry)]),
          bytes.count <= mostOnDisk else { return }
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    makeRoom(for: bytes.count, in: folder)
    let temporary = "\(folder)/.\(key)-\(getpid()).tmp"
    guard FileManager.default.createFile(atPath: temporary, contents: Data(bytes)) else { return }
    if rename(temporary, path) != 0 { unlink(temporary) }
  }

  /// Below the limit it stays this far, so that not every new file looks for an old one.
  private static let roomToLeave = 10           // a tenth
  /// A temporary file of this age belongs to nobody any more.
  private static let abandoned: Double = 3600

  private func makeRoom(for bytes: Int, in folder: String) {
    let known = state.withLock { state in
      if let before = state.diskBytes { state.diskBytes = before + bytes }
      return state.diskBytes
    }
    if let known, known <= mostOnDisk { return }
    let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
    let files = (try? FileManager.default.contentsOfDirectory(at: URL(filePath: folder), includingPropertiesForKeys: keys)) ?? []
    var found = files.compactMap { file -> (path: String, size: Int, used: Date)? in
      guard let values = try? file.resourceValues(forKeys: Set(keys)), let size = values.fileSize, let used = values.contentModificationDate else { return nil }
      if file.pathExtension == "tmp" {
        if used.timeIntervalSinceNow < -Self.abandoned { unlink(file.path) }
        return nil
      }
      return file.pathExtension == "safetensors" ? (file.path, size, used) : nil
    }
    var total = found.reduce(bytes) { $0 + $1.size }
    if total > mostOnDisk {
      found.sort { $0.used < $1.used }
      for file in found where total > mostOnDisk - mostOnDisk / Self.roomToLeave {
        unlink(file.path)
        total -= file.size
      }
    }
    state.withLock { [total] in $0.diskBytes = total }
  }
}
