import Foundation
import Sweeps
import TestSupport
import Testing

/// What ledgers keep, whatever happens to the process that writes them.
@Suite struct LedgerTests {
  private static let header = RunHeader(recipe: "harbour.lua", sha256: "aa", parameters: ["steps": "8"], models: [.init(name: "m", hash: "hh", precision: "f32")])

  private static func sweep(_ count: Int = 4) throws -> Sweep { try Sweep("harbour", [Dimension("seed", .values((1...count).map { .whole($0) }))]) }

  private static func record(_ cell: Cell, _ sweep: Sweep, _ state: CellRecord.State = .done) -> CellRecord {
    var record = CellRecord(cell, of: sweep, state)
    if state == .done { record.file = "cells/\(cell.id).png" } else { record.reason = "why" }
    return record
  }

  private static func settings(_ shard: String = "1/1", _ others: SweepSettings.Others = .refuse) throws -> SweepSettings {
    var settings = SweepSettings()
    (settings.shard, settings.others) = (try Shard(shard), others)
    return settings
  }

  private static func fill(_ folder: TemporaryFolder, _ shard: String = "1/1", _ header: RunHeader = header, cells: Range<Int> = 0..<2) throws {
    let (ledger, _) = try Ledger.open(in: folder.path, header, settings(shard))
    defer { ledger.close() }
    let sweep = try sweep()
    try ledger.record(SweepDefinition(sweep))
    for cell in sweep.cells[cells] { try ledger.record(record(cell, sweep)) }
  }

  @Test func whatWasRecordedIsReadAgain() throws {
    let folder = try TemporaryFolder()
    try Self.fill(folder)
    let ledgers = try Ledgers(in: folder.path), sweep = try Self.sweep()
    #expect(ledgers.headers.count == 1 && ledgers.headers[0].parameters == ["steps": "8"] && ledgers.headers[0].shard == "1/1")
    #expect(ledgers.sweeps.map(\.name) == ["harbour"] && ledgers.sweeps[0].cells == sweep.cells)
    #expect(Set(ledgers.records.keys) == Set(sweep.cells[0..<2].map(\.id)))
    #expect(ledgers.records[sweep.cells[1].id]?.cell == ["seed": .whole(2)])
    #expect(try folder.files == ["ledger-1-of-1.jsonl"])
  }

  @Test func aLineTornAtAnyByteIsNoLineAndTheNextOneIsWhole() throws {
    let folder = try TemporaryFolder()
    try Self.fill(folder)
    let whole = try folder.bytes(of: "ledger-1-of-1.jsonl"), sweep = try Self.sweep()
    let last = (whole.dropLast().lastIndex(of: UInt8(ascii: "\n")) ?? 0) + 1
    // A line that lacks only its end says all that it has to say.
    let lacksItsEnd = whole.count - 1
    for end in Array(stride(from: last + 1, to: lacksItsEnd, by: 7)) + [lacksItsEnd - 1, lacksItsEnd] {
      try folder.write(Array(whole[..<end]), to: "ledger-1-of-1.jsonl")
      let (ledger, ledgers) = try Ledger.open(in: folder.path, Self.header, Self.settings())
      let kept = sweep.cells[0..<(end == lacksItsEnd ? 2 : 1)].map(\.id)
      #expect(Set(ledgers.records.keys) == Set(kept))
      try ledger.record(Self.record(sweep.cells[3], sweep))
      ledger.close()
      let again = try Ledgers(in: folder.path)
      #expect(Set(again.records.keys) == Set(kept + [sweep.cells[3].id]), "torn at \(end - last)")
      #expect(again.headers.count == 2)
    }
  }

  @Test(arguments: [
    (RunHeader(recipe: "harbour.lua", sha256: "bb", parameters: header.parameters, models: header.models), "harbour.lua was another text, or a file that it requires (sha256 aa…, it is bb…)"),
    (RunHeader(recipe: "harbour.lua", sha256: "aa", parameters: ["steps": "9"], models: header.models), "'steps' was 8, it is 9"),
    (RunHeader(recipe: "harbour.lua", sha256: "aa", parameters: ["steps": "8", "x": ""], models: header.models), "'x' was not there, it is "),
    (RunHeader(recipe: "harbour.lua", sha256: "aa", parameters: header.parameters, models: [.init(name: "m", hash: "hi", precision: "f32")]), "the model was m in f32 (hh…), it is m in f32 (hi…)"),
    (RunHeader(recipe: "harbour.lua", sha256: "aa", parameters: header.parameters, models: [.init(name: "m", hash: "hh", precision: "bf16")]), "it is m in bf16"),
  ]) func cellsOfAnotherStateOfTheRecipeAreRefusedKeptOrThrownAway(_ header: RunHeader, _ difference: String) throws {
    let folder = try TemporaryFolder()
    try Self.fill(folder)
    try folder.write("picture", to: "other.png")
    let before = try folder.bytes(of: "ledger-1-of-1.jsonl")
    let error = #expect(throws: SweepError.self) { try Ledger.open(in: folder.path, header, Self.settings("1/1")) }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains(difference) && message.contains("--keep") && message.contains("--fresh"), "\(message)")
    #expect(try folder.bytes(of: "ledger-1-of-1.jsonl") == before)
    #expect(try folder.files == ["ledger-1-of-1.jsonl", "other.png"])       // the lock is given back

    let (kept, ledgers) = try Ledger.open(in: folder.path, header, Self.settings("1/1", .keep))
    kept.close()
    #expect(ledgers.records.count == 2)
    try Ledger.open(in: folder.path, header, Self.settings("1/1")).0.close()          // once kept, always kept
    #expect(throws: SweepError.self) { try Ledger.open(in: folder.path, Self.header, Self.settings("1/1")) }

    let (fresh, none) = try Ledger.open(in: folder.path, header, Self.settings("1/1", .discard))
    fresh.close()
    #expect(none.records.isEmpty)
    #expect(try folder.files.contains("other.png"))                         // not a cell
  }

  @Test func freshThrowsAwayThePicturesOfCells() throws {
    let folder = try TemporaryFolder()
    try Self.fill(folder)
    try FileManager.default.createDirectory(atPath: folder.path + "/cells", withIntermediateDirectories: true)
    for cell in try Self.sweep().cells { try folder.write("x", to: "cells/\(cell.id).png") }
    try Ledger.open(in: folder.path, Self.header, Self.settings("1/1", .discard)).0.close()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cells").count == 2)     // of which no ledger knew
  }

  @Test func aShardIsMadeByOneProcessAtATime() throws {
    let folder = try TemporaryFolder()
    let (ledger, _) = try Ledger.open(in: folder.path, Self.header, Self.settings("1/2"))
    let error = #expect(throws: SweepError.self) { try Ledger.open(in: folder.path, Self.header, Self.settings("1/2")) }
    #expect(error.map { "\($0)" }?.contains("shard 1/2 is being made by another process (process \(getpid()) on ") == true)
    try Ledger.open(in: folder.path, Self.header, Self.settings("2/2")).0.close()
    let other = #expect(throws: SweepError.self) { try Ledger.open(in: folder.path, Self.header, Self.settings("1/3")) }
    #expect(other.map { "\($0)" }?.contains("is being filled in 2 shards") == true)
    ledger.close()
    try Ledger.open(in: folder.path, Self.header, Self.settings("1/2")).0.close()
    try Ledger.open(in: folder.path, Self.header, Self.settings("1/3")).0.close()
  }

  /// A lock as another process would have left it, its last heartbeat so many seconds ago.
  private static func leave(_ lock: String, in folder: TemporaryFolder, secondsAgo: Double) throws {
    try folder.write(lock, to: "ledger-1-of-1.lock")
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)], ofItemAtPath: folder.path + "/ledger-1-of-1.lock")
  }

  private static let elsewhere = #"{"host":"node7","pid":17,"place":"another boot","began":1}"#

  @Test func aLockIsNobodysAfterFiveMinutesWithoutAHeartbeat() throws {
    let folder = try TemporaryFolder()
    for (lock, age) in [(Self.elsewhere, 200.0), ("", 200), ("{", 10)] {
      try Self.leave(lock, in: folder, secondsAgo: age)
      #expect(throws: SweepError.self) { try Ledger.open(in: folder.path, Self.header, Self.settings()) }
    }
    for lock in [Self.elsewhere, "", "{"] {
      try Self.leave(lock, in: folder, secondsAgo: 310)
      try Ledger.open(in: folder.path, Self.header, Self.settings()).0.close()
    }
  }

  @Test func aLockOfAProcessThatIsGoneFromThisMachineIsNobodys() throws {
    let folder = try TemporaryFolder()
    let (ledger, _) = try Ledger.open(in: folder.path, Self.header, Self.settings())
    let own = String(decoding: try folder.bytes(of: "ledger-1-of-1.lock"), as: UTF8.self)
    ledger.close()
    // The number of this process, which began at another time: it was given out again.
    let began = try #require(own.firstMatch(of: /"began":(\d+)/)).1
    try Self.leave(own.replacing("\"began\":\(began)", with: "\"began\":1"), in: folder, secondsAgo: 0)
    try Ledger.open(in: folder.path, Self.header, Self.settings()).0.close()
    try Self.leave(own, in: folder, secondsAgo: 0)
    #expect(throws: SweepError.self) { try Ledger.open(in: folder.path, Self.header, Self.settings()) }
  }

  @Test func whoLostTheLockWritesNothingMore() throws {
    let folder = try TemporaryFolder()
    let (ledger, _) = try Ledger.open(in: folder.path, Self.header, Self.settings())
    try folder.remove("ledger-1-of-1.lock")
    try folder.write("somebody else's", to: "ledger-1-of-1.lock")
    let before = try folder.bytes(of: "ledger-1-of-1.jsonl"), sweep = try Self.sweep()
    let error = #expect(throws: SweepError.self) { try ledger.record(Self.record(sweep.cells[0], sweep)) }
    #expect(error.map { "\($0)" }?.contains("another process took over") == true)
    ledger.close()
    #expect(try folder.bytes(of: "ledger-1-of-1.jsonl") == before)
    #expect(try folder.files.contains("ledger-1-of-1.lock"))                // which is not its own
  }

  @Test func aFolderThatIsGoneIsToldAndNotMadeAnew() throws {
    let folder = try TemporaryFolder(), inside = folder.path + "/out"
    let (ledger, _) = try Ledger.open(in: inside, Self.header, Self.settings())
    try FileManager.default.moveItem(atPath: inside, toPath: folder.path + "/away")
    let error = #expect(throws: SweepError.self) { try ledger.checkLock() }
    #expect(error.map { "\($0)" }?.hasPrefix("\(inside) is gone: it was moved, deleted or unmounted") == true)
    ledger.close()
    #expect(try folder.files == ["away"])
  }

  @Test func aFolderThatCannotBeWrittenIsNamedWithTheWayOut() throws {
    let error = #expect(throws: SweepError.self) { try Ledger.open(in: "/proc/nowhere", Self.header, Self.settings()) }
    #expect(error.map { "\($0)" }?.hasPrefix("/proc/nowhere: ") == true)
  }

  @Test func failuresCountInTheStateOfTheRecipeTheyHappenedIn() throws {
    let folder = try TemporaryFolder(), sweep = try Self.sweep()
    for count in 1...2 {
      let (ledger, _) = try Ledger.open(in: folder.path, Self.header, Self.settings())
      try ledger.record(Self.record(sweep.cells[0], sweep, .failed))
      #expect(try Ledgers(in: folder.path).failures(of: sweep.cells[0].id, in: ledger) == count)
      ledger.close()
    }
    var changed = Self.header
    changed.sha256 = "cc"
    let (ledger, ledgers) = try Ledger.open(in: folder.path, changed, Self.settings("1/1", .keep))
    #expect(ledgers.failures(of: sweep.cells[0].id, in: ledger) == 0)
    try ledger.record(Self.record(sweep.cells[0], sweep))
    ledger.close()
    #expect(try Ledgers(in: folder.path).records[sweep.cells[0].id]?.state == .done)
  }

  @Test func aDefinitionGivesBackItsSweep() throws {
    let grid = try Sweep("a", [Dimension("x", .values([.whole(1), .number(0.5)])), Dimension("y", .values([.text("p"), .flag(true), .list([.whole(1), .whole(2)]), .map(["k": .text("v")])]))])
    let part = try Sweep("b", [Dimension("x", .values([.whole(1), .whole(2), .whole(3)])), Dimension("y", .values([.whole(1), .whole(2)]))]) { $0[0] != $0[1] }
    let drawn = try Sweep("c", [Dimension("x", .uniform(from: 0, to: 1, step: nil))], samples: 11)
    for sweep in [grid, part, drawn] {
      let data = try JSONEncoder().encode(SweepDefinition(sweep))
      let again = try #require(JSONDecoder().decode(SweepDefinition.self, from: data).defined)
      #expect(again.cells == sweep.cells && again.axes == sweep.axes)
    }
  }
}
