import Sweeps

// A recipe whose cell failed is run again for the others.

extension SweepWork {
  /// Whether the recipe is to be run again after it failed: a cell was being made, and others are left.
  func goesOn(after failure: RecipeFailure) -> Bool {
    guard settings.mode == .make, !isHopeless, let cell = open.last, [.failed, .unusable, .memoryLimit].contains(failure.kind) else { return false }
    do { try fail(cell, failure.message) } catch { return false }
    return !settings.stopsOnError && !isHopeless
  }

  /// What the whole run came to: where cells failed, it failed.
  func concluded<R>(_ outcome: Result<R, RecipeFailure>) -> Result<R, RecipeFailure> {
    do { try close() } catch {
      if case .success = outcome { return .failure(RecipeFailure(kind: .failed, message: "\(error)")) }
      return outcome
    }
    if left > 0 { notice("\(Self.cells(left)) neither saved nor skipped, and will be gone through again; cell:skip(reason) records that there is nothing to save") }
    if prefixes.spared > 0, session.purpose == .pictures { notice("\(prefixes.spared) \(prefixes.spared == 1 ? "step was" : "steps were") computed once for several cells") }
    guard case .success = outcome, settings.mode == .make, let known, let first = failed.first else { return outcome }
    let reason = known.records[first.cell.id]?.reason.map { ": \($0)" } ?? ""
    let more = failed.count > 1 ? " and \(failed.count - 1) more" : ""
    return .failure(RecipeFailure(kind: .failed, message: "cell \(first.cell.index) (\(first.sweep.label(of: first.cell)))\(more) failed\(reason)\n--retry-failed tries again"))
  }

  private var failed: [(cell: Cell, sweep: Sweep)] {
    sweeps.flatMap { sweep in sweep.share(of: settings.shard).filter { known?.records[$0.id]?.state == .failed }.map { ($0, sweep) } }
  }
}
