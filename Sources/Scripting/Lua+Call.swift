import CLua

extension Lua {
  /// Compiles a text (never bytecode) and pushes its main function.
  func load(_ text: String, named name: String) throws {
    var text = text
    clua_reserve(current, 8)
    let status = text.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { bytes in
        withUnsafePointer(to: CChar(0)) { clua_load(current, bytes.baseAddress ?? $0, bytes.count, "@" + name) }
      }
    }
    guard status != CLUA_DONE else { return }
    defer { pop(1) }
    throw failure(status, at: -1, frames: [])
  }

  /// Calls the function below `arguments` values on the stack. `body` sees the results: the stack index before the
  /// first; they are gone when it returns.
  func call<R>(arguments: Int32, results: Int32, _ body: (_ before: Int32) throws -> R) throws -> R {
    var kept: Int32 = 0
    let before = top - arguments - 1
    trace = nil
    let status = clua_call(current, arguments, results, &kept)
    switch status {
    case CLUA_DONE:
      return try balancedResults(before, body)
    case CLUA_STOPPED:
      throw LuaStopped()
    default:
      defer { pop(2) }
      let own = (string(at: -1) ?? "").split(separator: "\n").map(String.init)
      let inner = trace.flatMap { $0.caught == clua_caught(current) ? $0.frames : nil } ?? []
      throw failure(status, at: -2, frames: inner + own)
    }
  }

  private func balancedResults<R>(_ before: Int32, _ body: (Int32) throws -> R) rethrows -> R {
    let state = current
    defer { clua_set_top(state, before) }
    return try body(before)
  }

  /// Reads a value that Swift keeps.
  func read<R>(_ reference: LuaReference, _ reader: Reader<R>) throws -> R {
    try balanced {
      reference.push(onto: self)
      return try reader.read(Argument(lua: self, index: top))
    }
  }

  /// Calls a Lua function and reads its first result; an error of the result speaks of `what`.
  package func call<R>(_ function: LuaReference, _ arguments: any LuaPushable..., result: Reader<R>, of what: String) throws -> R {
    try call(function, arguments) { before in try answer(at: before + 1, result, of: what) }
  }

  /// The same with one argument, for what is called at every step: no list of arguments is made.
  func call<R>(_ function: LuaReference, with argument: some LuaPushable, result: Reader<R>, of what: String) throws -> R {
    guard clua_reserve(current, 8) else { throw LuaError("too many arguments") }
    function.push(onto: self)
    argument.push(onto: self)
    return try call(arguments: 1, results: 1) { before in try answer(at: before + 1, result, of: what) }
  }

  private func answer<R>(at index: Int32, _ result: Reader<R>, of what: String) throws -> R {
    do {
      return try result.read(Argument(lua: self, index: index))
    } catch let mismatch as Mismatch {
      throw LuaError("\(what): the function \(mismatch.predicate.replacing("must be ", with: "must return "))")
    }
  }

  /// Calls a Lua function; `body` sees one result, at the index after `before`.
  func call<R>(_ function: LuaReference, _ arguments: [any LuaPushable], _ body: (_ before: Int32) throws -> R) throws -> R {
    guard clua_reserve(current, Int32(arguments.count) + 8) else { throw LuaError("too many arguments") }
    function.push(onto: self)
    for argument in arguments { argument.push(onto: self) }
    return try call(arguments: Int32(arguments.count), results: 1, body)
  }

  private func failure(_ status: Int32, at index: Int32, frames: [String]) -> LuaFailure {
    LuaFailure(kind: status == CLUA_MEMORY ? .memory : .error, value: LuaReference(self, at: index),
               message: message(at: index), frames: frames)
  }

  private func message(at index: Int32) -> String {
    switch clua_type(current, index) {
    case CLUA_STRING: string(at: index) ?? ""
    case CLUA_NUMBER: description(at: index)
    case CLUA_TABLE, CLUA_USERDATA: text(at: index) ?? "the error is \(description(at: index))"
    default: "the error is \(description(at: index))"
    }
  }

  /// What `tostring` makes of the value, when that gives a string.
  func text(at index: Int32) -> String? {
    guard clua_has_metatable(current, index) else { return nil }
    let outer = trace
    defer { trace = outer }
    clua_reserve(current, 8)
    let index = index < 0 ? top + index + 1 : index
    clua_push_globals(current)
    clua_get_field(current, -1, "tostring")
    clua_remove(current, -2)
    clua_push_copy(current, index)
    return try? call(arguments: 1, results: 1) { string(at: $0 + 1) }
  }
}
