import Glibc
import Synchronization

/// Files that appear whole or not at all: written under a temporary name in the same folder, synced, then renamed.
package enum AtomicFile {
  private static let counter = Atomic<Int>(0)

  /// Writes or replaces a file. On failure the temporary file is gone and the old file, if any, is untouched.
  package static func write(_ bytes: [UInt8], to path: String) throws(ImagingError) {
    let folder = folder(of: path)
    let temporary = folder + ".fluxlua-\(getpid())-\(counter.add(1, ordering: .relaxed).newValue).tmp"
    do {
      try fill(temporary, with: bytes)
      try check(rename(temporary, path))
      try sync(folder: folder)
    } catch {
      unlink(temporary)
      throw .unwritable(path, error)
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "./" }
    return String(path[...slash])
  }

  private static func fill(_ path: String, with bytes: [UInt8]) throws(FileProblem) {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    try check(file)
    do throws(FileProblem) {
      try write(bytes, to: file)
      try check(fsync(file))
    } catch {
      close(file)
      throw error
    }
    try check(close(file))
  }

  private static func write(_ bytes: [UInt8], to file: Int32) throws(FileProblem) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: written), $0.count - written) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileProblem(errno) }
      written += count
    }
  }

  /// Makes the new name survive a power cut. Some network file systems cannot sync a folder; there the name is safe already.
  private static func sync(folder: String) throws(FileProblem) {
    let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { return }  // a folder may be writable and not readable
    defer { close(file) }
    if fsync(file) < 0 && errno == EIO { throw FileProblem(errno) }
  }

  private static func check(_ result: Int32) throws(FileProblem) {
    if result < 0 { throw FileProblem(errno) }
  }
}
