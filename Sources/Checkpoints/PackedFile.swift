import Foundation
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// A file of matrices as products want them: their bytes, each at the beginning of a page, then an index, then where the index is.
/// A file without its end counts as absent, and so does one whose index is damaged.
enum PackedFile {
  static let magic = Array("fluxlua packed 1".utf8)
  static let page = 4096
  /// The length of the index and its sum, and the magic once more.
  static let tail = 16 + magic.count

  struct Blob: Codable { var at: Int, count: Int, sum: UInt64 }

  struct Entry: Codable {
    var kind: Matrix.Packed.Kind
    var outputs: Int, inputs: Int
    var encoding: String, intake: String
    var layout: Data
    var turn: Int
    var weights: Blob
    var scales: Blob?, columns: Blob?
  }

  /// The index of a file; nil where it is none, or damaged.
  static func index(of file: FileBytes) -> [String: Entry]? {
    let bytes = file.storage.bytes, count = bytes.count
    guard count > magic.count + tail, bytes.prefix(magic.count).elementsEqual(magic), bytes.suffix(magic.count).elementsEqual(magic) else { return nil }
    let length = bytes.loadUnaligned(fromByteOffset: count - tail, as: UInt64.self), sum = bytes.loadUnaligned(fromByteOffset: count - tail + 8, as: UInt64.self)
    guard length < UInt64(count - tail) else { return nil }
    let index = UnsafeRawBufferPointer(rebasing: bytes[count - tail - Int(length)..<count - tail])
    guard checkedSum(index) == sum, let entries = try? JSONDecoder().decode([String: Entry].self, from: Data(index)) else { return nil }
    let end = count - tail - Int(length)
    let blobs = entries.values.flatMap { [$0.weights, $0.scales, $0.columns].compactMap(\.self) }
    return blobs.allSatisfy { $0.at >= 0 && $0.count >= 0 && $0.at <= end && $0.count <= end - $0.at } ? entries : nil
  }
}

/// Writes such a file under another name, which it has until it is whole.
struct PackedWriter {
  private let file: Int32
  private let path: String, temporary: String
  private let lock: Int32
  private var at = 0
  private var entries: [String: PackedFile.Entry] = [:]

  /// - Returns: nil where somebody else writes into this folder just now, or nobody can
  init?(_ path: String) {
    let folder = URL(filePath: path).deletingLastPathComponent().path
    lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { return nil }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { close(lock); return nil }
    // Whoever left these held the lock, and does no more.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasSuffix(".part") { unlink("\(folder)/\(name)") }
    (self.path, temporary) = (path, "\(path).part")
    file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { close(lock); return nil }
    guard write(PackedFile.magic) else { abandon(); return nil }
  }

  /// - Returns: false if it could not be written
  mutating func add(_ packed: Matrix.Packed, as name: String) -> Bool {
    guard let weights = blob(packed.weights.bytes) else { return false }
    var entry = PackedFile.Entry(kind: packed.kind, outputs: packed.outputs, inputs: packed.inputs, encoding: packed.encoding.rawValue, intake: packed.intake.rawValue,
                                 layout: Data(packed.layout), turn: packed.turn, weights: weights)
    for (tensor, path) in [(packed.scales, \PackedFile.Entry.scales), (packed.columns, \.columns)] {
      guard let tensor else { continue }
      guard let blob = tensor.withFloats({ blob(UnsafeRawBufferPointer($0)) }) else { return false }
      entry[keyPath: path] = blob
    }
    entries[name] = entry
    return true
  }

  private mutating func blob(_ bytes: UnsafeRawBufferPointer) -> PackedFile.Blob? {
    guard write([UInt8](repeating: 0, count: (PackedFile.page - at % PackedFile.page) % PackedFile.page)) else { return nil }
    let first = at
    return write(bytes) ? PackedFile.Blob(at: first, count: bytes.count, sum: checkedSum(bytes)) : nil
  }

  private mutating func write(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { write($0) } }

  private mutating func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var written = 0
    while written < bytes.count {
      let n = Glibc.write(file, bytes.baseAddress?.advanced(by: written), bytes.count - written)
      if n < 0 && errno == EINTR { continue }
      guard n > 0 else { return false }
      written += n
    }
    at += bytes.count
    return true
  }

  /// Writes the index, and gives the file its name.
  /// - Returns: false if that failed
  mutating func finish() -> Bool {
    guard let index = try? JSONEncoder().encode(entries) else { return false }
    let sum = index.withUnsafeBytes { checkedSum($0) }
    func little(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    guard write(Array(index)), write(little(UInt64(index.count)) + little(sum) + PackedFile.magic), fsync(file) == 0, rename(temporary, path) == 0 else { return false }
    close(file)
    close(lock)
    return true
  }

  func abandon() {
    unlink(temporary)
    close(file)
    close(lock)
  }
}
