import Foundation

/// The lines of a ledger: JSON objects whose `kind` says what they are of.
enum LedgerLine {
  case run(RunHeader), sweep(SweepDefinition), cell(CellRecord), sheet(SheetRecord), file(FileRecord)

  private struct Kind: Decodable { let kind: String }

  /// nil for a line that was torn, or that a later version wrote.
  init?(_ line: Data) {
    let decoder = JSONDecoder()
    guard let kind = try? decoder.decode(Kind.self, from: line).kind else { return nil }
    switch kind {
    case RunHeader.kind: if let header = try? decoder.decode(RunHeader.self, from: line) { self = .run(header) } else { return nil }
    case SweepDefinition.kind: if let sweep = try? decoder.decode(SweepDefinition.self, from: line) { self = .sweep(sweep) } else { return nil }
    case CellRecord.kind: if let cell = try? decoder.decode(CellRecord.self, from: line) { self = .cell(cell) } else { return nil }
    case FileRecord.kind: if let file = try? decoder.decode(FileRecord.self, from: line) { self = .file(file) } else { return nil }
    case SheetRecord.kind: if let sheet = try? decoder.decode(SheetRecord.self, from: line) { self = .sheet(sheet) } else { return nil }
    default: return nil
    }
  }

  /// With its end of line.
  static func data(_ line: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var data = try encoder.encode(line)
    data.append(UInt8(ascii: "\n"))
    return data
  }
}

/// A file that pictures depend on besides the model, such as an adapter or a ControlNet.
public struct FileRecord: Codable, Sendable, Equatable {
  static let kind = "file"
  var kind = FileRecord.kind
  /// As the recipe calls it.
  public var name: String, sha256: String
  public init(name: String, sha256: String) { (self.name, self.sha256) = (name, sha256) }

  /// What is different where it was another one, in words.
  public func difference(from other: String) -> String { "the file '\(name)' was another one (sha256 \(other.prefix(8))…, it is \(sha256.prefix(8))…)" }
}

/// What a run was started with: whoever goes on with its cells must have the same recipe, parameters and models.
public struct RunHeader: Codable, Sendable, Equatable {
  static let kind = "run"

  public struct Model: Codable, Sendable, Equatable {
    public var name: String, hash: String, precision: String
    public init(name: String, hash: String, precision: String) { (self.name, self.hash, self.precision) = (name, hash, precision) }
  }

  var kind = RunHeader.kind
  /// Of the format.
  var ledger = 1
  public var recipe: String
  public var sha256: String
  public var parameters: [String: String]
  /// That were loaded before the first cell.
  public var models: [Model]
  /// That were opened before the first cell; those that cells open have lines of their own.
  public var files: [FileRecord]?
  public var shard = ""
  public var host = "", pid: Int32 = 0
  /// Seconds since 1970.
  public var started = 0.0
  public var fluxlua = "", isa = ""
  /// Fingerprints of other states whose cells were kept.
  public var keeps: [String]?

  public init(recipe: String, sha256: String, parameters: [String: String] = [:], models: [Model] = []) {
    (self.recipe, self.sha256, self.parameters, self.models) = (recipe, sha256, parameters, models)
  }

  /// What must be equal for cells to belong together.
  var fingerprint: String {
    let models = models.map { "\($0.hash) \($0.precision)" }.joined(separator: "\n")
    let parameters = parameters.sorted { $0.key < $1.key }.map { "\(AxisValue.quoted($0.key))=\(AxisValue.quoted($0.value))" }.joined(separator: "\n")
    return "\(sha256)\n\(parameters)\n\(models)" + (files ?? []).map { "\n\(AxisValue.quoted($0.name)) \($0.sha256)" }.joined()
  }

  /// What is different in another run, in words.
  func differences(from other: RunHeader) -> [String] {
    var all: [String] = []
    if sha256 != other.sha256 { all.append("\(recipe) was another text, or a file that it requires (sha256 \(other.sha256.prefix(8))…, it is \(sha256.prefix(8))…)") }
    for name in Set(parameters.keys).union(other.parameters.keys).sorted() where parameters[name] != other.parameters[name] {
      all.append("'\(name)' was \(other.parameters[name] ?? "not there"), it is \(parameters[name] ?? "not there")")
    }
    if models != other.models {
      func shown(_ models: [Model]) -> String {
        models.isEmpty ? "none" : models.map { "\($0.name) in \($0.precision) (\($0.hash.prefix(8))…)" }.joined(separator: ", ")
      }
      all.append("the model was \(shown(other.models)), it is \(shown(models))")
    }
    let (mine, theirs) = (files ?? [], other.files ?? [])
    for file in mine {
      guard let was = theirs.first(where: { $0.name == file.name }) else { all.append("the file '\(file.name)' was not used"); continue }
      if was.sha256 != file.sha256 { all.append(file.difference(from: was.sha256)) }
    }
    for file in theirs where !mine.contains(where: { $0.name == file.name }) { all.append("the file '\(file.name)' was used") }
    return all
  }
}

/// The axes of a sweep and its cells, so that tables and pages can be made from ledgers alone.
public struct SweepDefinition: Codable, Sendable, Equatable {
  static let kind = "sweep"
  var kind = SweepDefinition.kind
  public var sweep: String
  public var axes: [Axis]
  /// Of each cell, where its values stand in the axes; nil where every combination is a cell.
  public var places: [[Int]]?

  public init(_ sweep: Sweep) {
    (self.sweep, axes) = (sweep.name, sweep.axes)
    let known = axes.map { axis in Dictionary(uniqueKeysWithValues: axis.values.enumerated().map { ($0.element.canonical, $0.offset) }) }
    let places = sweep.cells.map { cell in zip(known, cell.values).map { $0[$1.canonical] ?? 0 } }
    let counts = axes.map(\.values.count)
    // Nested loops over the axes count through all places: then nothing need be said.
    let isGrid = counts.reduce(1, *) == places.count
      && places.enumerated().allSatisfy { index, place in zip(place, counts).reduce(0) { $0 * $1.1 + $1.0 } == index }
    if !isGrid { self.places = places }
  }

  /// The sweep itself; nil where the line does not fit together.
  public var defined: Sweep? {
    let names = axes.map(\.name)
    guard !axes.isEmpty, axes.allSatisfy({ !$0.values.isEmpty }) else { return nil }
    guard let places else { return try? Sweep(sweep, axes.map { Dimension($0.name, .values($0.values)) }) }
    guard places.allSatisfy({ $0.count == axes.count && zip($0, axes).allSatisfy { $1.values.indices.contains($0) } }) else { return nil }
    let cells = places.enumerated().map { index, place in Cell(index: index + 1, values: zip(axes, place).map { $0.values[$1] }, of: sweep, names) }
    return Sweep(name: sweep, axes: axes, cells: cells)
  }
}

/// What became of a cell.
public struct CellRecord: Codable, Sendable, Equatable {
  static let kind = "cell"
  public enum State: String, Codable, Sendable { case done, failed, skipped }

  var kind = CellRecord.kind
  public var id: String
  public var sweep: String
  public var index: Int
  public var cell: [String: AxisValue]
  public var state: State
  /// Below the output folder.
  public var file: String?
  public var sha256: String?
  public var width: Int?, height: Int?
  /// Why it failed or was skipped.
  public var reason: String?
  /// From when the recipe got the cell until it gave the picture.
  public var seconds: Double?
  public var steps: Int?
  /// The most that the process held meanwhile, in bytes.
  public var memory: Int?
  /// What the recipe says of it.
  public var extra: AxisValue?
  public var shard: String, host: String
  /// Seconds since 1970.
  public var time: Double
  public var fluxlua: String, isa: String
  public var model: String?

  public init(_ cell: Cell, of sweep: Sweep, _ state: State) {
    (id, index, self.sweep, self.cell, self.state) = (cell.id, cell.index, sweep.name, sweep.named(cell), state)
    (shard, host, time, fluxlua, isa) = ("", "", 0, "", "")
  }
}

/// A sheet that a recipe writes, so that it can be made again from ledgers alone.
public struct SheetRecord: Codable, Sendable, Equatable {
  static let kind = "sheet"
  var kind = SheetRecord.kind
  public var sweep: String
  /// Below the output folder.
  public var file: String
  public var layout: SheetLayoutChoice

  public init(sweep: String, file: String, layout: SheetLayoutChoice) { (self.sweep, self.file, self.layout) = (sweep, file, layout) }
}
