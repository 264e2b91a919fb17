/// A value that a recipe lets people set from the command line.
package struct DeclaredParameter: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case none, boolean(Bool), integer(Int), number(Double), string(String), list([Value])
  }

  package let name: String
  package let standard: Value
  package var minimum: Double?
  package var maximum: Double?
  package var choices: [String]?
  package var help = ""

  package init(name: String, standard: Value, minimum: Double? = nil, maximum: Double? = nil, choices: [String]? = nil, help: String = "") {
    (self.name, self.standard, self.minimum, self.maximum, self.choices, self.help) = (name, standard, minimum, maximum, choices, help)
  }

  /// What a value must be: `a number from 1 to 50`.
  package var expected: String {
    if let choices { return "one of " + choices.joined(separator: ", ") }
    switch standard {
    case .boolean: return "true or false"
    case .string, .none: return "a string"
    case .list: return "a list such as 1,2,3"
    case .integer, .number:
      let bounds = (minimum.map(Self.text), maximum.map(Self.text))
      switch bounds {
      case (let low?, let high?): return "a number from \(low) to \(high)"
      case (let low?, nil): return "a number of at least \(low)"
      case (nil, let high?): return "a number of at most \(high)"
      case (nil, nil): return "a number"
      }
    }
  }

  /// The value that a text of the command line stands for; nil when it does not fit.
  func value(of text: String) -> Value? {
    switch standard {
    case .boolean: return ["true": true, "yes": true, "on": true, "1": true,
                           "false": false, "no": false, "off": false, "0": false][text.lowercased()].map(Value.boolean)
    case .integer, .number: return Self.number(text).flatMap(accepted)
    case .string, .none: return accepted(.string(text))
    case .list:
      let parts = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
      let numbers = parts.compactMap(Self.number)
      return .list(numbers.count == parts.count ? numbers : parts.map(Value.string))
    }
  }

  /// The value itself, when it keeps to the limits.
  func accepted(_ value: Value) -> Value? {
    switch value {
    case .integer(let whole): return isInside(Double(whole)) ? value : nil
    case .number(let number): return isInside(number) ? value : nil
    case .string(let text): return choices.map { $0.contains(text) } ?? true ? value : nil
    default: return value
    }
  }

  private func isInside(_ number: Double) -> Bool {
    number.isFinite && number >= minimum ?? -.infinity && number <= maximum ?? .infinity
  }

  private static func number(_ text: String) -> Value? {
    Int(text).map(Value.integer) ?? Double(text).map(Value.number)
  }

  private static func text(_ number: Double) -> String { LuaValue.text(of: number, integer: Int(exactly: number)) }
}

extension DeclaredParameter {
  /// The default, as it would be set.
  package var standardText: String { standard == .string("") ? "\"\"" : standard.text }
}

extension DeclaredParameter.Value {
  /// As `--set` takes it.
  package var text: String {
    switch self {
    case .none: ""
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): LuaValue.text(of: value, integer: nil)
    case .string(let value): value
    case .list(let values): values.map(\.text).joined(separator: ",")
    }
  }
}

extension DeclaredParameter.Value: LuaPushable {
  package func push(onto lua: Lua) {
    switch self {
    case .none: LuaValue.nil.push(onto: lua)
    case .boolean(let value): value.push(onto: lua)
    case .integer(let value): value.push(onto: lua)
    case .number(let value): value.push(onto: lua)
    case .string(let value): value.push(onto: lua)
    case .list(let values): values.push(onto: lua)
    }
  }

  /// What a recipe writes as a default.
  static var reader: Reader<Self> {
    let plain = Reader<Self>("a number, a string, true or false", "any") { argument in
      switch argument.value {
      case .boolean(let value): return .boolean(value)
      case .integer(let value): return .integer(value)
      case .number(let value): return .number(value)
      case .string(let value): return .string(value)
      default: throw Mismatch("a number, a string, true or false", argument)
      }
    }
    return plain.or(Reader<[Self]>.list(of: plain).map { .list($0) })
  }
}
