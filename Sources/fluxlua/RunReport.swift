import Foundation
import Pipeline
import Scripting
import Synchronization

/// What is told of a run besides progress: `--json` for programs, `--verbose` for people.
final class RunReport: Sendable {
  struct Style: Sendable {
    var json = false, verbose = false
  }

  let style: Style
  private let display: ProgressDisplay
  private let stages = Mutex(Stages())
  private let start = ContinuousClock.now

  init(_ style: Style, _ display: ProgressDisplay) { (self.style, self.display) = (style, display) }

  /// Where `print` goes.
  var printed: FileHandle { style.json ? .standardError : .standardOutput }

  func show(_ activity: Activity) {
    display.show(activity)
    stages.withLock { $0.enter(activity) }
    if case .step(let index, let count) = activity { event("step", [("index", index), ("count", count)]) }
    if case .spared(let spared, let blocks) = activity { event("spared", [("spared", spared), ("blocks", blocks)]) }
    if case .cell(let label, let left, let count) = activity { event("cell", [("label", label), ("left", left), ("count", count)]) }
  }

  func loaded(_ model: LoadedModel) {
    if style.verbose {
      let millions = String(format: "%.1f", Double(model.parameters) / 1e6)
      display.say("loaded \(model.name): \(model.kind), \(millions) million parameters, weights in \(model.precision)")
    }
    event("loaded", [("model", model.name), ("kind", model.kind), ("precision", model.precision), ("parameters", model.parameters)])
  }

  func saved(_ file: String) { event("saved", [("file", file)]) }

  func done(_ files: [String]) {
    sayTimes()
    event("done", [("files", files), ("seconds", elapsed)])
  }

  func failed(_ failure: RecipeFailure, _ files: [String], _ exit: Exit) {
    sayTimes()
    event("error", [("kind", failure.kind.rawValue), ("message", failure.message), ("line", failure.line), ("frames", failure.frames),
                    ("exit", Int(exit.rawValue)), ("files", files), ("seconds", elapsed)])
  }

  private var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

  private func seconds(_ value: Double) -> String { String(format: "%.2f s", value) }

  private func sayTimes() {
    guard style.verbose else { return }
    let stages = stages.withLock { stages in
      stages.enter(nil)
      return stages
    }
    let rest = elapsed - stages.times.map(\.seconds).reduce(0, +)
    let rows = stages.times.map { time in
      let isSteps = time.stage == .steps && stages.steps > 0
      return (isSteps ? "\(stages.steps) steps" : time.stage.rawValue, seconds(time.seconds) + (isSteps ? ", \(seconds(time.seconds / Double(stages.steps))) a step" : ""))
    } + [("the rest", seconds(max(0, rest)))]
    let width = rows.map(\.0.count).max() ?? 0
    display.say("\(seconds(elapsed)) in all\n" + rows.map { "  " + $0.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + $1 }.joined(separator: "\n"))
  }

  private func event(_ name: String, _ fields: [(name: String, value: (any Encodable)?)]) {
    guard style.json else { return }
    let all = [("event", name)] + fields.compactMap { field in field.value.map { (field.name, $0) } } as [(String, any Encodable)]
    display.say("{" + all.map { "\(Self.json($0)):\(Self.json($1))" }.joined(separator: ",") + "}", to: .standardOutput)
  }

  private static func json(_ value: any Encodable) -> String {
    if let seconds = value as? Double { return String(format: "%.3f", seconds) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }
}

/// How long each kind of work took, by what the engine says that it begins.
private struct Stages {
  enum Stage: String, CaseIterable {
    case loading, prompts = "reading prompts", steps, decoding
  }

  private var spent: [Stage: Double] = [:]
  private var current: (stage: Stage, since: ContinuousClock.Instant)?
  /// What a part that is being read holds up.
  private var waiting: Stage?
  private(set) var steps = 0

  var times: [(stage: Stage, seconds: Double)] { Stage.allCases.compactMap { stage in spent[stage].map { (stage, $0) } } }

  /// nil ends the stage that is under way.
  mutating func enter(_ activity: Activity?) {
    let stage: Stage?
    switch activity {
    case .notice: return
    case .loading(_, let share):
      if current?.stage != .loading { waiting = current?.stage }
      stage = share < 1 ? .loading : waiting
    case .encoding: stage = .prompts
    case .step: (stage, steps) = (.steps, steps + 1)
    case .decoding: stage = .decoding
    case .sampled, .spared, .decoded, .cell, nil: stage = nil
    }
    if let current { spent[current.stage, default: 0] += (ContinuousClock.now - current.since) / .seconds(1) }
    current = stage.map { ($0, ContinuousClock.now) }
  }
}
