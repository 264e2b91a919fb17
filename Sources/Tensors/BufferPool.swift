import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Memory that was just let go and will be wanted again: a step of the loop asks for the same sizes every time, and fresh
/// pages cost more than the arithmetic done on them.
package final class BufferPool: Sendable {
  package static let shared = BufferPool()

  /// What an empty buffer points to.
  nonisolated(unsafe) static let nowhere = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)

  private struct Shelf {
    var free: [Int: [UInt]] = [:]
    var kept = 0
    /// Of `kept`, in small buffers.
    var small = 0
  }
  private let shelf = Mutex(Shelf())

  private let small = 64 << 10        // bytes; buffers below this come in many sizes,
  private let smallLimit = 16 << 20   // so fewer of their bytes are kept
  private let limit: Int              // bytes kept for later at most
  private let alignment = 64, largePage = 2 << 20

  /// Bytes that the shared pool keeps at most.
  package static let mostKept = 512 << 20

  package init(limit: Int = mostKept) { self.limit = limit }

  /// The bytes that are kept for later.
  package var keptBytes: Int { shelf.withLock { $0.kept } }

  package func take(_ count: Int) -> UnsafeMutableRawPointer {
    let size = rounded(count)
    let found: UInt? = shelf.withLock { shelf in
      guard let address = shelf.free[size]?.popLast() else { return nil }
      shelf.kept -= size
      if size < small { shelf.small -= size }
      return address
    }
    if let found, let pointer = UnsafeMutableRawPointer(bitPattern: found) { return pointer }
    return fresh(size)
  }

  /// Large buffers lie on large pages where the system gives them: a product over gigabytes of weights otherwise spends a part of its
  /// time finding out where their pages are.
  private func fresh(_ size: Int) -> UnsafeMutableRawPointer {
    guard size >= 2 * largePage else { return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: alignment) }
    let pointer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: largePage)
    madvise(pointer, size, MADV_HUGEPAGE)
    return pointer
  }

  package func give(_ pointer: UnsafeMutableRawPointer, _ count: Int) {
    let size = rounded(count)
    let kept = shelf.withLock { shelf in
      guard shelf.kept + size <= limit, size >= small || shelf.small + size <= smallLimit else { return false }
      shelf.free[size, default: []].append(UInt(bitPattern: pointer))
      shelf.kept += size
      if size < small { shelf.small += size }
      return true
    }
    if !kept { pointer.deallocate() }
  }

  /// Gives everything that is kept for later back to the system.
  package func drain() {
    let addresses = shelf.withLock { shelf in
      let all = shelf.free.values.flatMap { $0 }
      shelf = Shelf()
      return all
    }
    for address in addresses { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
  }

  private func rounded(_ count: Int) -> Int { max(alignment, (count + alignment - 1) / alignment * alignment) }
}
