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
    /// By size, each with when it came; the last to come goes first.
    var free: [Int: [(address: UInt, time: Int)]] = [:]
    var kept = 0, limit: Int
    /// Of `kept`, in small buffers.
    var small = 0
    var time = 0
  }
  private let shelf: Mutex<Shelf>

  private let small = 64 << 10        // bytes; buffers below this come in many sizes,
  private let smallLimit = 16 << 20   // so fewer of their bytes are kept
  private let alignment = 64, largePage = 2 << 20, page = sysconf(Int32(_SC_PAGESIZE))

  /// Bytes that are kept at most where nobody says otherwise.
  package static let usualLimit = 512 << 20

  package init(limit: Int = usualLimit) { shelf = Mutex(Shelf(limit: limit)) }

  /// The bytes that are kept for later.
  package var keptBytes: Int { shelf.withLock { $0.kept } }

  /// The bytes that are kept at most; what is more goes at once.
  package var limit: Int {
    get { shelf.withLock { $0.limit } }
    set {
      free(shelf.withLock { shelf in
        shelf.limit = newValue
        return makeRoom(for: 0, in: &shelf)
      })
    }
  }

  package func take(_ count: Int) -> UnsafeMutableRawPointer {
    let size = rounded(count)
    let found = shelf.withLock { shelf -> UInt? in
      guard let address = shelf.free[size]?.popLast()?.address else { return nil }
      tally(-size, in: &shelf)
      return address
    }
    if let found, let pointer = UnsafeMutableRawPointer(bitPattern: found) { return pointer }
    return fresh(size)
  }

  /// Larger buffers are pages of their own, which the system has back the moment they go; from `malloc` it does not, where anything small
  /// lies behind them. The largest lie on large pages where the system gives them: a product over gigabytes of weights otherwise
  /// spends a part of its time finding out where their pages are.
  private func fresh(_ size: Int) -> UnsafeMutableRawPointer {
    guard hasPages(size) else { return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: alignment) }
    let whole = pages(size), step = size >= 2 * largePage ? largePage : page, room = whole + step - page
    guard let start = mmap(nil, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED else { giveUp(size) }
    let before = (step - Int(bitPattern: start) % step) % step, after = room - before - whole, pointer = start + before
    if before > 0 { munmap(start, before) }
    if after > 0 { munmap(pointer + whole, after) }
    if step == largePage { madvise(pointer, whole, MADV_HUGEPAGE) }
    return pointer
  }

  /// Ends the program, as nothing can go on without memory: what was made is on disk, and whoever waits is told why.
  private func giveUp(_ size: Int) -> Never {
    let sentence = "fluxlua: the system gives no further \((size + (1 << 20) - 1) >> 20) MB of memory (\(String(cString: strerror(errno)))); a smaller picture, int8 or --memory-limit takes less\n"
    write(STDERR_FILENO, sentence, sentence.utf8.count)
    _exit(3)
  }

  private func hasPages(_ size: Int) -> Bool { size >= 256 << 10 }
  private func pages(_ size: Int) -> Int { (size + page - 1) / page * page }

  package func give(_ pointer: UnsafeMutableRawPointer, _ count: Int) {
    let size = rounded(count)
    free(shelf.withLock { shelf in
      guard size <= shelf.limit, size >= small || shelf.small + size <= smallLimit else { return [(UInt(bitPattern: pointer), size)] }
      let stale = makeRoom(for: size, in: &shelf)
      guard shelf.kept + size <= shelf.limit else { return stale + [(UInt(bitPattern: pointer), size)] }
      shelf.free[size, default: []].append((UInt(bitPattern: pointer), shelf.time))
      shelf.time += 1
      tally(size, in: &shelf)
      return stale
    })
  }

  /// Gives everything that is kept for later back to the system.
  package func drain() {
    free(shelf.withLock { shelf in
      let all = shelf.free.flatMap { size, buffers in buffers.map { (address: $0.address, size: size) } }
      shelf = Shelf(limit: shelf.limit)
      return all
    })
  }

  private typealias Buffer = (address: UInt, size: Int)

  private func free(_ buffers: [Buffer]) {
    for (address, size) in buffers {
      guard let pointer = UnsafeMutableRawPointer(bitPattern: address) else { continue }
      if hasPages(size) { munmap(pointer, pages(size)) } else { pointer.deallocate() }
    }
  }

  /// Takes off the shelf what has lain there longest, until there is room: what the blocks before left has sizes that those now at work
  /// do not ask for. Small buffers stay.
  private func makeRoom(for size: Int, in shelf: inout Shelf) -> [Buffer] {
    var stale: [Buffer] = []
    while shelf.kept + size > shelf.limit {
      let oldest = shelf.free.lazy.filter { $0.key >= self.small && !$0.value.isEmpty }.min { $0.value[0].time < $1.value[0].time }
      guard let oldest, let buffer = shelf.free[oldest.key]?.removeFirst() else { break }
      tally(-oldest.key, in: &shelf)
      stale.append((buffer.address, oldest.key))
    }
    return stale
  }

  private func tally(_ size: Int, in shelf: inout Shelf) {
    shelf.kept += size
    if abs(size) < small { shelf.small += size }
  }

  private func rounded(_ count: Int) -> Int { max(alignment, (count + alignment - 1) / alignment * alignment) }
}
