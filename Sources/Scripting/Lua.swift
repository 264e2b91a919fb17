import CLua
import Tensors

/// One sandboxed Lua state with the Swift functions and types that a recipe sees.
///
/// ```swift
/// let lua = try Lua(limits: Limits(), cancellation: Cancellation(), output: Output())
/// lua.setGlobal("twice", LuaFunction("twice", "The number doubled.", .required("x", .number), returns: "number") { _, x in 2 * x })
/// try lua.run("print(twice(21))", named: "hello.lua")
/// ```
/// It belongs to the thread that made it; only its `Cancellation` may be touched from others. Swift never raises a Lua
/// error: it throws, the border answers for it (`Border.swift`), and C raises when no Swift frame is left.
package final class Lua {
  package let limits: Limits
  package let cancellation: Cancellation
  package let output: Output
  /// Swift objects that Lua holds: 0 after `close`.
  package internal(set) var liveObjects = 0
  /// What they weigh outside of Lua's memory.
  var liveBytes = 0

  /// The coroutine whose frame is innermost: the stack that every method here works on.
  var current: OpaquePointer
  private(set) var isOpen = true
  /// Ends the Lua code that runs at the next chance, as a cancellation does.
  var isEnding = false
  /// Globals that may be read though they hold nothing: at a prompt, what was a local.
  var declared: Set<String> = []
  var functions: [LuaFunction] = []
  var types: [ObjectIdentifier] = []
  var typeNames: [String] = []
  /// The frames of an error on its way through Swift, and what `clua_caught` said then.
  var trace: (frames: [String], caught: Int64)?
  private let main: OpaquePointer
  /// For references to values of this state, which may outlive it: nil once it is closed.
  let back = BackReference<Lua>()

  package init(limits: Limits, cancellation: Cancellation, output: Output) throws {
    guard let state = clua_open(limits.memory.bytes, limits.memory.message) else { throw LuaError("no memory for Lua") }
    self.limits = limits
    self.cancellation = cancellation
    self.output = output
    main = state
    current = state
    clua_set_host(state, Unmanaged.passUnretained(self).toOpaque())
    clua_seed(state, limits.seed)
    back.set(self)
    makeGlobalsStrict()
  }

  deinit { close() }

  /// Ends the state and lets go of every Swift object that it held.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    back.clear()
    clua_close(main)
  }

  /// Lets Lua code run again after some was stopped; nothing may be running.
  func renew() {
    cancellation.renew()
    isEnding = false
    trace = nil
    clua_forget_stop(main)
  }

  /// Whether errors tell hundreds of frames.
  var keepsFrames = false { didSet { clua_keep_frames(main, keepsFrames) } }

  /// Bytes of Lua's own memory in use.
  package var memoryUsed: Int { clua_memory_used(main) }

  /// Compiles and runs a text; its results are dropped.
  package func run(_ text: String, named name: String) throws {
    try load(text, named: name)
    try call(arguments: 0, results: 0) { _ in }
  }

  package func setGlobal(_ name: String, _ value: some LuaPushable) {
    clua_push_globals(current)
    value.push(onto: self)
    clua_set_field(current, -2, name)
    pop(1)
  }
}
