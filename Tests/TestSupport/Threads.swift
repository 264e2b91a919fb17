import Synchronization
import Tensors

/// Runs `body` with so many threads at work. One test at a time: another's number would make a comparison of two numbers
/// of threads say nothing.
package func withThreads<R>(_ count: Int, _ body: () throws -> R) throws -> R {
  try turn.withLock { _ in
    let before = Team.threads
    try Team.use(threads: count)
    defer { try? Team.use(threads: before) }
    return try body()
  }
}
private let turn = Mutex(())
