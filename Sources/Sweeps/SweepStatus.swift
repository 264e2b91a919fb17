import Foundation

/// How far the sweeps of a folder are, over all shards.
public struct SweepStatus: Sendable {
  public let sweep: Sweep
  public let done: Int, failed: Int, skipped: Int, running: Int
  /// Neither made nor being made.
  public var missing: Int { sweep.cells.count - done - failed - skipped - running }
  /// Seconds that a cell takes; nil while none is done.
  public let secondsPerCell: Double?
  /// Seconds until all cells are made, if those who work now go on; nil where nobody does.
  public let left: Double?

  /// A process that makes cells.
  public struct Worker: Sendable {
    public let shard: Shard, holder: LockHolder
    /// Of the cell that it makes.
    public let label: String?
    /// Since its last sign of life.
    public let silence: Double
    /// Whether it is gone, and its lock left behind.
    public let isGone: Bool
  }

  /// Of every sweep that ledgers of a folder know of, and of those who work on them.
  public static func of(_ ledgers: Ledgers) -> (sweeps: [SweepStatus], workers: [Worker]) {
    let now = LockFile.now(in: ledgers.folder) ?? Date().timeIntervalSince1970
    let cells = Dictionary(ledgers.sweeps.flatMap { sweep in sweep.cells.map { ($0.id, (cell: $0, sweep: sweep)) } }) { first, _ in first }
    let workers = Ledger.locks(in: ledgers.folder).map { shard, file in
      Worker(shard: shard, holder: file.holder, label: file.holder.cell.flatMap { cells[$0] }.map { $0.sweep.label(of: $0.cell) }, silence: max(0, now - file.beat),
             isGone: file.isStale(in: ledgers.folder))
    }
    let busy = Set(workers.filter { !$0.isGone }.compactMap(\.holder.cell))
    return (ledgers.sweeps.map { SweepStatus($0, ledgers, busy, workers.count { !$0.isGone }) }, workers)
  }

  private init(_ sweep: Sweep, _ ledgers: Ledgers, _ busy: Set<String>, _ workers: Int) {
    self.sweep = sweep
    let made = sweep.cells.filter { ledgers.isMade($0.id) }
    done = made.count
    running = sweep.cells.count { busy.contains($0.id) && !ledgers.isMade($0.id) }
    let others = sweep.cells.filter { !ledgers.isMade($0.id) && !busy.contains($0.id) }
    failed = others.count { ledgers.records[$0.id]?.state == .failed }
    skipped = others.count { ledgers.records[$0.id]?.state == .skipped }
    let times = made.compactMap { ledgers.records[$0.id]?.seconds }
    secondsPerCell = times.isEmpty ? nil : times.reduce(0, +) / Double(times.count)
    let open = Double(sweep.cells.count - done - failed - skipped)
    left = workers == 0 ? nil : secondsPerCell.map { $0 * open / Double(workers) }
  }
}
