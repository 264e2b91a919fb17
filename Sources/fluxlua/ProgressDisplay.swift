import Foundation
import Imaging
import Pipeline
import Synchronization

/// What the person sees while the program works: one line that moves on a terminal, plain lines elsewhere, on stderr.
final class ProgressDisplay: Sendable {
  private struct State {
    var shown = false                     // whether a moving line is on the terminal
    var started: ContinuousClock.Instant? // of the first step
    var spoke: ContinuousClock.Instant?   // the last plain line
    var steps = 0
    var cell: String?, place: String?     // which cell of a sweep a picture is: in all words, and by its number
    var left = 0, begun: ContinuousClock.Instant?, made = 0
  }
  private let state = Mutex(State())
  private let isQuiet: Bool
  private let moves: Bool
  private let clock = ContinuousClock()

  /// Prompts among the values of a cell may be long.
  private static let widestLabel = 100
  /// Plain lines come at most this often.
  private static let pause = Duration.seconds(5)

  init(quiet: Bool) {
    isQuiet = quiet
    moves = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Text for the person that must not be torn by the moving line.
  func say(_ text: String, to handle: FileHandle = .standardError) {
    state.withLock { clear(&$0) }
    handle.write(Data((text + "\n").utf8))
  }

  /// Good news for the person, unless they asked for quiet.
  func note(_ text: String) { if !isQuiet { say(text) } }

  /// What the recipe says that goes on.
  func busy(_ text: String) { if !isQuiet { move(text.split(whereSeparator: \.isNewline).joined(separator: " ")) } }

  /// Draws a picture where the recipe prints, or beside; why not, where there is no terminal for it.
  func draw(_ image: Image) -> String? {
    guard let terminal = PictureTerminal() else { return "there is no terminal here to draw a picture on; save it instead" }
    let text: [UInt8]
    do { text = try terminal.drawing(image) } catch { return "\(error)" }
    state.withLock { clear(&$0) }
    terminal.handle.write(Data(text))
    return nil
  }

  func show(_ activity: Activity) {
    if isQuiet { return }
    switch activity {
    case .loading(let part, let share): move("loading \(part)", share: share)
    case .encoding: move("reading the prompt")
    case .step(let index, let count): step(index, count)
    case .sampled: sampled()
    case .spared(let spared, let blocks): say("the step cache spared \(spared) of \(blocks) evaluations of blocks")
    case .decoding(let index, let count): move(count == 1 ? "decoding" : "decoding picture \(index) of \(count)")
    case .decoded: state.withLock { clear(&$0) }
    case .cell(let label, let left, let count): cell(label, left, count)
    case .notice(let text): say("note: \(text)")
    }
  }

  /// The time left goes by the cells of this run.
  private func cell(_ label: String, _ left: Int, _ count: Int) {
    let now = clock.now
    state.withLock { state in
      if state.begun == nil { (state.begun, state.made) = (now, 0) } else { state.made += 1 }
      state.left = left
      let rest = state.begun.flatMap { state.made > 0 ? ", \(seconds((now - $0) / .seconds(1) / Double(state.made) * Double(left))) left" : nil } ?? ""
      state.place = "cell \(count - left + 1) of \(count)\(rest), "
      state.cell = "cell \(count - left + 1) of \(count) (\(label.count > Self.widestLabel ? label.prefix(Self.widestLabel) + "…" : label))\(rest)"
    }
  }

  private func step(_ index: Int, _ count: Int) {
    let now = clock.now
    let text = state.withLock { state in
      if index == 1 || state.started == nil { (state.started, state.spoke) = (now, now) }
      state.steps = index
      let place = state.place ?? ""
      guard index > 1, let started = state.started else { return "\(place)step \(index) of \(count)" }
      let each = (now - started) / .seconds(1) / Double(index - 1)
      // Within a sweep, the time that counts is the sweep's.
      return "\(place)step \(index) of \(count), \(seconds(each)) a step" + (place.isEmpty ? ", \(seconds(each * Double(count - index + 1))) left" : "")
    }
    move(text, share: Double(index - 1) / Double(count))
  }

  private func sampled() {
    let now = clock.now
    let line: String? = state.withLock { state in
      defer { (state.started, state.steps) = (nil, 0) }
      guard let started = state.started, state.steps > 0 else { return nil }
      let all = (now - started) / .seconds(1)
      if let cell = state.cell { return "\(cell): \(state.steps) steps in \(seconds(all))" }
      return state.steps == 1 ? "1 step in \(seconds(all))" : "\(state.steps) steps in \(seconds(all)), \(seconds(all / Double(state.steps))) a step"
    }
    if let line { say(line) }
  }

  private func seconds(_ value: Double) -> String {
    if value < 10 { return String(format: "%.2f s", value) }
    if value < 120 { return String(format: "%.0f s", value) }
    return String(format: "%d:%02d min", Int(value) / 60, Int(value) % 60)
  }

  private func move(_ text: String, share: Double? = nil) {
    let now = clock.now
    state.withLock { state in
      guard moves else {
        guard let spoke = state.spoke else { return state.spoke = now }
        guard now - spoke >= Self.pause else { return }
        state.spoke = now
        let percent = share.map { " (\(Int($0 * 100)) %)" } ?? ""
        FileHandle.standardError.write(Data((text + percent + "\n").utf8))
        return
      }
      FileHandle.standardError.write(Data("\r\u{1B}[K\(line(text, share: share))".utf8))
      state.shown = true
    }
  }

  /// A bar and words that fit into one line of the terminal; where it is narrow the bar gives way first.
  private func line(_ text: String, share: Double?) -> String {
    let room = columns - 1, length = min(24, room - text.count - 3)
    guard let share, length >= 8 else { return String(text.prefix(room)) }
    let full = Int(share * Double(length))
    return "[" + String(repeating: "█", count: full) + String(repeating: "·", count: length - full) + "] " + text
  }

  private var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
  }

  private func clear(_ state: inout State) {
    guard state.shown else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    state.shown = false
  }
}
