/// Everything that recipes reach, gathered from the declarations that also check and run it.
package struct Schema {
  package let functions: [LuaFunction]
  package let types: [TypeDescription]
  /// The plain values in `flux`.
  package let constants: [PropertyDescription]
  package let aliases: [AliasDescription]

  /// The schema of this version.
  package init() {
    let flux = FluxModule(recipe: Recipe(name: "manual", folder: ".", source: ""), settings: Recipe.Settings())
    functions = flux.functions + [Require(folder: ".").function]
    types = flux.types.map(\.description)
    constants = FluxModule.constants
    aliases = AliasDescription.all
  }

  /// Every table of options, each once, in the order in which functions and methods ask for them.
  package var options: [(table: OptionsDescription, uses: [String])] {
    var all: [(table: OptionsDescription, uses: [String])] = []
    func add(_ table: OptionsDescription, _ use: String) {
      guard let known = all.firstIndex(where: { $0.table.name == table.name }) else {
        all.append((table, [use]))
        return table.fields.forEach { field in field.options.map { add($0, "the option \(field.name)") } }
      }
      if !all[known].uses.contains(use) { all[known].uses.append(use) }
      for field in table.fields { field.options.map { add($0, "the option \(field.name)") } }
    }
    for function in functions { for parameter in function.parameters { parameter.options.map { add($0, function.qualifiedName) } } }
    for type in types {
      for method in type.methods { for parameter in method.parameters { parameter.options.map { add($0, "\(type.name):\(method.name)") } } }
    }
    return all
  }
}

extension LuaFunction {
  /// As recipes write it.
  package var qualifiedName: String { name == "require" ? name : "flux.\(name)" }

  /// `(prompt, options?)`
  package var parameterList: String {
    "(" + parameters.map { $0.isOptional && $0.name != "..." ? "\($0.name)?" : $0.name }.joined(separator: ", ") + ")"
  }
}

/// A type of any Swift value, to be listed with others.
struct AnyLuaType {
  let description: TypeDescription
  let register: (Lua) -> Void

  init<Value>(_ type: LuaType<Value>) {
    description = TypeDescription(name: type.name, summary: type.summary, properties: type.properties, methods: type.methods, operators: type.operators,
                                  entries: type.entryAnnotation, call: type.callAnnotation)
    register = { $0.register(type) }
  }
}
