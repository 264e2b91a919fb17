import Foundation
import Scripting
import Synchronization
import Tensors

/// A Swift object that counts how many of its kind are alive.
final class Probe: LuaObject {
  static let luaName = "Probe"
  static let alive = Atomic<Int>(0)
  var count = 0
  let weight: Int
  var callback: LuaReference?

  init(weight: Int = 0) {
    self.weight = weight
    Probe.alive.add(1, ordering: .relaxed)
  }
  deinit { Probe.alive.subtract(1, ordering: .relaxed) }

  var luaBytes: Int { weight }
}

struct ProbeOptions {
  var steps = 4
  var size = PixelSize(width: 512, height: 512)
  var guidance: LuaPerStep<Double>?
  var mode = 1
  var title: String?
  var onStep: LuaReference?

  static var options: Options<ProbeOptions> {
    Options(ProbeOptions(), [
      Field("steps", .integer(in: 1...1000), \.steps, "denoising steps"),
      Field("size", .size, \.size, "in pixels"),
      Field("guidance", .perStep(.number(in: 0...100), named: "guidance"), \.guidance, "how closely to follow"),
      Field("mode", .choice(["plain": 1, "rescale": 2]), \.mode, "how to combine"),
      Field("title", .string, \.title, "a name"),
      Field("on_step", .function, \.onStep, "called after each step"),
      .later("mask", "inpainting"),
    ])
  }
}

struct Pair { var sequence: Double?, pooled: Double? }

/// The face of the border that the tests play with: a type, and functions that call back, throw and count.
enum TestFace {
  static func install(in lua: Lua) {
    lua.register(LuaType<Probe>("A thing that counts.")
      .property("count", .integer(in: 0...), "How far it has come.", get: { $0.count }, set: { $0.value.count = $2 })
      .property("weight", "integer", "Bytes.") { $0.weight }
      .method("add", "Counts on.", .required("n", .integer), returns: "integer") { probe, _, n in
        probe.count += n
        return probe.count
      }
      .method("fail", "Throws.") { _, _ in throw LuaError("it was asked to") }
      .method("generate", "Reads options.", .required("prompt", .string), .options(ProbeOptions.options), returns: "string") {
        try describe($1.lua, $2, $3)
      }
      .mutating("reset", "Counts from 0.") { box, _ in box.value.count = 0 }
      .binary("add", .object, .integer) { (probe: Probe, n: Int) in probe.count + n }
      .unary("len") { $0.count }
      .entries { _, _, key in if case .integer(let i) = key, i > 0 { return i * 10 } else { return nil } }
      .text { "Probe (\($0.count))" })
    for function in functions { lua.setGlobal(function.name, function) }
  }

  private static func describe(_ lua: Lua, _ prompt: String, _ options: ProbeOptions) throws -> String {
    let guidance = try (1...3).map { try options.guidance?.value(at: $0, of: $0, in: lua) }
    _ = try options.onStep.map { try lua.call($0, 1, result: .any, of: "on_step") }
    return "\(prompt) \(options.steps) \(options.size.width)x\(options.size.height) \(guidance.map { $0.map { "\($0)" } ?? "-" }) \(options.mode)"
  }

  private static var functions: [LuaFunction] {
    [LuaFunction("probe", "A fresh Probe.", .optional("weight", .integer, default: 0), returns: "flux.Probe") { _, weight in Probe(weight: weight) },
     LuaFunction("call", "Calls a function from Swift.", .required("f", .function), .rest("arguments", .any), returns: "any") { call, f, arguments in
       let probe = Probe()                      // must not be lost, whatever f does
       defer { probe.count += 1 }
       guard let first = arguments.first else { return try call.lua.call(f, result: .any, of: "call") }
       return try call.lua.call(f, first, result: .any, of: "call")
     },
     LuaFunction("spin", "Works until it is cancelled.") { call in
       while true { try call.lua.cancellation.check() }
     },
     LuaFunction("fail", "Throws every second time.", .required("n", .integer), returns: "integer") { call, n in
       let probe = Probe()
       if n % 2 == 0 { throw LuaError("even after \(probe.count)") }
       return n
     },
     LuaFunction("expect_number", "Wants a number from a function.", .required("f", .function), returns: "number") { call, f in
       try call.lua.call(f, result: .number, of: "guidance")
     },
     LuaFunction("ask", "Asks a callback.", .required("f", .function), returns: "string") { call, f in
       switch try call.lua.call(f, result: .callback(replacing: Reader<Probe>.object), of: "on_step") {
       case .carryOn: "carry on"
       case .stop: "stop"
       case .replace(let probe): "replace \(probe.count)"
       }
     },
     LuaFunction("pair", "Wants both.", .options(Options(Pair(), [
       Field("sequence", .number, \.sequence, "what the words say").required, Field("pooled", .number, \.pooled, "what they sum up to").required,
     ])), returns: "number") { _, pair in (pair.sequence ?? 0) + (pair.pooled ?? 0) },
     LuaFunction("two", "Two results.", returns: "integer, string") { _ in Several(1, "two") },
     LuaFunction("nothing", "No result.") { _ in },
     LuaFunction("live_objects", "How many objects Lua holds.", returns: "integer") { $0.lua.liveObjects }]
  }
}

/// What a recipe wrote.
final class Lines: Sendable {
  private let lines = Mutex<[(String, Output.Stream)]>([])
  var output: Output { Output { [self] text, stream in lines.withLock { $0.append((text, stream)) } } }
  var printed: [String] { written(to: .print) }
  func written(to stream: Output.Stream) -> [String] { lines.withLock { $0.filter { $0.1 == stream }.map(\.0) } }
}

/// Runs on a thread of its own with the engine's stack, as the command does.
func onEngineThread<R: Sendable>(_ body: @escaping @Sendable () -> R) -> R {
  let result = Mutex<R?>(nil), done = DispatchSemaphore(value: 0)
  let thread = Thread {
    let value = body()
    result.withLock { $0 = value }
    done.signal()
  }
  thread.stackSize = 8 << 20
  thread.start()
  done.wait()
  guard let value = result.withLock({ $0 }) else { preconditionFailure("the thread ended without a result") }
  return value
}

/// Runs a recipe's text with the test face in place.
func run(_ source: String, _ settings: Recipe.Settings = Recipe.Settings(), name: String = "hello.lua",
         folder: String = "/nonexistent") -> Result<Void, RecipeFailure> {
  onEngineThread { Recipe(name: name, folder: folder, source: source).run(settings) { TestFace.install(in: $0) } }
}

/// What went wrong; nil when nothing did.
func failing(_ source: String, _ settings: Recipe.Settings = Recipe.Settings()) -> RecipeFailure? {
  if case .failure(let failure) = run(source, settings) { return failure }
  return nil
}
