import Glibc
import Synchronization

/// Files that appear whole or not at all: written under a temporary name in the same folder, synced, then renamed.
package enum AtomicFile {
  private static let counter = Atomic<Int>(0)

  /// Writes or replaces a file. On failure the temporary file is gone and the old file, if any, is untouched.
  package static func write(_ bytes: [UInt8], to path: String) throws(ImagingError) {
    try write(to: path) { (file) throws(ImagingError) in
      do throws(FileProblem) {
        try write(bytes, to: file)
      } catch {
        throw .unwritable(path, error)
      }
    }
  }

  /// The same with a body that writes to an open file.
  package static func write(to path: String, _ body: (_ file: Int32) throws(ImagingError) -> Void) throws(ImagingError) {
    let folder = folder(of: path)
    let temporary = folder + ".fluxlua-\(getpid())-\(counter.add(1, ordering: .relaxed).newValue).tmp"
    do throws(ImagingError) {
      let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      try check(file, path)
      do throws(ImagingError) {
        try body(file)
        try check(fsync(file), path)
      } catch {
        close(file)
        throw error
      }
      try check(close(file), path)
      try check(rename(temporary, path), path)
      try sync(folder: folder, path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "./" }
    return String(path[...slash])
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
  private static func sync(folder: String, _ path: String) throws(ImagingError) {
    let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { return }  // a folder may be writable and not readable
    defer { close(file) }
    if fsync(file) < 0 && errno == EIO { throw .unwritable(path, FileProblem(errno)) }
  }

  private static func check(_ result: Int32, _ path: String) throws(ImagingError) {
    if result < 0 { throw .unwritable(path, FileProblem(errno)) }
  }
}
