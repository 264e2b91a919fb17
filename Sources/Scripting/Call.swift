import CLua

/// One call of a host function from Lua: its state and its arguments.
package struct Call {
  package let lua: Lua
  /// The function's name, as messages give it.
  package let function: String
  /// How many arguments were given.
  package let count: Int32

  package func argument(_ position: Int32) -> Argument { Argument(lua: lua, index: position) }
}

/// A value on Lua's stack, to be read.
package struct Argument: CustomStringConvertible {
  package let lua: Lua
  package let index: Int32

  package var isAbsent: Bool {
    let type = clua_type(lua.current, index)
    return type == CLUA_NONE || type == CLUA_NIL
  }
  package var isTable: Bool { type == CLUA_TABLE }
  /// The number of entries of a list, or of bytes of a string.
  package var length: Int { Int(clua_length(lua.current, index)) }
  var type: Int32 { clua_type(lua.current, index) }
  package var description: String { lua.description(at: index) }
  package var value: LuaValue { lua.value(at: index) }

  /// Reads the value of a table's raw field or entry, wherever it now stands on the stack.
  func entry<R>(_ number: Int, _ read: (Argument) throws -> R) rethrows -> R {
    try lua.balanced {
      clua_reserve(lua.current, 8)
      clua_get_entry(lua.current, index, Int64(number))
      return try read(Argument(lua: lua, index: lua.top))
    }
  }

  func field<R>(_ name: String, _ read: (Argument) throws -> R) rethrows -> R {
    try lua.balanced {
      clua_reserve(lua.current, 8)
      clua_get_field(lua.current, index, name)
      return try read(Argument(lua: lua, index: lua.top))
    }
  }

  /// The keys of a table: names in alphabetical order, then the rest as text.
  var keys: (names: [String], others: [String]) {
    var names: [String] = [], others: [String] = []
    lua.balanced {
      clua_reserve(lua.current, 8)
      clua_push_nil(lua.current)
      while clua_next(lua.current, index) {
        if let name = lua.string(at: -2) { names.append(name) } else { others.append(lua.description(at: -2)) }
        lua.pop(1)
      }
    }
    return (names.sorted(), others.sorted())
  }
}
