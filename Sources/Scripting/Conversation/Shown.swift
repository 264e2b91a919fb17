import CLua
import Foundation

/// Lua values as a prompt shows them: objects by what they say of themselves, tables with what is in them, up to a point.
struct Shown {
  private let lua: Lua

  private static let deepest = 4, mostEntries = 32, width = 76

  init(_ lua: Lua) { self.lua = lua }

  /// A string stands for itself, as in `print`.
  func text(of index: Int32) -> String { lua.string(at: index) ?? text(of: index, depth: 0) }

  private func text(of index: Int32, depth: Int) -> String {
    switch clua_type(lua.current, index) {
    case CLUA_STRING: quoted(lua.string(at: index) ?? "")
    case CLUA_NUMBER: number(at: index)
    case CLUA_TABLE: ownText(at: index) ?? table(at: index, depth: depth)
    case CLUA_USERDATA: lua.text(at: index) ?? lua.description(at: index)
    case CLUA_FUNCTION: "function"
    case CLUA_THREAD: "coroutine"
    default: lua.description(at: index)
    }
  }

  /// What a table says of itself, more than where it is.
  private func ownText(at index: Int32) -> String? { lua.text(at: index).flatMap { $0.hasPrefix("table: ") ? nil : $0 } }

  /// As Lua writes them.
  private func number(at index: Int32) -> String {
    if clua_is_integer(lua.current, index), let value = lua.integer(at: index) { return "\(value)" }
    let value = lua.number(at: index) ?? 0
    let text = String(format: "%.14g", value)
    return text.allSatisfy { $0.isNumber || $0 == "-" } ? text + ".0" : text
  }

  private func quoted(_ text: String) -> String {
    let cut = text.prefix(200)
    var shown = ""
    for scalar in cut.unicodeScalars {
      switch scalar {
      case "\"": shown += "\\\""
      case "\\": shown += "\\\\"
      case "\n": shown += "\\n"
      case "\t": shown += "\\t"
      case _ where scalar.value < 32 || scalar.value == 127: shown += "\\\(scalar.value)"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return "\"\(shown)\"" + (cut.endIndex < text.endIndex ? "…" : "")
  }

  private func table(at index: Int32, depth: Int) -> String {
    guard clua_reserve(lua.current, 16), depth < Self.deepest else { return "{ … }" }
    let count = Int(clua_length(lua.current, index))
    var entries = (0..<min(count, Self.mostEntries)).map { number in
      lua.balanced {
        clua_get_entry(lua.current, index, Int64(number) + 1)
        return text(of: lua.top, depth: depth + 1)
      }
    }
    let (fields, others) = named(at: index, beyond: count, depth: depth)
    entries += fields.prefix(max(0, Self.mostEntries - entries.count))
    let left = count + others - entries.count
    return laidOut(entries + (left > 0 ? ["… and \(left) more"] : []))
  }

  /// The fields that are not counted from 1, in alphabetical order, and how many there are; of very many only some.
  private func named(at index: Int32, beyond count: Int, depth: Int) -> (fields: [String], all: Int) {
    var fields: [(key: String, value: String)] = [], all = 0
    lua.balanced {
      clua_push_nil(lua.current)
      while all < 100_000, clua_next(lua.current, index) {
        let value = lua.top
        if entryNumber(at: value - 1).map({ $0 < 1 || $0 > count }) ?? true {
          all += 1
          if fields.count < 8 * Self.mostEntries { fields.append((key(at: value - 1), text(of: value, depth: depth + 1))) }
        }
        lua.pop(1)
      }
    }
    return (fields.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }, all)
  }

  private func entryNumber(at index: Int32) -> Int? {
    clua_type(lua.current, index) == CLUA_NUMBER && clua_is_integer(lua.current, index) ? lua.integer(at: index) : nil
  }

  private func key(at index: Int32) -> String {
    guard let name = lua.string(at: index) else { return "[\(text(of: index, depth: Self.deepest))]" }
    let isName = name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil && !LuaToken.keywords.contains(name)
    return isName ? name : "[\(quoted(name))]"
  }

  private func laidOut(_ entries: [String]) -> String {
    if entries.isEmpty { return "{}" }
    let line = "{ \(entries.joined(separator: ", ")) }"
    if line.count <= Self.width, !line.contains("\n") { return line }
    return "{\n" + entries.map { "  " + $0.replacing("\n", with: "\n  ") }.joined(separator: ",\n") + "\n}"
  }
}
