import CLua

/// Any Lua value, for the places that take whatever comes: callback results, parameters, values passed on.
package enum LuaValue {
  case `nil`
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  /// A table, function, coroutine or object, kept alive as long as the reference.
  case reference(LuaReference)

  /// The way Lua prints numbers, so that messages show what the recipe says.
  static func text(of number: Double, integer: Int?) -> String {
    if let integer { return String(integer) }
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    return number == number.rounded() && abs(number) < 1e15 ? "\(Int(number)).0" : "\(number)"
  }
}

extension LuaValue: LuaPushable {
  package func push(onto lua: Lua) {
    switch self {
    case .nil: clua_push_nil(lua.current)
    case .boolean(let value): value.push(onto: lua)
    case .integer(let value): value.push(onto: lua)
    case .number(let value): value.push(onto: lua)
    case .string(let value): value.push(onto: lua)
    case .reference(let value): value.push(onto: lua)
    }
  }
}

extension Lua {
  func value(at index: Int32) -> LuaValue {
    switch clua_type(current, index) {
    case CLUA_NONE, CLUA_NIL: .nil
    case CLUA_BOOLEAN: .boolean(clua_to_boolean(current, index))
    case CLUA_NUMBER: clua_is_integer(current, index) ? .integer(integer(at: index) ?? 0) : .number(number(at: index) ?? 0)
    case CLUA_STRING: .string(string(at: index) ?? "")
    default: .reference(LuaReference(self, at: index))
    }
  }
}
