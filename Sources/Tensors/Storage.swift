/// Bytes that live as long as somebody reads them: memory of the buffer pool, or part of something mapped elsewhere.
///
/// Whoever writes makes sure that it is the only owner (`Tensor` copies on write), which is what makes sharing safe.
public final class Storage: @unchecked Sendable {
  package let start: UnsafeMutableRawPointer
  package let count: Int
  private let owner: AnyObject?

  /// Uninitialised memory of `count` bytes, aligned to a cache line.
  package init(count: Int) {
    self.start = BufferPool.shared.take(count)
    self.count = count
    self.owner = nil
  }

  /// Read-only bytes that `owner` keeps valid, such as a mapped file.
  package init(viewing bytes: UnsafeRawBufferPointer, ownedBy owner: AnyObject) {
    self.start = UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? UnsafeRawPointer(BufferPool.nowhere))
    self.count = bytes.count
    self.owner = owner
  }

  package var isOwned: Bool { owner == nil }

  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  deinit {
    if owner == nil { BufferPool.shared.give(start, count) }
  }
}
