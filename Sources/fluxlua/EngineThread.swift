import Foundation
import Tensors

/// Runs the one job of the program on a thread with a stack for Lua and the engine nested in each other, while signals, the
/// memory limit and the clock are watched from outside.
enum EngineThread {
  /// Lua calls Swift calls Lua …: 200 levels deep at most, which the usual 8 MB of a main thread hold too.
  private static let stack = 16 << 20

  /// What a signal does, unless somebody else takes it: the first one asks for a stop between two blocks; the second one kills, as
  /// it would any program.
  typealias SignalTaker = @Sendable (_ number: Int32, _ reason: Cancellation.Reason) -> Void

  static func run(_ cancellation: Cancellation, memoryLimit: Int?, taking signal: SignalTaker? = nil, _ body: @escaping @Sendable () -> Exit) -> Exit {
    let signals = [(SIGINT, Cancellation.Reason.interrupted), (SIGTERM, .terminated)].map { watch($0, for: $1, signal ?? stopping(cancellation)) }
    let memory = memoryLimit.map { watch(memory: $0, cancellation) }
    defer {
      signals.forEach { $0.cancel() }
      memory?.cancel()
    }
    let result = Result()
    let thread = Thread {
      result.exit = body()
      result.done.signal()
    }
    thread.stackSize = stack
    thread.start()
    result.done.wait()
    return result.exit
  }

  private final class Result: @unchecked Sendable {
    let done = DispatchSemaphore(value: 0)
    var exit = Exit.failed
  }

  private static func stopping(_ cancellation: Cancellation) -> SignalTaker {
    { number, reason in
      cancellation.cancel(reason)
      signal(number, SIG_DFL)
    }
  }

  private static func watch(_ number: Int32, for reason: Cancellation.Reason, _ take: @escaping SignalTaker) -> any DispatchSourceSignal {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
    source.setEventHandler { take(number, reason) }
    source.resume()
    return source
  }

  /// Asks for a stop once the process holds more than `limit` bytes.
  private static func watch(memory limit: Int, _ cancellation: Cancellation) -> any DispatchSourceTimer {
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInteractive))
    timer.setEventHandler { if residentBytes() > limit { cancellation.cancel(.memoryLimit) } }
    timer.schedule(deadline: .now() + 0.1, repeating: 0.1)
    timer.resume()
    return timer
  }

  /// What the process holds in memory of its own: pages of mapped files can be dropped and do not count.
  private static func residentBytes() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .ascii) else { return 0 }
    let pages = text.split(separator: " ").prefix(3).compactMap { Int($0) }
    return pages.count == 3 ? (pages[1] - pages[2]) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }
}
