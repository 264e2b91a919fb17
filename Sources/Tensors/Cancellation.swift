import Synchronization

/// A request to stop, set from any thread and looked at between blocks of a model: the one thing that crosses threads.
public final class Cancellation: Sendable {
  /// Why the work should stop.
  public enum Reason: Int, Sendable { case interrupted = 1, terminated, timeLimit, memoryLimit }

  private let reason = Atomic<Int>(0)

  public init() {}

  /// Asks for a stop; the first reason stays.
  public func cancel(_ reason: Reason) {
    _ = self.reason.compareExchange(expected: 0, desired: reason.rawValue, ordering: .relaxed)
  }

  /// Forgets the request: between two pieces of work, the first of which was stopped.
  public func renew() { reason.store(0, ordering: .relaxed) }

  public var requested: Reason? { Reason(rawValue: reason.load(ordering: .relaxed)) }

  /// Throws `Cancelled` once a stop was asked for.
  public func check() throws {
    if let requested { throw Cancelled(reason: requested) }
  }
}

/// The work was stopped before it was done, because somebody asked for that.
public struct Cancelled: Error, CustomStringConvertible {
  public let reason: Cancellation.Reason
  public var description: String {
    switch reason {
    case .interrupted: "interrupted"
    case .terminated: "terminated"
    case .timeLimit: "stopped by the time limit"
    case .memoryLimit: "stopped by the memory limit"
    }
  }
}
