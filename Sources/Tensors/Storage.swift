#if canImport(Glibc)
import Glibc
#endif

/// Bytes that live as long as somebody reads them: memory of the buffer pool, or part of something mapped elsewhere.
///
/// Whoever writes makes sure that it is the only owner (`Tensor` copies on write), which is what makes sharing safe.
public final class Storage: @unchecked Sendable {
  package let start: UnsafeMutableRawPointer
  package let count: Int
  private let owner: AnyObject?
  /// Whether it is part of a mapped file, whose pages can be read again.
  private let isMapped: Bool

  /// Uninitialised memory of `count` bytes, aligned to a cache line.
  package init(count: Int) {
    self.start = BufferPool.shared.take(count)
    self.count = count
    (owner, isMapped) = (nil, false)
  }

  /// Read-only bytes that `owner` keeps valid, such as a mapped file.
  /// - Parameter isMapped: whether they are a file's, read-only, and the same when they are read again
  package init(viewing bytes: UnsafeRawBufferPointer, ownedBy owner: AnyObject, isMapped: Bool = false) {
    self.start = UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? UnsafeRawPointer(BufferPool.nowhere))
    self.count = bytes.count
    (self.owner, self.isMapped) = (owner, isMapped)
  }

  /// Of a mapped file: gives whole pages of these bytes back to the system until they are looked at again.
  package func letGo(_ range: Range<Int>) {
    guard isMapped else { return }
    let page = UInt(sysconf(Int32(_SC_PAGESIZE))), base = UInt(bitPattern: start)
    let first = (base + UInt(range.lowerBound) + page - 1) / page * page, end = (base + UInt(range.upperBound)) / page * page
    if first < end { madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED) }
  }

  package var isOwned: Bool { owner == nil }

  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  deinit {
    if owner == nil { BufferPool.shared.give(start, count) }
  }
}
