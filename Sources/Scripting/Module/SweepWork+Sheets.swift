import Imaging
import Sweeps

// Sheets and pages of cells.

extension SweepWork {
  /// Whether a sheet may be written: where the cells are made in shards, only once every cell has been gone through.
  func isComplete(_ sweep: Sweep, for path: String) throws -> Bool {
    guard settings.mode == .make || settings.mode == .collect else { return false }
    guard settings.mode == .make, !settings.shard.isWhole else { return true }
    let ledgers = try ledgers()
    let missing = sweep.cells.count { !ledgers.isMade($0.id) && ledgers.records[$0.id]?.state != .skipped && failures(of: $0, ledgers) < Self.tries }
    if missing > 0 { notice("\(path) is written once all cells are there (\(missing) of \(sweep.cells.count) are missing), or by a run with --collect") }
    return missing == 0
  }

  /// Whether this run only says what it would do.
  var isPlanning: Bool { settings.mode == .plan }

  /// Counts what pictures of cells made so far take to be read again and put into a file: each at most so many pixels on a side.
  func rehearse(_ sweep: Sweep, into format: PictureFormat, longestSide: Int) throws {
    let ledgers = try ledgers()
    for record in sweep.cells.compactMap({ ledgers.records[$0.id] }) where record.state == .done {
      guard let width = record.width, let height = record.height else { continue }
      let scale = min(1, Double(longestSide) / Double(max(width, height)))
      files.note(.read, pixels: width * height)
      files.note(.write(format), pixels: Int(Double(width * height) * scale * scale))
    }
  }

  func record(_ sheet: SheetRecord) throws {
    guard let ledger, let known, !known.knows(sheet) else { return }
    try guarded { try ledger.record(sheet) }
    self.known?.note(sheet)
  }
}
