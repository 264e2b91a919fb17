import Foundation
import Synchronization
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// Weights as products want them, kept on disk and mapped: what takes a minute to make of a large model is there at once the next time.
///
/// Files appear whole, by renaming; any number of processes may share the folder, and one of them writes at a time. The ones that
/// were used longest ago go once there are too many bytes. Whatever cannot be kept costs time and nothing else.
public final class PackedStore: Sendable {
  private let folder: String
  private let most: Int, least: Int
  /// What the disk must have left.
  private static let spare = 4 << 30

  /// - Parameters:
  ///   - most: bytes of all files together
  ///   - least: bytes of a model's part that are worth a file
  public init(folder: String, most: Int = 48 << 30, least: Int = 256 << 20) { (self.folder, self.most, self.least) = (folder, most, least) }

  /// The matrices of a part: from a file where there is one, otherwise on their way to it.
  /// - Parameters:
  ///   - key: 64 hexadecimal figures over everything that they depend on
  ///   - bytes: about how many they will be
  ///   - say: told what the person should know
  package func weights(_ key: String, bytes: Int, say: (String) -> Void) -> PackedWeights? {
    guard bytes >= least else { return nil }
    let path = "\(folder)/\(key).packed"
    if let file = try? FileBytes(mapping: path) {
      if let index = PackedFile.index(of: file) {
        utimes(path, nil)
        return PackedWeights(path, file, index)
      }
      unlink(path)
      say("\(path) was damaged: it is made anew")
    }
    guard bytes <= most, (try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)) != nil, makeRoom(for: bytes),
          let writer = PackedWriter(path) else { return nil }
    say(String(format: "%.1f GB of weights are kept in %@ as they are multiplied, for the next start; --no-cache keeps nothing", Double(bytes) / 1e9, folder))
    return PackedWeights(path, writer)
  }

  /// Whether there is room for a new file, once the oldest have gone.
  private func makeRoom(for bytes: Int) -> Bool {
    let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
    let files = (try? FileManager.default.contentsOfDirectory(at: URL(filePath: folder), includingPropertiesForKeys: keys)) ?? []
    var found = files.compactMap { file -> (path: String, size: Int, used: Date)? in
      guard file.pathExtension == "packed", let values = try? file.resourceValues(forKeys: Set(keys)), let size = values.fileSize, let used = values.contentModificationDate else { return nil }
      return (file.path, size, used)
    }
    found.sort { $0.used > $1.used }
    var total = found.reduce(bytes) { $0 + $1.size }
    guard freeBytes + (total - bytes) >= bytes + Self.spare else { return false }       // then nothing is gained by throwing away
    while total > most || freeBytes < bytes + Self.spare, let oldest = found.popLast() {
      unlink(oldest.path)
      total -= oldest.size
    }
    return total <= most && freeBytes >= bytes + Self.spare
  }

  private var freeBytes: Int {
    var status = statvfs()
    return statvfs(folder, &status) == 0 ? Int(status.f_bavail) * Int(status.f_frsize) : 0
  }
}

/// The matrices of one part of a model: read from their file, or written to it as they are made.
package final class PackedWeights: Sendable {
  private let path: String
  private let file: FileBytes?
  private let index: [String: PackedFile.Entry]
  private let writer: Mutex<PackedWriter?>

  init(_ path: String, _ file: FileBytes, _ index: [String: PackedFile.Entry]) {
    (self.path, self.file, self.index) = (path, file, index)
    writer = Mutex(nil)
  }

  init(_ path: String, _ writer: PackedWriter) {
    (self.path, file, index) = (path, nil, [:])
    self.writer = Mutex(writer)
  }

  deinit { writer.withLock { $0?.abandon() } }

  /// The matrix of a name, if it is kept and this machine would lay it out so.
  /// - Throws: `CheckpointError` where it is damaged; most of it is looked at when it is first multiplied
  func matrix(_ name: String, outputs: Int, inputs: Int) throws -> Matrix? {
    guard let file, let entry = index[name], entry.outputs == outputs, entry.inputs == inputs, let encoding = Encoding(rawValue: entry.encoding),
          let intake = Encoding(rawValue: entry.intake), entry.turn > 0, entry.turn & (entry.turn - 1) == 0, inputs % entry.turn == 0 else { return nil }
    func tensor(_ blob: PackedFile.Blob?, _ count: Int) throws -> Tensor? {
      guard let blob else { return nil }
      let bytes = UnsafeRawBufferPointer(rebasing: file.storage.bytes[blob.at..<blob.at + blob.count])
      guard blob.count == count * 4, checkedSum(bytes) == blob.sum else { throw Self.damaged(path) }
      return Tensor([count], Array(bytes.assumingMemoryBound(to: Float.self)))
    }
    let blob = entry.weights, bytes = UnsafeRawBufferPointer(rebasing: file.storage.bytes[blob.at..<blob.at + blob.count])
    let packed = Matrix.Packed(kind: entry.kind, outputs: outputs, inputs: inputs, encoding: encoding, intake: intake, layout: Array(entry.layout),
                               weights: Storage(viewing: bytes, ownedBy: Owner(file.storage), isMapped: true), scales: try tensor(entry.scales, outputs),
                               columns: try tensor(entry.columns, inputs), turn: entry.turn)
    return try Matrix(packed) { [path, file] in
      defer { withExtendedLifetime(file) {} }
      guard checkedSum(UnsafeRawBufferPointer(rebasing: file.storage.bytes[blob.at..<blob.at + blob.count])) == blob.sum else { throw Self.damaged(path) }
    }
  }

  /// The file goes, so that the next start makes it anew.
  private static func damaged(_ path: String) -> CheckpointError {
    unlink(path)
    return .malformed(path, "was damaged since it was written, and is removed now: the next start makes it anew from the model. Is the disk failing?")
  }

  /// Keeps a matrix that was made anew.
  func keep(_ matrix: Matrix, as name: String) {
    guard let packed = matrix.packed else { return }
    writer.withLock { writer in
      guard writer != nil, writer?.add(packed, as: name) == false else { return }
      writer?.abandon()
      writer = nil
    }
  }

  /// All matrices are made.
  package func finish() {
    writer.withLock { writer in
      if writer?.finish() == false { writer?.abandon() }
      writer = nil
    }
  }

  private final class Owner {
    private let storage: Storage
    init(_ storage: Storage) { self.storage = storage }
  }
}

extension Checkpoint {
  /// The files that its tensors are in, by what tells a file from another one under its name: where it is, how long, and when written.
  package var fileIdentity: String {
    Set(entries.values.map(\.file.name)).sorted().map { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return path }
      return "\(path) \(status.st_dev) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)"
    }.joined(separator: "\n")
  }
}
