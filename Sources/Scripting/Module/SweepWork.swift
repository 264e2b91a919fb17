import Checkpoints
import Foundation
import Imaging
import Pipeline
import Sweeps
import Synchronization

/// The sweeps of one run: which cells are left, which one is being made, and what became of the others.
///
/// It outlives the recipe's Lua state: when a cell fails, the recipe is run again from its first line for the cells that are left.
final class SweepWork {
  let settings: SweepSettings
  let session: Session
  let files: FileAccess
  /// Loaded by an earlier try of this run.
  var pipelines: [(source: ModelSource, precision: Precision, memory: Int?, pipeline: FluxPipeline)] = []
  /// Where the loops of cells stood.
  let prefixes = PrefixMemo()
  /// Whether the recipe has a cell in its hands.
  var isMakingCells: Bool { !open.isEmpty }
  /// Something is wrong that no other cell would be spared.
  private(set) var isHopeless = false

  private(set) var ledger: Ledger?
  var known: Ledgers?
  private var writer: PictureWriter?
  /// What the writer's thread recorded since it was last looked at.
  private let written = Written()
  /// Cells in the recipe's hands, the last one innermost.
  private(set) var open: [OpenCell] = []
  private var queues: [String: [Cell]] = [:]
  private var names: Set<String> = []
  private var saved: Set<String> = []
  /// Files that cells have opened.
  var used: Set<String> = []
  /// Failures that a run with --retry-failed does not count.
  private var forgiven: [String: Int] = [:]
  private var alike = (message: "", count: 0)
  private(set) var left = 0
  /// Whether what was there before this run was thrown away, where that is asked for.
  private var hasCleared = false

  private final class Written: Sendable { let records = Mutex<[CellRecord]>([]) }

  struct OpenCell {
    let cell: Cell, sweep: Sweep
    let began = ContinuousClock.now
  }

  /// So many cells that fail alike before any is made are a mistake in the recipe, not in a cell.
  private static let mostAlike = 3
  /// How often a cell is tried in a run.
  static let tries = 2

  init(_ session: Session) {
    var settings = session.sweeps
    if session.purpose != .pictures { settings.mode = .plan }
    (self.session, self.settings, files) = (session, settings, session.files)
  }

  // MARK: Tries

  /// A try of the recipe begins.
  func begin() { (open, queues, names, left) = ([], [:], [], 0) }

  /// Sweeps of this try, for the account at its end.
  private(set) var sweeps: [Sweep] = []

  /// Ends the work with the ledger.
  func close() throws {
    defer {
      ledger?.close()
      writer?.close()
      (ledger, writer) = (nil, nil)
    }
    try settle()
  }

  // MARK: Sweeps

  /// A name that no other sweep of the recipe has.
  func take(_ name: String?) throws -> String {
    guard let name else {
      var number = 1
      while names.contains(number == 1 ? "sweep" : "sweep \(number)") { number += 1 }
      return number == 1 ? "sweep" : "sweep \(number)"
    }
    guard !names.contains(name) else { throw LuaError("there is a sweep named '\(name)' already; give each a 'name' of its own") }
    return name
  }

  func add(_ sweep: Sweep) throws {
    if names.isEmpty {
      sweeps = []
      if settings.others == .discard, !hasCleared, settings.mode == .make || settings.mode == .collect {
        try guarded { try Ledger.clear(files.folder) }
        hasCleared = true
      }
    }
    names.insert(sweep.name)
    sweeps.append(sweep)
  }

  /// What all ledgers say now.
  func ledgers() throws -> Ledgers {
    try settle()
    if settings.mode != .plan, ledger == nil || !settings.shard.isWhole { known = try Ledgers(in: files.folder) }
    return try known ?? Ledgers(in: files.folder)
  }

  /// The cells that this run has to make of a sweep.
  func planned(_ sweep: Sweep) throws -> Int {
    if settings.mode == .collect { return 0 }
    let ledgers = try ledgers()
    return sweep.share(of: settings.shard).count { isWanted($0, ledgers) }
  }

  /// The next cell to make, and that it is in the recipe's hands; nil when there is none.
  func next(of sweep: Sweep, _ flux: FluxModule) throws -> Cell? {
    if flux.declaresOnly { throw LuaStopped() }
    try flux.settings.cancellation.check()
    if settings.mode == .collect { return nil }
    try begin(sweep, flux)
    if let place = open.firstIndex(where: { $0.sweep.name == sweep.name }) {
      open.removeSubrange(place...)
      left += 1
    }
    guard let queue = queues[sweep.name], let cell = queue.first else {
      ledger?.working(on: nil)
      // What could not be written is told here, in the loop, and not after what the recipe does next.
      try settle()
      return nil
    }
    queues[sweep.name]?.removeFirst()
    open.append(OpenCell(cell: cell, sweep: sweep))
    if settings.mode == .make {
      ledger?.working(on: cell.id)
      session.observer(.cell(sweep.label(of: cell), left: queue.count, count: sweep.share(of: settings.shard).count))
      ProcessMemory.beginPeak()
    }
    return cell
  }

  /// Opens the ledger before the first cell, and lines up the cells of a sweep.
  private func begin(_ sweep: Sweep, _ flux: FluxModule) throws {
    if settings.mode == .make {
      if ledger == nil { try openLedger(flux) }
      let definition = SweepDefinition(sweep)
      if known?.knows(definition) == false { try guarded { try ledger?.record(definition) } }
      known?.note(definition)
    }
    guard queues[sweep.name] == nil else { return }
    if case .only(let id) = settings.mode { return queues[sweep.name] = sweep.cells.filter { $0.id == id } }
    let ledgers = try ledgers()
    let wanted = sweep.share(of: settings.shard).filter { isWanted($0, ledgers) }
    // Those that failed once come again when all others have had their turn.
    queues[sweep.name] = wanted.filter { failures(of: $0, ledgers) == 0 } + wanted.filter { failures(of: $0, ledgers) > 0 }
  }

  private func openLedger(_ flux: FluxModule) throws {
    do {
      let (ledger, ledgers) = try Ledger.open(in: files.folder, flux.runHeader(), settings)
      (self.ledger, known) = (ledger, ledgers)
      if settings.retriesFailed { forgiven = ledgers.records.mapValues { ledgers.failures(of: $0.id, in: ledger) } }
    } catch let error as SweepError {
      isHopeless = true
      if case .changed = error { flux.misuse.append("\(error)") }
      throw error
    }
  }

  func failures(of cell: Cell, _ ledgers: Ledgers) -> Int {
    guard let ledger else { return ledgers.records[cell.id]?.state == .failed ? 1 : 0 }
    return ledgers.failures(of: cell.id, in: ledger) - (forgiven[cell.id] ?? 0)
  }

  private func isWanted(_ cell: Cell, _ ledgers: Ledgers) -> Bool {
    if ledgers.isMade(cell.id) || saved.contains(cell.id) || ledgers.records[cell.id]?.state == .skipped { return false }
    return failures(of: cell, ledgers) < Self.tries
  }

  // MARK: Cells

  func save(_ image: Image, of cell: Cell, _ sweep: Sweep, extra: AxisValue?) throws {
    let opened = try close(cell, of: sweep)
    if case .only = settings.mode {
      session.wanted?.take(image)
      throw LuaStopped()
    }
    guard settings.mode == .make || settings.mode == .plan else { return }
    var record = CellRecord(cell, of: sweep, .done)
    record.file = "cells/\(cell.id).png"
    (record.width, record.height, record.extra) = (image.width, image.height, extra)
    record.seconds = (ContinuousClock.now - opened.began) / .seconds(1)
    record.memory = ProcessMemory.peak
    var image = image
    if let made = image.text["fluxlua"].flatMap({ try? JSONDecoder().decode(PictureRecord.self, from: Data($0.utf8)) }) {
      (record.steps, record.model) = (made.guidance.count, made.model.hash)
    }
    image.text[CellText.key] = CellText(cell, of: sweep, extra: extra).json
    image.text[FileAccess.Mark.key] = files.recipe
    saved.insert(cell.id)
    alike = ("", 0)
    guard let ledger else { return try pretend(image, record) }
    if writer == nil { writer = PictureWriter() }
    try guarded { [files, written] in
      try writer?.add(bytes: image.pixels.count) { [image, record] in
        var record = record
        let bytes = try image.encoded(as: .png)
        record.sha256 = Digest.sha256(bytes)
        try ledger.checkLock()
        try files.write(bytes, to: "cells/\(cell.id).png")
        let complete = try ledger.record(record)
        written.records.withLock { $0.append(complete) }
      }
    }
  }

  /// While a recipe is only planned, a cell is as good as made, so that what comes after it finds it.
  private func pretend(_ image: Image, _ record: CellRecord) throws {
    var ledgers = try ledgers()
    ledgers.pretend(record)
    known = ledgers
    files.note(.write(.png), pixels: image.width * image.height)
    try files.write(image.encoded(as: .png), to: record.file ?? "")
  }

  /// Where the picture of a cell that is made can be read.
  func place(of id: String) throws -> String? {
    let ledgers = try ledgers()
    guard ledgers.isMade(id), let file = ledgers.records[id]?.file else { return nil }
    return settings.mode == .plan ? try files.file("\(ledgers.folder)/\(file)") : "\(ledgers.folder)/\(file)"
  }

  func skip(_ cell: Cell, of sweep: Sweep, _ reason: String?) throws {
    _ = try close(cell, of: sweep)
    guard settings.mode == .make else { return }
    var record = CellRecord(cell, of: sweep, .skipped)
    record.reason = reason
    try note(record)
  }

  /// Records that a cell failed. Three that fail alike before any is made end the run.
  func fail(_ opened: OpenCell, _ message: String) throws {
    open.removeAll { $0.cell.id == opened.cell.id }
    var record = CellRecord(opened.cell, of: opened.sweep, .failed)
    record.reason = message
    record.seconds = (ContinuousClock.now - opened.began) / .seconds(1)
    try note(record)
    alike = alike.message == message ? (message, alike.count + 1) : (message, 1)
    if saved.isEmpty, alike.count >= Self.mostAlike { isHopeless = true }
    let known = try ledgers()
    if failures(of: opened.cell, known) < Self.tries { queues[opened.sweep.name]?.append(opened.cell) }
    notice("cell \(opened.cell.index) (\(opened.sweep.label(of: opened.cell))) failed: \(message)")
  }

  /// The cell in the recipe's hands by this identity.
  func opened(_ cell: Cell) -> OpenCell? { open.last { $0.cell.id == cell.id } }

  /// Takes a cell out of the recipe's hands; one that was got by its number is taken up for that moment.
  private func close(_ cell: Cell, of sweep: Sweep) throws -> OpenCell {
    if let place = open.firstIndex(where: { $0.cell.id == cell.id }) { return open.remove(at: place) }
    if saved.contains(cell.id) { throw LuaError("cell \(cell.index) is saved already") }
    throw LuaError("cell \(cell.index) is not being made: cells are saved and skipped in the loop over sweep:cells(), or in sweep:each")
  }

  private func note(_ record: CellRecord) throws {
    try settle()
    guard let ledger else { return }
    let complete = try guarded { try ledger.record(record) }
    known?.note(complete, in: ledger)
  }

  /// Waits for the writer and learns what it recorded.
  private func settle() throws {
    try guarded { try writer?.drain() }
    let records = written.records.withLock { records in
      defer { records = [] }
      return records
    }
    guard let ledger else { return }
    for record in records { known?.note(record, in: ledger) }
  }

  /// What goes wrong with files here would go wrong with every cell.
  func guarded<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      isHopeless = true
      throw error
    }
  }

  func notice(_ text: String) { session.observer(.notice(text)) }

  static func cells(_ count: Int) -> String { count == 1 ? "1 cell was" : "\(count) cells were" }
}
