import Foundation
import Imaging

/// Everything that the ledgers of a folder say, whichever shards wrote them.
///
/// ```swift
/// var ledgers = try Ledgers(in: "out/harbour")
/// ledgers.sweeps.map(\.name)                       // ["harbour"]
/// ledgers.records.values.count { $0.state == .done }
/// ```
public struct Ledgers: Sendable {
  public let folder: String
  public private(set) var headers: [RunHeader] = []
  /// The last definition of each sweep, in the order of their first.
  public private(set) var sweeps: [Sweep] = []
  public private(set) var sheets: [SheetRecord] = []
  /// SHA-256 of the files that cells opened, by their names.
  public private(set) var files: [String: String] = [:]
  /// The last word on each cell, by its id; that it is done is never taken back.
  public private(set) var records: [String: CellRecord] = [:]
  /// How often a cell failed in the state of the recipe that it failed in last.
  private var failures: [String: (fingerprint: String, count: Int)] = [:]
  private var definitions: [SweepDefinition] = []
  /// Cells that count as made although there is no picture.
  private var pretended: Set<String> = []

  /// No ledger at all is no error: nothing was made yet.
  public init(in folder: String) throws {
    self.folder = folder
    for path in try Self.files(in: folder) { try read(path) }
  }

  /// The paths of the ledgers in a folder, in the order of their names.
  static func files(in folder: String) throws -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
    return names.filter { $0.hasPrefix("ledger-") && $0.hasSuffix(".jsonl") }.sorted().map { "\(folder)/\($0)" }
  }

  private mutating func read(_ path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else { throw SweepError.ledger(path, FileProblem(errno)) }
    var fingerprint = ""
    // A line that was torn when a process was killed is no line; what stands after it is.
    for line in data.split(separator: UInt8(ascii: "\n")) {
      switch LedgerLine(Data(line)) {
      case .run(let header)?:
        fingerprint = header.fingerprint
        headers.append(header)
      case .sweep(let definition)?: note(definition)
      case .cell(let record)?: note(record, fingerprint)
      case .sheet(let sheet)?: note(sheet)
      case .file(let file)?: files[file.name] = file.sha256
      case nil: continue
      }
    }
  }

  /// Takes note of what this process has recorded.
  public mutating func note(_ record: CellRecord, in ledger: Ledger) { note(record, ledger.fingerprint) }

  private mutating func note(_ record: CellRecord, _ fingerprint: String) {
    if record.state == .failed {
      let known = failures[record.id]
      failures[record.id] = (fingerprint, known?.fingerprint == fingerprint ? (known?.count ?? 0) + 1 : 1)
    }
    if records[record.id]?.state == .done, record.state != .done { return }
    records[record.id] = record
  }

  /// Counts a cell as made without a picture, for whoever only plans.
  public mutating func pretend(_ record: CellRecord) {
    records[record.id] = record
    pretended.insert(record.id)
  }

  public mutating func note(_ definition: SweepDefinition) {
    if let place = definitions.firstIndex(where: { $0.sweep == definition.sweep }) { definitions[place] = definition } else { definitions.append(definition) }
    sweeps = definitions.compactMap(\.defined)
  }

  public mutating func note(_ sheet: SheetRecord) {
    sheets.removeAll { $0.file == sheet.file }
    sheets.append(sheet)
  }

  /// How often a cell failed in the state of the recipe that a ledger is written in.
  public func failures(of id: String, in ledger: Ledger) -> Int {
    failures[id].flatMap { $0.fingerprint == ledger.fingerprint ? $0.count : nil } ?? 0
  }

  /// Whether a cell is done and its picture there.
  public func isMade(_ id: String) -> Bool {
    if pretended.contains(id) { return true }
    guard let record = records[id], record.state == .done, let file = record.file else { return false }
    return access("\(folder)/\(file)", F_OK) == 0
  }

  /// Whether this line of a ledger would say nothing new.
  public func knows(_ definition: SweepDefinition) -> Bool { definitions.contains(definition) }
  public func knows(_ sheet: SheetRecord) -> Bool { sheets.contains(sheet) }

  /// How the cells that are there differ from those that a run would make; empty where they go together.
  func differences(from header: RunHeader) -> [String] {
    let own = header.fingerprint
    let kept = Set(headers.filter { $0.fingerprint == own }.flatMap { $0.keeps ?? [] })
    guard let other = headers.last(where: { $0.fingerprint != own && !kept.contains($0.fingerprint) }) else { return [] }
    return header.differences(from: other)
  }

  /// The states of the recipe that cells were made in.
  var fingerprints: Set<String> { Set(headers.map(\.fingerprint)) }
}
