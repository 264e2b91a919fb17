import CLua
import Tensors

// What C asks of Swift. These frames end before C raises anything.

@c @implementation
package func clua_host_call(_ host: UnsafeMutableRawPointer, _ L: OpaquePointer, _ function: Int32) -> Int32 {
  Unmanaged<Lua>.fromOpaque(host)._withUnsafeGuaranteedRef { $0.answer(function, on: L) }
}

@c @implementation
package func clua_host_release(_ host: UnsafeMutableRawPointer, _ object: UnsafeMutableRawPointer) {
  let held = Unmanaged<Held>.fromOpaque(object).takeRetainedValue()
  Unmanaged<Lua>.fromOpaque(host)._withUnsafeGuaranteedRef {
    $0.liveObjects -= 1
    $0.liveBytes -= held.bytes
  }
}

@c @implementation
package func clua_host_stopping(_ host: UnsafeMutableRawPointer) -> Bool {
  Unmanaged<Lua>.fromOpaque(host)._withUnsafeGuaranteedRef { $0.isEnding || $0.cancellation.requested != nil }
}

@c @implementation
package func clua_host_write(_ host: UnsafeMutableRawPointer, _ stream: Int32, _ bytes: UnsafePointer<CChar>, _ count: Int) {
  let text = bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
    String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
  }
  Unmanaged<Lua>.fromOpaque(host)._withUnsafeGuaranteedRef { $0.output.write(text, stream == CLUA_WARN ? .warning : .print) }
}

extension Lua {
  /// Runs the Swift function with this number: the number of results, or `CLUA_RAISE` with the error value on the stack.
  func answer(_ number: Int32, on L: OpaquePointer) -> Int32 {
    let outer = current
    current = L
    defer { current = outer }
    let function = functions[Int(number)]
    do {
      let results = try function.run(Call(lua: self, function: function.name, count: clua_top(L)))
      if liveBytes > limits.objectBytes { try makeRoom() }
      return results
    } catch {
      pushError(error, of: function.name)
      return CLUA_RAISE
    }
  }

  /// Tensors and pictures have reached their limit: what nobody holds is let go, and if that is not enough, no more are made.
  private func makeRoom() throws {
    clua_collect(current)
    guard liveBytes > limits.objectBytes else { return }
    throw LuaError("out of memory: the recipe's tensors and pictures take \(liveBytes >> 20) MiB together, and may take \(limits.objectBytes >> 20)")
  }

  private func pushError(_ error: any Error, of function: String) {
    clua_reserve(current, 8)
    trace = nil
    switch error {
    case let failure as LuaFailure:
      failure.value.push(onto: self)
      trace = (failure.frames, clua_caught(current))
    case is LuaStopped, is Cancelled:
      isEnding = true                        // C looks at it before it raises, and lets no Lua code catch this
      clua_push_nil(current)
    default:
      let what = "\(error)"
      let message = (error as? Unnamed)?.message ?? (what.hasPrefix(function + ": ") ? what : "\(function): \(what)")
      (position.map { "\($0): \(message)" } ?? message).push(onto: self)
    }
  }
}
