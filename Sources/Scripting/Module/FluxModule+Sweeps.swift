import CLua
import Sweeps

// flux.sweep, flux.uniform and flux.choice.

/// What `flux.uniform` and `flux.choice` give: an axis of which values are drawn.
struct LuaDraw: LuaObject {
  static let luaName = "Draw"
  let source: Dimension.Source

  static var type: LuaType<LuaDraw> {
    LuaType<LuaDraw>("An axis of which values are drawn, by the option samples of flux.sweep.").text { draw in
      switch draw.source {
      case .uniform(let from, let to, _): "Draw from \(from) to \(to)"
      case .choice(let values), .values(let values): "Draw of \(values.count) values"
      }
    }
  }
}

/// What `flux.sweep` takes besides axes.
private struct SweepOptions {
  var name: String?, keep: LuaReference?, samples: Int?, isRandom = false, seed = 0
  static var options: Options<SweepOptions> {
    Options(SweepOptions(), [
      Field("name", .string, \.name, "tells it from other sweeps of the recipe; a part of the cells' names"),
      Field("where", Reader<LuaReference>.function.described("a function", annotation: "fun(cell: table): boolean"), \.keep, "which cells there are, by their values"),
      Field("samples", .integer(in: 1...Sweep.mostCells), \.samples, "how many points are drawn, where axes are flux.uniform or flux.choice"),
      Field("sampling", .choice(["halton": false, "random": true]), \.isRandom, "\"halton\" covers evenly (default), \"random\" is independent"),
      Field("sampling_seed", .integer, \.seed, "of the points; 0 by default"),
    ])
  }

  var sampling: Sampling { isRandom ? .random(seed: Int64(seed)) : .halton(seed: Int64(seed)) }
}

extension FluxModule {
  func sweepFunctions() -> [LuaFunction] { [sweepFunction(), uniformFunction(), choiceFunction(), plotFunction()] }

  private func uniformFunction() -> LuaFunction {
    LuaFunction("uniform", "An axis of numbers drawn between two: flux.sweep{ guidance = flux.uniform(1, 5), samples = 16 }.", .required("from", .finite, "the least"),
                .required("to", .finite, "the greatest"), .optional("step", .finite, "only numbers so far apart from the least on, such as 1 for whole ones"), returns: "flux.Draw") { _, from, to, step in
      guard from < to else { throw LuaError("'to' must be above 'from', got \(LuaValue.text(of: from, integer: Int(exactly: from))) and \(LuaValue.text(of: to, integer: Int(exactly: to)))") }
      return LuaDraw(source: .uniform(from: from, to: to, step: step))
    }
  }

  private func choiceFunction() -> LuaFunction {
    LuaFunction("choice", "An axis of which one value is drawn for each sample.", .required("values", .list(of: AxisValue.reader, atLeast: 1), "what is drawn from"), returns: "flux.Draw") { _, values in
      LuaDraw(source: .choice(values))
    }
  }

  private func sweepFunction() -> LuaFunction {
    LuaFunction("sweep", "Cells over axes: flux.sweep{ seed = flux.range(1, 4), guidance = {2, 5} }, in name order; or flux.sweep{ {\"prompt\", prompts}, {\"seed\", seeds} }, in the order written.",
                .required("axes", .any.documented(by: SweepOptions.options), "a list of values, flux.uniform or flux.choice for each axis, and options"), returns: "flux.Sweep") { call, _ in
      try self.sweep(call.argument(1), call.lua)
    }
  }

  private func sweep(_ table: Argument, _ lua: Lua) throws -> LuaSweep {
    guard table.isTable, !clua_has_metatable(lua.current, table.index) else { throw Problems([Mismatch("a table of axes", table).message(for: "axes")]) }
    let (options, dimensions) = try declared(table)
    let name = try work.take(options.name), names = dimensions.map(\.name)
    let sweep = try Sweep(name, dimensions, samples: options.samples, sampling: options.sampling) { values in
      guard let keep = options.keep else { return true }
      let answer = try lua.call(keep, LuaTable(zip(names, values).map { ($0, $1) }), result: .any, of: "where")
      switch answer { case .nil, .boolean(false): return false; default: return true }
    }
    if !declaresOnly { try work.add(sweep) }
    return LuaSweep(sweep, self)
  }

  /// Axes in the order written, then those that have names, in name order. What has the name and the kind of an option is one.
  private func declared(_ table: Argument) throws -> (SweepOptions, [Dimension]) {
    var options = SweepOptions(), dimensions: [Dimension] = [], problems: [String] = []
    let keys = table.keys, count = table.length
    guard keys.others.count == count else { throw LuaError("axes must be a list without holes, or a table of names") }
    func add(_ name: String, _ values: Argument) throws {
      if LuaCell.ownNames.contains(name) { problems.append("an axis cannot be named '\(name)': every cell has that already (\(LuaCell.ownNames.joined(separator: ", ")))") }
      do { dimensions.append(Dimension(name, try Self.source(of: values))) } catch let mismatch as Mismatch {
        let hint = values.isTable ? "" : Suggestion.nearest(to: name, among: SweepOptions.options.fields.map(\.description.name)).map { "; did you mean '\($0)'?" } ?? ""
        problems.append("axis " + mismatch.message(for: name) + hint)
      }
    }
    for place in 0..<count {
      try table.entry(place + 1) { entry in
        guard entry.isTable, entry.length == 2, let name = entry.entry(1, { entry.lua.string(at: $0.index) }) else {
          throw LuaError("entry \(place + 1) must be {\"axis\", values}, got \(entry)")
        }
        try entry.entry(2) { try add(name, $0) }
      }
    }
    for name in keys.names {
      try table.field(name) { value in
        guard let field = SweepOptions.options.fields.first(where: { $0.description.name == name }), !value.isTable, !isDraw(value) else { return try add(name, value) }
        do { try field.set(value, &options) } catch let mismatch as Mismatch { problems.append(mismatch.message(for: name)) }
      }
    }
    guard problems.isEmpty else { throw Problems(problems) }
    return (options, dimensions)
  }

  private func isDraw(_ value: Argument) -> Bool { value.lua.box(at: value.index, of: LuaDraw.self) != nil }

  private static func source(of argument: Argument) throws -> Dimension.Source {
    if let draw = argument.lua.box(at: argument.index, of: LuaDraw.self) { return draw.value.source }
    guard argument.isTable else { throw Mismatch("a list of values, flux.uniform or flux.choice", argument) }
    return .values(try Reader<[AxisValue]>.list(of: AxisValue.reader, atLeast: 1).read(argument))
  }
}
