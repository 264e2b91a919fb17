import CLua

typealias TypeNumber = Int32

extension Lua {
  /// Makes values of the type pushable. Once for each type and state.
  package func register<Value>(_ type: LuaType<Value>) {
    clua_reserve(current, 16)
    let number = TypeNumber(typeNames.count)
    types.append(ObjectIdentifier(Value.self))
    typeNames.append(type.name)
    clua_new_type(current, number, type.name)
    for (name, function) in type.metamethods {
      function.push(onto: self)
      clua_set_field(current, -2, name)
    }
    LuaTable(type.methods.map { ($0.name, $0) }).push(onto: self)
    LuaTable(type.getters.map { ($0.name, Int(self.number(of: $0.function))) }).push(onto: self)
    LuaTable(type.setters.map { ($0.name, Int(self.number(of: $0.function))) }).push(onto: self)
    clua_finish_type(current, self.number(of: unknownField(of: type)), self.number(of: unwritableField(of: type)))
  }

  private func unknownField<Value>(of type: LuaType<Value>) -> LuaFunction {
    let known = (type.properties.map(\.name) + type.methods.map(\.name)).sorted()
    return LuaFunction(name: type.name.lowercased(), summary: "", parameters: [], returns: "") { call in
      let box = try call.lua.opened(at: 1, as: Value.self, for: nil)
      let key = call.argument(2)
      if let entry = type.entry, let value = try entry(box.value, call, key.value) { return call.give(value) }
      guard let name = call.lua.string(at: 2) else { throw LuaError("\(withArticle(type.name)) has no entry [\(key)]") }
      if type.laterNames.contains(name) { throw LuaError("'\(name)' of \(withArticle(type.name)) is not in this version yet") }
      throw LuaError("\(withArticle(type.name)) has no '\(name)'" + Suggestion.text(for: name, among: known))
    }
  }

  private func unwritableField<Value>(of type: LuaType<Value>) -> LuaFunction {
    let writable = type.setters.map(\.name)
    let known = Set(type.properties.map(\.name) + type.methods.map(\.name))
    return LuaFunction(name: type.name.lowercased(), summary: "", parameters: [], returns: "") { call in
      let name = call.lua.string(at: 2)
      if let set = type.setEntry, name == nil {
        try set(try call.lua.opened(at: 1, as: Value.self, for: nil), call)
        return 0
      }
      if let name, known.contains(name) { throw LuaError("'\(name)' of \(withArticle(type.name)) cannot be set") }
      let hint = name.map { Suggestion.text(for: $0, among: writable) } ?? ""
      throw LuaError("\(withArticle(type.name)) has no \(name.map { "'\($0)'" } ?? "entries") to set\(hint)")
    }
  }

  func pushObject<Value: LuaObject>(_ value: Value) {
    guard let number = number(of: Value.self) else {
      preconditionFailure("\(Value.luaName) was not registered with this Lua")
    }
    clua_reserve(current, 8)
    let bytes = value.luaBytes
    liveObjects += 1
    liveBytes += bytes
    clua_push_object(current, Unmanaged.passRetained(Box(value, bytes: bytes)).toOpaque(), number, bytes)
  }

  /// Types are few: looking through them is faster than a table.
  private func number<Value>(of type: Value.Type) -> TypeNumber? { types.firstIndex(of: ObjectIdentifier(type)).map { TypeNumber($0) } }

  /// The name of the object's type, when it is one of ours.
  func objectName(at index: Int32) -> String? {
    let number = clua_object_type(current, index)
    return number < 0 ? nil : typeNames[Int(number)]
  }

  /// The box of an object of this type that is not closed.
  func box<Value: LuaObject>(at index: Int32, of type: Value.Type) -> Box<Value>? {
    let number = clua_object_type(current, index)
    guard number >= 0, types[Int(number)] == ObjectIdentifier(type),
          let object = clua_object(current, index) else { return nil }
    return Unmanaged<Box<Value>>.fromOpaque(object).takeUnretainedValue()
  }

  /// The box, or an error: of a `method` called without its object, of a closed object.
  func opened<Value: LuaObject>(at index: Int32, as type: Value.Type, for method: String?) throws -> Box<Value> {
    if let box = box(at: index, of: type) { return box }
    if objectName(at: index) == Value.luaName { throw LuaError("the \(Value.luaName) has been closed") }
    guard let method else { throw LuaError("expected \(withArticle(Value.luaName)), got \(description(at: index))") }
    throw LuaError("use ':' to call it, as in \(Value.luaName.lowercased()):\(method)(...)")
  }
}

extension Reader where Value: LuaObject {
  /// An object of a registered type.
  package static var object: Reader {
    Reader(withArticle(Value.luaName), "flux.\(Value.luaName)") { argument in
      if let box = argument.lua.box(at: argument.index, of: Value.self) { return box.value }
      if argument.lua.objectName(at: argument.index) == Value.luaName {
        throw Mismatch(predicate: "has been closed")
      }
      throw Mismatch(withArticle(Value.luaName), argument)
    }
  }
}
