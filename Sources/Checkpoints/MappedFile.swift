import Tensors
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The bytes of a file, or of a part of an archive, with the name to use when something is wrong with them.
package struct FileBytes: Sendable {
  package let name: String
  package let storage: Storage
  package let range: Range<Int>

  package init(name: String, storage: Storage, range: Range<Int>? = nil) {
    self.name = name
    self.storage = storage
    self.range = range ?? 0..<storage.count
  }

  /// A file mapped read-only: nothing is read until it is looked at.
  package init(mapping path: String) throws {
    let file = try MappedFile(path)
    self.init(name: path, storage: Storage(viewing: file.bytes, ownedBy: file, isMapped: true))
  }

  package var count: Int { range.count }
  /// Valid only while this value is held: keep it alive around every use.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage.bytes[range]) }
  package func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { withExtendedLifetime(storage) { body(bytes) } }
  package var data: Data { withExtendedLifetime(storage) { Data(bytes) } }
  package var array: [UInt8] { withExtendedLifetime(storage) { Array(bytes) } }
}

/// A file mapped into memory, until nobody looks at it any more.
final class MappedFile {
  let bytes: UnsafeRawBufferPointer

  init(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)      // a pipe that nobody writes to must not hold us up
    guard descriptor >= 0 else { throw CheckpointError.unreadable(path, String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw CheckpointError.unreadable(path, String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw CheckpointError.unreadable(path, "it is not a file") }
    guard status.st_size > 0 else { throw CheckpointError.malformed(path, "the file is empty; was its download cut off?") }
    guard let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw CheckpointError.unreadable(path, String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
