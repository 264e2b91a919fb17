import CLua
import Conditioning
import Foundation
import Imaging
import Pipeline
import Tensors

/// The `flux` table of one run: what recipes reach by `require "flux"`, and by the global of that name.
///
/// Each file of this folder adds its functions to `functions` by an extension, and registers its types.
package final class FluxModule {
  /// At a prompt, it grows.
  var recipe: Recipe
  let settings: Recipe.Settings
  /// Whether only the declarations of `flux.params` are wanted.
  let declaresOnly: Bool
  package internal(set) var declared: [DeclaredParameter] = []
  var models: [OpenModel] = []
  /// What was said of models and files that cannot be used.
  var unusable: [String] = []
  /// What was said of values that the command line sets.
  var misuse: [String] = []
  /// Declared parameters as they were set, as text.
  var resolvedParameters: [(name: String, value: String)] = []
  /// The files that the recipe asked for.
  private(set) var require: Require?
  /// The sweeps of this run.
  let work: SweepWork
  private let start = ContinuousClock.now

  init(recipe: Recipe, settings: Recipe.Settings, work: SweepWork? = nil, declaresOnly: Bool = false) {
    self.recipe = recipe
    self.settings = settings
    self.declaresOnly = declaresOnly
    self.work = work ?? SweepWork(settings.session)
  }

  var functions: [LuaFunction] {
    [loadFunction(), modelsFunction(), parametersFunction(), range(), log(), progress(), elapsed(), scheduleFunction(), conditioningFunction(), imageFunction()] + blendFunctions()
      + tensorFunctions() + promptFunctions() + sheetFunctions() + sweepFunctions()
  }

  var types: [AnyLuaType] {
    [AnyLuaType(Tensor.type.saving(self)), AnyLuaType(Conditioning.type.saving(self)), AnyLuaType(Image.type(self)), AnyLuaType(LuaSchedule.type.plotting(self)), AnyLuaType(LuaModel.type),
     AnyLuaType(LuaStep.type), AnyLuaType(LuaRun.type), AnyLuaType(LuaVelocity.type), AnyLuaType(LuaSweep.type), AnyLuaType(LuaCell.type), AnyLuaType(LuaSheet.type), AnyLuaType(LuaDraw.type)]
  }

  /// The values in `flux` that are no functions.
  static let constants = [
    PropertyDescription(name: "version", annotation: "string", summary: "The version of fluxlua.", isWritable: false),
    PropertyDescription(name: "host", annotation: "{ cores: integer, memory: integer, isa: string, threads: integer }",
                        summary: "What the recipe runs on: processors, bytes of memory, instruction set, threads that work.", isWritable: false),
  ]

  /// What the recipe runs on.
  private static var host: LuaTable {
    LuaTable([("cores", ProcessInfo.processInfo.activeProcessorCount), ("memory", Int(ProcessInfo.processInfo.physicalMemory)),
              ("isa", InstructionSet.full), ("threads", Team.threads)])
  }

  func install(in lua: Lua) {
    for type in types { type.register(lua) }
    let functions = functions
    clua_reserve(lua.current, 16)
    LuaTable(functions.map { ($0.name, $0) } + [("version", Version.number), ("host", Self.host)]).push(onto: lua)
    let known = functions.map(\.name) + ["version", "host"]
    let strict: LuaTable = ["__index": unknownField(known), "__newindex": readOnly(), "__metatable": "flux"]
    strict.push(onto: lua)
    clua_set_metatable(lua.current, -2)
    let flux = LuaReference(lua, at: -1)
    lua.pop(1)
    lua.setGlobal("flux", flux)
    let require = Require(folder: recipe.folder, flux: flux)
    self.require = require
    lua.setGlobal("require", require.function)
  }

  private func unknownField(_ known: [String]) -> LuaFunction {
    LuaFunction(name: "flux", summary: "", parameters: [], returns: "") { call in
      let name = call.lua.string(at: 2) ?? "\(call.argument(2))"
      if Self.later.contains(name) { throw Unnamed("flux.\(name) is not in this version yet") }
      throw Unnamed("flux has no '\(name)'" + (Suggestion.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""))
    }
  }

  private static let later = ["remote"]

  private func readOnly() -> LuaFunction {
    LuaFunction(name: "flux", summary: "", parameters: [], returns: "") { _ in throw Unnamed("flux cannot be added to") }
  }

  private func range() -> LuaFunction {
    LuaFunction("range", "The numbers from `from` to `to`, both included, as a list.",
                .required("from", .number, "the first"), .required("to", .number, "the last"), .optional("step", .number, default: 1, "how far apart; 1 by default"),
                returns: "number[]") { _, from, to, step in
      guard step != 0, step.isFinite, from.isFinite, to.isFinite else { throw LuaError("'step' must not be 0, and all must be finite") }
      let count = ((to - from) / step + 1e-9).rounded(.down) + 1
      guard count <= 1_000_000 else { throw LuaError("more than a million numbers") }
      guard count >= 1 else { return [LuaValue]() }
      return (0..<Int(count)).map { i -> LuaValue in
        let value = from + Double(i) * step
        guard Int(exactly: step) != nil, Int(exactly: from) != nil, let whole = Int(exactly: value) else { return .number(value) }
        return .integer(whole)
      }
    }
  }

  private func log() -> LuaFunction {
    LuaFunction("log", "Writes a line to the log, formatted as by string.format.",
                .required("format", .string, "as for string.format"), .rest("values", .any, "what it takes")) { call, format, values in
      let lua = call.lua
      try lua.balanced {
        guard clua_reserve(lua.current, Int32(values.count) + 16) else { throw LuaError("too many values") }
        clua_push_globals(lua.current)
        clua_get_field(lua.current, -1, "string")
        clua_get_field(lua.current, -1, "format")
        format.push(onto: lua)
        for value in values { value.push(onto: lua) }
        do {
          try lua.call(arguments: Int32(values.count) + 1, results: 1) { before in
            lua.output.write(lua.string(at: before + 1) ?? "", .log)
          }
        } catch let failure as LuaFailure where failure.message.hasPrefix("bad argument") {
          throw LuaError(failure.message.replacing("'?'", with: "'log'"))
        }
      }
    }
  }

  private func progress() -> LuaFunction {
    LuaFunction("progress", "Says what goes on: a line that moves on a terminal, plain lines now and then elsewhere.", .required("text", .string, "what goes on")) { call, text in
      call.lua.output.write(text, .progress)
    }
  }

  private func elapsed() -> LuaFunction {
    LuaFunction("elapsed", "Seconds since the recipe began.", returns: "number") { [start] _ in
      (ContinuousClock.now - start) / .seconds(1)
    }
  }
}
