/// What the Lua language server reads: every name in `flux`, with types and one line each.
package struct Annotations {
  private let schema: Schema
  private var lines: [String] = []

  package init(_ schema: Schema = Schema()) {
    self.schema = schema
    lines = ["---@meta flux", "-- Made from the program's own declarations by: fluxlua manual --write-editor-files FOLDER", "-- Changes here are lost.", ""]
    schema.aliases.forEach { add($0) }
    schema.options.forEach { add($0.table) }
    schema.types.forEach { add($0) }
    addModule()
    addLibrary()
    lines.append("return flux")
  }

  package var text: String { lines.joined(separator: "\n") + "\n" }

  /// Functions whose result may well be dropped.
  private static let effects: Set = ["params", "generate", "sample", "steps", "resume", "branch", "set", "require"]

  private mutating func add(_ alias: AliasDescription) {
    lines.append("---\(alias.summary)")
    lines.append("---@alias flux.\(alias.name)" + (alias.annotation.isEmpty ? "" : " \(alias.annotation)"))
    for (word, summary) in alias.words { lines.append(word.contains("<") ? "---| string # \(word): \(summary)" : "---| \"\(word)\" # \(summary)") }
    lines.append("")
  }

  private mutating func add(_ table: OptionsDescription) {
    lines.append("---@class (exact) flux.\(table.name)")
    for field in table.fields {
      let type = field.annotation.contains("fun(") && !field.annotation.hasPrefix("fun(") ? "(\(field.annotation))" : field.annotation
      lines.append("---@field \(field.name)\(field.isRequired ? "" : "?") \(type) \(field.summary.sentence)")
    }
    lines.append("")
  }

  private mutating func add(_ type: TypeDescription) {
    lines += ["---\(type.summary)", "---@class flux.\(type.name)"]
    for property in type.properties {
      lines.append("---@field \(property.name) \(property.annotation) \(property.summary.sentence)\(property.isWritable ? " Can be set." : "")")
    }
    if let entries = type.entries { lines.append("---@field [integer] \(entries)") }
    for one in type.operators {
      let operands = one.operands.isEmpty ? [""] : one.operands.map { "(\($0))" }
      for operand in operands { lines.append("---@operator \(one.name)\(operand): \(one.returns)") }
    }
    if let call = type.call { lines.append("---@overload fun\(call)") }
    lines += ["local \(type.name) = {}", ""]
    for method in type.methods { add(method, as: "\(type.name):\(method.name)") }
  }

  private mutating func add(_ function: LuaFunction, as name: String) {
    lines.append("---\(function.summary)")
    for parameter in function.parameters {
      let mark = parameter.isOptional && parameter.name != "..." ? "?" : ""
      lines.append("---@param \(parameter.name)\(mark) \(parameter.annotation) \(parameter.summary.sentence)")
    }
    if !function.returns.isEmpty {
      let several = function.returns.split(separator: ", ").map(String.init)
      let results = function.returns.contains("{") ? [function.returns] : several
      lines += results.map { "---@return \($0)" }
      if !Self.effects.contains(function.name), !function.name.hasSuffix("_") { lines.append("---@nodiscard") }
    }
    lines += overloads(of: function).map { "---@overload \($0)" }
    lines += ["function \(name)(\(function.parameters.map(\.name).joined(separator: ", "))) end", ""]
  }

  /// Which of several kinds of result belongs to which arguments.
  private func overloads(of function: LuaFunction) -> [String] {
    if function.returns == "number|flux.Tensor" { return ["fun(self: flux.Tensor): number", "fun(self: flux.Tensor, dim: integer): flux.Tensor"] }
    switch function.name {
    case "lerp", "slerp": return ["Tensor", "Conditioning"].map { "fun(a: flux.\($0), b: flux.\($0), t: number): flux.\($0)" }
    case "wildcards": return ["fun(template: string): string"]
    default: return []
    }
  }

  private mutating func addModule() {
    lines += ["---FLUX.1, as recipes reach it.", "---@class fluxlib"]
    for constant in schema.constants { lines.append("---@field \(constant.name) \(constant.annotation) \(constant.summary)") }
    lines += ["flux = {}", ""]
    for function in schema.functions { add(function, as: function.qualifiedName) }
  }

  /// What of Lua's own library a recipe has although the editor is told that there is none.
  private mutating func addLibrary() {
    lines += [
      "---@class oslib", "os = {}", "",
      "---Seconds of processor time.", "---@return number", "---@nodiscard", "function os.clock() end", "",
      "---The date and time as text or as a table.", "---@param format? string", "---@param time? integer", "---@return string|osdate", "---@nodiscard",
      "function os.date(format, time) end", "",
      "---Seconds from the second time to the first.", "---@param later integer", "---@param earlier integer", "---@return number", "---@nodiscard",
      "function os.difftime(later, earlier) end", "",
      "---Seconds since 1970.", "---@param date? table", "---@return integer", "---@nodiscard", "function os.time(date) end", "",
      "---@class debuglib", "debug = {}", "",
      "---Where the program is, for messages.", "---@param message? any", "---@return string", "---@nodiscard", "function debug.traceback(message) end", "",
    ]
  }
}
