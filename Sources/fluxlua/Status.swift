import ArgumentParser
import Foundation
import Sweeps

/// `fluxlua status DIR`: how far a sweep is, over all shards.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Show how far a sweep is: done, running, failed and missing cells, and the time left.")

  @ArgumentParser.Argument(help: "The output folder of a recipe.", completion: .directory) var folder: String

  func run() throws {
    do {
      let ledgers = try Ledgers.found(in: folder)
      let (sweeps, workers) = SweepStatus.of(ledgers)
      for status in sweeps { show(status, workers) }
      for worker in workers { show(worker) }
      for status in sweeps { showFailures(status, ledgers) }
    } catch { Exit.failed.leave(saying: "\(error)") }
  }

  private func show(_ status: SweepStatus, _ workers: [SweepStatus.Worker]) {
    var counts = ["\(status.done) of \(status.sweep.cells.count) cells done"]
    for (count, word) in [(status.running, "running"), (status.failed, "failed"), (status.skipped, "skipped"), (status.missing, "missing")] where count > 0 {
      counts.append("\(count) \(word)")
    }
    if let each = status.secondsPerCell { counts.append("\(Self.time(each)) a cell") }
    if let left = status.left, status.missing + status.running > 0 { counts.append("about \(Self.time(left)) left") }
    else if status.missing > 0, workers.allSatisfy(\.isGone) { counts.append("nobody is at work") }
    print("\(status.sweep.name): \(counts.joined(separator: ", "))")
  }

  private func show(_ worker: SweepStatus.Worker) {
    let what = worker.isGone ? "gone; its cells are made by the next run" : worker.label.map { "makes \($0)" } ?? "is between two cells"
    print("  shard \(worker.shard): \(worker.holder), \(what)" + (worker.silence > 60 && !worker.isGone ? ", silent for \(Self.time(worker.silence))" : ""))
  }

  private func showFailures(_ status: SweepStatus, _ ledgers: Ledgers) {
    let failed = status.sweep.cells.compactMap { cell in ledgers.records[cell.id].flatMap { $0.state == .failed && !ledgers.isMade(cell.id) ? (cell, $0) : nil } }
    for (cell, record) in failed.prefix(10) { print("  failed: \(status.sweep.label(of: cell)): \(record.reason ?? "")") }
    if failed.count > 10 { print("  … and \(failed.count - 10) more failed") }
  }

  static func time(_ seconds: Double) -> String {
    if seconds < 10 { return String(format: "%.1f s", seconds) }
    if seconds < 120 { return String(format: "%.0f s", seconds) }
    if seconds < 7200 { return String(format: "%d:%02d min", Int(seconds) / 60, Int(seconds) % 60) }
    return String(format: "%.1f h", seconds / 3600)
  }
}
