import CLua

// flux.params: what people may set from the command line.

/// The table form of a declaration: `{ 8, min = 1, max = 50, help = "denoising steps" }`.
private struct Declaration {
  var standard = DeclaredParameter.Value.none
  var minimum: Double?, maximum: Double?, choices: [String]?
  var help = ""

  static var options: Options<Declaration> {
    Options(Declaration(), first: Field("default", DeclaredParameter.Value.reader, \.standard, "what it is unless set"), [
      Field("min", .number, \.minimum, "the least number"),
      Field("max", .number, \.maximum, "the greatest number"),
      Field("choices", .list(of: .string, atLeast: 1), \.choices, "the words that it may be"),
      Field("help", .string, \.help, "one line for --help"),
    ])
  }

  func parameter(named name: String) -> DeclaredParameter {
    DeclaredParameter(name: name, standard: standard, minimum: minimum, maximum: maximum, choices: choices, help: help)
  }
}

/// What `flux.params` gives: a table that knows its own names.
private struct Values: LuaPushable {
  let values: [(name: String, value: any LuaPushable)]
  let unknown: LuaFunction

  func push(onto lua: Lua) {
    LuaTable(values).push(onto: lua)
    let strict: LuaTable = ["__index": unknown, "__metatable": "parameters"]
    strict.push(onto: lua)
    clua_set_metatable(lua.current, -2)
  }
}

extension FluxModule {
  func parametersFunction() -> LuaFunction {
    let unknown = unknownParameter()
    return LuaFunction("params", "Declares what may be set by --set, and gives the values.",
                       .required("declarations", .table, "a default for each name, or { default, min =, max =, choices =, help = }"), returns: "table") { call, _ in
      self.declared = try Self.declarations(in: call.argument(1))
      if self.declaresOnly { throw LuaStopped() }
      try self.checkNames()
      let values = try self.declared.map { (name: $0.name, value: try self.value(of: $0)) }
      self.resolvedParameters = values.map { ($0.name, $0.value.text) }
      return Values(values: values.map { ($0.name, $0.value) }, unknown: unknown)
    }
  }

  private static func declarations(in table: Argument) throws -> [DeclaredParameter] {
    var declared: [DeclaredParameter] = [], problems: [String] = []
    let keys = table.keys
    if let other = keys.others.first { problems.append("parameters have names, not positions: got [\(other)]") }
    for name in keys.names {
      do {
        let parameter = try table.field(name) { try declaration(of: name, $0) }
        if parameter.accepted(parameter.standard) == nil { problems.append("'\(name)': the default must be \(parameter.expected)") }
        declared.append(parameter)
      } catch let mismatch as Mismatch {
        problems.append(mismatch.message(for: name))
      } catch let inner as Problems {
        problems += inner.lines.map { "\(name): \($0)" }
      }
    }
    guard problems.isEmpty else { throw Problems(problems) }
    return declared
  }

  private static func declaration(of name: String, _ argument: Argument) throws -> DeclaredParameter {
    guard argument.type == CLUA_TABLE else {
      return DeclaredParameter(name: name, standard: try DeclaredParameter.Value.reader.read(argument))
    }
    return try Reader.options(Declaration.options).read(argument).parameter(named: name)
  }

  private func value(of parameter: DeclaredParameter) throws -> DeclaredParameter.Value {
    guard let text = settings.parameters.last(where: { $0.name == parameter.name })?.value else { return parameter.standard }
    guard let value = parameter.value(of: text) else {
      throw misused("--set \(parameter.name)=\(text): '\(parameter.name)' must be \(parameter.expected)")
    }
    return value
  }

  private func misused(_ what: String) -> LuaError {
    misuse.append(what)
    return LuaError(what)
  }

  private func checkNames() throws {
    let known = declared.map(\.name)
    for (name, value) in settings.parameters where !known.contains(name) {
      throw misused("--set \(name)=\(value): no parameter '\(name)'" + Suggestion.text(for: name, among: known))
    }
  }

  private func unknownParameter() -> LuaFunction {
    LuaFunction(name: "params", summary: "", parameters: [], returns: "") { call in
      let name = call.lua.string(at: 2) ?? "\(call.argument(2))"
      let known = self.declared.map(\.name)
      if known.contains(name) { return call.give(LuaValue.nil) }
      throw LuaError("no parameter '\(name)'" + Suggestion.text(for: name, among: known))
    }
  }

  /// Values that were set for a recipe that never asked for any.
  func warnOfUnusedParameters() {
    guard declared.isEmpty, let (name, value) = settings.parameters.first else { return }
    settings.output.write("\(recipe.name): --set \(name)=\(value) has no effect: the recipe declares no flux.params", .warning)
  }
}
