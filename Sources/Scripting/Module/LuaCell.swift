import CLua
import Imaging
import Sweeps

/// A cell as recipes hold it: a field for each axis, and what becomes of it.
final class LuaCell: LuaObject {
  static let luaName = "Cell"
  let cell: Cell
  let sweep: LuaSweep

  init(_ cell: Cell, of sweep: LuaSweep) { (self.cell, self.sweep) = (cell, sweep) }

  /// Names that are a cell's own, and that no axis can have.
  static let ownNames = ["id", "index", "label", "save", "skip", "record", "picture"]

  static var type: LuaType<LuaCell> {
    LuaType<LuaCell>("One combination of a sweep's values, with a field for each axis.")
      .property("id", "string", "Names the cell on every machine: a hash of the sweep's name, the axes and the values.") { $0.cell.id }
      .property("index", "integer", "Its place in written order, from 1.") { $0.cell.index }
      .property("label", "string", "Its values in words: \"seed 1003, guidance 3.5\".") { $0.sweep.sweep.label(of: $0.cell) }
      .method("save", "Gives the cell its picture: cells/<id>.png in the output folder. It is written whole or not at all, then recorded.",
              .required("image", Reader<Image>.object, "what model:generate gave"), .options(SaveCellOptions.options)) { cell, _, image, options in
        try cell.sweep.flux.work.save(image, of: cell.cell, cell.sweep.sweep, extra: options.extra)
      }
      .method("skip", "Records that the cell is left out, so that no run makes it.", .optional("reason", .string, "why")) { cell, _, reason in
        try cell.sweep.flux.work.skip(cell.cell, of: cell.sweep.sweep, reason)
      }
      .method("record", "What is recorded of it: state, file, seconds, steps, memory, extra, reason, host; nil while there is nothing.", returns: "table?") { cell, _ -> Several in
        guard let record = try cell.sweep.flux.work.ledgers().records[cell.cell.id] else { return Several(LuaValue.nil) }
        return Several(table(record))
      }
      .method("picture", "Its picture; nil while it is not made.", returns: "flux.Image?") { cell, _ -> Several in
        guard let place = try cell.sweep.flux.work.place(of: cell.cell.id) else { return Several(LuaValue.nil) }
        return Several(try Image(contentsOf: place))
      }
      .entries { cell, _, key in
        guard case .string(let name) = key else { return nil }
        let axes = cell.sweep.sweep.axes.map(\.name)
        guard let place = axes.firstIndex(of: name) else { throw LuaError("a Cell has no '\(name)'" + Suggestion.text(for: name, among: axes + ownNames)) }
        return cell.cell.values[place]
      }
      .text { "Cell \($0.cell.index) (\($0.sweep.sweep.label(of: $0.cell)))" }
  }

  static func table(_ record: CellRecord) -> LuaTable {
    var fields: [(name: String, value: any LuaPushable)] = [("id", record.id), ("index", record.index), ("state", record.state.rawValue), ("host", record.host)]
    if let file = record.file { fields.append(("file", file)) }
    if let reason = record.reason { fields.append(("reason", reason)) }
    if let seconds = record.seconds { fields.append(("seconds", seconds)) }
    if let steps = record.steps { fields.append(("steps", steps)) }
    if let memory = record.memory { fields.append(("memory", memory)) }
    // Always there, so that made.extra.score of a cell without one is nil and no error.
    fields.append(("extra", record.extra ?? .map([:])))
    return LuaTable(fields)
  }
}

private struct SaveCellOptions {
  var extra: AxisValue?
  static var options: Options<SaveCellOptions> {
    Options(SaveCellOptions(), named: "CellSaveOptions", [
      Field("extra", AxisValue.reader.described("a plain table", annotation: "table"), \.extra, "plain values to record with it, such as a score"),
    ])
  }
}

extension AxisValue: LuaPushable {
  package func push(onto lua: Lua) {
    switch self {
    case .flag(let flag): flag.push(onto: lua)
    case .whole(let whole): whole.push(onto: lua)
    case .number(let number): number.push(onto: lua)
    case .text(let text): text.push(onto: lua)
    case .list(let list): list.push(onto: lua)
    case .map(let map): LuaTable(map.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }).push(onto: lua)
    }
  }

  /// Tables in tables beyond this are a table that holds itself.
  private static let deepest = 16

  /// A value that a ledger can hold: numbers, texts, true and false, and tables of them.
  static var reader: Reader<AxisValue> {
    let expected = "a number, a text, true or false, or a plain table of them"
    return Reader(expected, "any") { try value(of: $0, expected, depth: 0) }
  }

  private static func value(of argument: Argument, _ expected: String, depth: Int) throws -> AxisValue {
    switch argument.value {
    case .boolean(let flag): return .flag(flag)
    case .integer(let whole): return .whole(whole)
    case .number(let number):
      guard number.isFinite else { throw Mismatch(predicate: "must hold finite numbers, got \(argument)") }
      return .number(number)
    case .string(let text): return .text(text)
    default:
      guard argument.isTable, !clua_has_metatable(argument.lua.current, argument.index), depth < deepest else { throw Mismatch(expected, argument) }
      let keys = argument.keys, count = argument.length
      if keys.names.isEmpty {
        guard keys.others.count == count else { throw Mismatch(predicate: "must be a list without holes, or a table of names") }
        return .list(try (0..<count).map { place in try argument.entry(place + 1) { try value(of: $0, expected, depth: depth + 1) } })
      }
      guard keys.others.isEmpty else { throw Mismatch(predicate: "must be a list or a table of names, not both in one") }
      return .map(Dictionary(uniqueKeysWithValues: try keys.names.map { name in
        (name, try argument.field(name) { try value(of: $0, expected, depth: depth + 1) })
      }))
    }
  }
}
