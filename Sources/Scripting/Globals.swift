import CLua

extension Lua {
  /// What people look for in other Lua programs, and where it is here.
  private static var absent: [String: String] {
    ["io": "recipes read and write by flux: flux.tensor(path), image:save(path)", "package": "use require",
     "dofile": "use require", "loadfile": "use require", "loadstring": "use load", "unpack": "use table.unpack",
     "setfenv": "give load an environment", "getfenv": "give load an environment"]
  }

  /// Reading a global that nobody has set is an error; making one inside a function is worth a notice.
  func makeGlobalsStrict() {
    clua_reserve(current, 16)
    clua_push_globals(current)
    let strict: LuaTable = ["__index": undefinedGlobal(), "__newindex": newGlobal(), "__metatable": false]
    strict.push(onto: self)
    clua_set_metatable(current, -2)
    pop(1)
  }

  private func undefinedGlobal() -> LuaFunction {
    LuaFunction(name: "", summary: "", parameters: [], returns: "") { call in
      guard let name = call.lua.string(at: 2) else { return call.give(LuaValue.nil) }
      if call.lua.declared.contains(name) { return call.give(LuaValue.nil) }
      throw Unnamed(Lua.undefined(name, among: call.argument(1).keys.names.filter { $0 != "_" }))
    }
  }

  /// What is said of a global that nobody has set.
  static func undefined(_ name: String, among known: [String]) -> String {
    if let hint = absent[name] { return "undefined variable '\(name)': not available in recipes; \(hint)" }
    return "undefined variable '\(name)'" + (Suggestion.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? "")
  }

  private func newGlobal() -> LuaFunction {
    LuaFunction(name: "", summary: "", parameters: [], returns: "") { call in
      let lua = call.lua
      if !clua_in_main_chunk(lua.current), let name = lua.string(at: 2) {
        let place = lua.position.map { "\($0): " } ?? ""
        lua.output.write("\(place)'\(name)' becomes a global inside a function; write 'local \(name)' to keep it there", .warning)
      }
      clua_set_pair(lua.current, 1)
      return 0
    }
  }
}

/// An error of Lua code itself, not of a function that it called: only the position stands before it.
struct Unnamed: Error {
  let message: String
  init(_ message: String) { self.message = message }
}
