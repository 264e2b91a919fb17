import CLua

extension Lua {
  var top: Int32 { clua_top(current) }

  func pop(_ count: Int32) { clua_set_top(current, -count - 1) }

  /// Runs `body` and leaves the stack as high as it was.
  func balanced<R>(_ body: () throws -> R) rethrows -> R {
    let height = top
    let state = current
    defer { clua_set_top(state, height) }
    return try body()
  }

  func string(at index: Int32) -> String? {
    var count = 0
    guard let bytes = clua_to_string(current, index, &count) else { return nil }
    return bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
      String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
    }
  }

  /// A whole number, written as `28` or as `28.0`.
  func integer(at index: Int32) -> Int? {
    var exact = false
    let value = clua_to_integer(current, index, &exact)
    return exact ? Int(value) : nil
  }

  func number(at index: Int32) -> Double? {
    clua_type(current, index) == CLUA_NUMBER ? clua_to_number(current, index) : nil
  }

  /// The value as an error message shows it: `"ten" (a string)`, `a table`, `nothing`.
  func description(at index: Int32) -> String {
    switch clua_type(current, index) {
    case CLUA_NONE: "nothing"
    case CLUA_NIL: "nil"
    case CLUA_BOOLEAN: clua_to_boolean(current, index) ? "true" : "false"
    case CLUA_NUMBER: LuaValue.text(of: number(at: index) ?? 0, integer: clua_is_integer(current, index) ? integer(at: index) : nil)
    case CLUA_STRING: "\"\(abbreviated(string(at: index) ?? ""))\" (a string)"
    case CLUA_TABLE: "a table"
    case CLUA_FUNCTION: "a function"
    case CLUA_THREAD: "a coroutine"
    default: objectName(at: index).map(withArticle) ?? "a userdata"
    }
  }

  private func abbreviated(_ text: String) -> String {
    let line = text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init) ?? ""
    return line.count > 40 || line.count < text.count ? line.prefix(40) + "…" : text
  }

  /// Where the Lua code is that runs now: `hello.lua:7`.
  package var position: String? { text(of: clua_position) }

  /// Where the Lua code was when it was told to stop.
  var stoppedPosition: String? { text(of: clua_stopped_position) }

  private func text(of find: (OpaquePointer, UnsafeMutablePointer<CChar>, Int) -> Bool) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 160) { buffer in
      guard let start = buffer.baseAddress, find(current, start, buffer.count) else { return nil }
      return String(cString: start)
    }
  }
}

/// `a Tensor`, `an Image`.
func withArticle(_ noun: String) -> String {
  noun.first.map { "aeiouAEIOU".contains($0) } == true ? "an \(noun)" : "a \(noun)"
}
