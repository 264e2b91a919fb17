import Foundation

/// A thread that encodes and writes pictures while the next one is painted. What waits for it is bounded in bytes.
public final class PictureWriter: @unchecked Sendable {
  private let state = NSCondition()
  private var jobs: [(bytes: Int, run: @Sendable () throws -> Void)] = []
  private var waiting = 0
  private var isBusy = false, isClosed = false
  private var problem: (any Error)?
  private let most: Int

  /// - Parameter most: bytes of pictures that may wait; one picture may always, however large
  public init(most: Int = 256 << 20) {
    self.most = most
    let thread = Thread { [self] in work() }
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Hands over a job that holds so many bytes; waits while there are too many. Throws what went wrong with an earlier one.
  public func add(bytes: Int, _ job: @escaping @Sendable () throws -> Void) throws {
    state.lock()
    defer { state.unlock() }
    while waiting > 0, waiting + bytes > most, problem == nil { state.wait() }
    if let problem { throw problem }
    jobs.append((bytes, job))
    waiting += bytes
    state.broadcast()
  }

  /// Waits until everything is written. Throws what went wrong.
  public func drain() throws {
    state.lock()
    defer { state.unlock() }
    while (!jobs.isEmpty || isBusy) && problem == nil { state.wait() }
    if let problem { throw problem }
  }

  /// Ends the thread once everything is written.
  public func close() {
    state.lock()
    isClosed = true
    state.broadcast()
    state.unlock()
  }

  private func work() {
    while let job = next() {
      var failure: (any Error)?
      do { try job.run() } catch { failure = error }
      state.lock()
      if let failure {
        // The disk is full, or gone: what waits would fare no better, and is made again by the next run.
        problem = failure
        jobs = []
      }
      waiting -= job.bytes
      isBusy = false
      state.broadcast()
      state.unlock()
    }
  }

  private func next() -> (bytes: Int, run: @Sendable () throws -> Void)? {
    state.lock()
    defer { state.unlock() }
    while jobs.isEmpty && !isClosed { state.wait() }
    guard !jobs.isEmpty else { return nil }
    isBusy = true
    return jobs.removeFirst()
  }
}
