import Foundation
import Synchronization
import Tensors

/// Whom a signal is meant for: what is being evaluated, or the prompt.
final class Attention: Sendable {
  private struct State {
    var evaluating = false
    var asked: ContinuousClock.Instant?
    var editor: LineEditor?
  }
  private let state = Mutex(State())
  private let cancellation: Cancellation

  /// An evaluation that has not stopped after this long does not stop at all: then Ctrl-C ends the program.
  private static let patience = Duration.seconds(2)

  init(_ cancellation: Cancellation) { self.cancellation = cancellation }

  /// Signals go to the evaluation meanwhile.
  func during<R>(_ evaluation: () -> R) -> R {
    state.withLock { ($0.evaluating, $0.asked) = (true, nil) }
    defer { state.withLock { $0.evaluating = false } }
    return evaluation()
  }

  /// The one who holds the terminal while nothing is evaluated.
  func keep(_ editor: LineEditor) { state.withLock { $0.editor = editor } }

  func letGo() { state.withLock { $0.editor = nil } }

  func take(_ number: Int32, _ reason: Cancellation.Reason) {
    let exit: Exit? = state.withLock { state in
      let end = reason == .terminated ? Exit.terminated : .interrupted
      guard state.evaluating else {
        // A person clears the line by a key, which is no signal.
        guard state.editor == nil || reason == .terminated else { return nil }
        state.editor?.abandon()
        return end
      }
      cancellation.cancel(reason)
      if let asked = state.asked, ContinuousClock.now - asked > Self.patience { return end }
      state.asked = state.asked ?? .now
      return nil
    }
    exit?.leave()
  }
}
