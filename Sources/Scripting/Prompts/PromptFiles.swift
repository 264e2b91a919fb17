import Checkpoints
import Foundation

/// Prompts and tables from files: lines, CSV and JSON.
enum PromptFiles {
  /// Lines without their ends; empty ones, and those that begin with #, are left out.
  static func lines(_ text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }

  /// Rows of a CSV text (RFC 4180): fields may be quoted, quotes are doubled inside. The first row holds the names.
  static func rows(_ text: String, _ name: String) throws -> [[(name: String, value: String)]] {
    var records = try fields(text, name)
    guard !records.isEmpty else { return [] }
    let names = records.removeFirst()
    return try records.enumerated().map { index, record in
      guard record.count == names.count else { throw LuaError("\(name): row \(index + 2) has \(record.count) fields, the first row \(names.count)") }
      return zip(names, record).map { ($0, $1) }
    }
  }

  private static func fields(_ text: String, _ name: String) throws -> [[String]] {
    var records: [[String]] = [], record: [String] = [], field = "", isQuoted = false
    var rest = Substring(text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...])
    func isBlank(_ record: [String]) -> Bool { record.count == 1 && record[0].isEmpty }
    while let character = rest.popFirst() {
      switch character {
      case "\"" where isQuoted && rest.first == "\"":
        rest.removeFirst()
        field.append("\"")
      case "\"" where isQuoted || field.isEmpty: isQuoted.toggle()
      case "," where !isQuoted:
        record.append(field)
        field = ""
      case _ where character.isNewline && !isQuoted:
        record.append(field)
        if !isBlank(record) { records.append(record) }
        (record, field) = ([], "")
      default: field.append(character)
      }
    }
    if isQuoted { throw LuaError("\(name): a quoted field does not end") }
    record.append(field)
    return isBlank(record) ? records : records + [record]
  }
}

/// A JSON value as Lua has it; null becomes nil.
struct JSONTable: LuaPushable {
  let json: JSON

  func push(onto lua: Lua) {
    switch json {
    case .null: LuaValue.nil.push(onto: lua)
    case .flag(let flag): flag.push(onto: lua)
    case .number(let number):
      if let whole = Int(exactly: number) { whole.push(onto: lua) } else { number.push(onto: lua) }
    case .text(let text): text.push(onto: lua)
    case .list(let list): list.map { JSONTable(json: $0) }.push(onto: lua)
    case .map(let map): LuaTable(map.sorted { $0.key < $1.key }.map { ($0.key, JSONTable(json: $0.value)) }).push(onto: lua)
    }
  }
}
