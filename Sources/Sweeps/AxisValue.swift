import Foundation

/// A value of an axis: anything plain that a recipe can write.
public enum AxisValue: Sendable, Hashable {
  case flag(Bool), whole(Int), number(Double), text(String), list([AxisValue]), map([String: AxisValue])

  /// One spelling on every machine, from which cells take their names: numbers as C's `%.17g` has them, so that 2 and 2.0 are one.
  public var canonical: String {
    switch self {
    case .flag(let flag): "\(flag)"
    case .whole(let whole): "\(whole)"
    case .number(let number): String(format: "%.17g", number)
    case .text(let text): Self.quoted(text)
    case .list(let list): "[" + list.map(\.canonical).joined(separator: ",") + "]"
    case .map(let map): "{" + Self.sorted(map).map { Self.quoted($0.key) + ":" + $0.value.canonical }.joined(separator: ",") + "}"
    }
  }

  /// As a heading has it. A table that has a `name` goes by it.
  public var label: String {
    switch self {
    case .number(let number): String(format: "%.6g", number)
    case .text(let text): text
    case .list(let list): list.map(\.label).joined(separator: ", ")
    case .map(let map):
      if case .text(let name)? = map["name"] { name } else { Self.sorted(map).map { "\($0.key) \($0.value.label)" }.joined(separator: ", ") }
    default: canonical
    }
  }

  public var number: Double? {
    switch self { case .whole(let whole): Double(whole); case .number(let number): number; default: nil }
  }

  /// Whether no number in it is infinite or not a number: such a value is no axis' value, and JSON cannot hold it.
  public var isFinite: Bool {
    switch self {
    case .number(let number): number.isFinite
    case .list(let list): list.allSatisfy(\.isFinite)
    case .map(let map): map.values.allSatisfy(\.isFinite)
    default: true
    }
  }

  private static func sorted(_ map: [String: AxisValue]) -> [(key: String, value: AxisValue)] {
    map.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
  }

  /// As JSON quotes it, with nothing escaped that need not be.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 32: quoted += String(format: "\\u%04x", scalar.value)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension AxisValue: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let flag = try? value.decode(Bool.self) { self = .flag(flag) }
    else if let whole = try? value.decode(Int.self) { self = .whole(whole) }
    else if let number = try? value.decode(Double.self) { self = .number(number) }
    else if let text = try? value.decode(String.self) { self = .text(text) }
    else if let list = try? value.decode([AxisValue].self) { self = .list(list) }
    else { self = .map(try value.decode([String: AxisValue].self)) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .flag(let flag): try container.encode(flag)
    case .whole(let whole): try container.encode(whole)
    case .number(let number): try container.encode(number)
    case .text(let text): try container.encode(text)
    case .list(let list): try container.encode(list)
    case .map(let map): try container.encode(map)
    }
  }
}
