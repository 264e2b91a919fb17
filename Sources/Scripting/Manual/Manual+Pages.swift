// The pages of the manual.

extension Manual {
  func page(_ topic: Topic) -> String {
    var page = Page(width: width)
    page.flow("\(topic.name): \(topic.summary)")
    page.blank()
    page.prose(topic.text)
    for alias in schema.aliases where topic.aliases.contains(alias.name) {
      page.blank()
      for (word, summary) in alias.words { page.entry(word, [summary.sentence], column: 24) }
    }
    return page.text
  }

  func page(_ function: LuaFunction, named name: String, kind: String) -> String {
    var page = Page(width: width)
    page.flow(signature(function, name), hanging: 4)
    page.blank()
    page.flow(kind + function.summary.sentence, indent: 2)
    parameters(of: function, on: &page)
    example(name, on: &page)
    return page.text
  }

  func page(_ type: TypeDescription) -> String {
    var page = Page(width: width)
    page.flow("\(type.name): \(type.summary)", hanging: 2)
    if !type.properties.isEmpty { page.heading("Properties (* can be set)") }
    for property in type.properties { entry(property, on: &page) }
    if !type.methods.isEmpty { page.heading("Methods") }
    let object = type.name.lowercased()
    for method in type.methods {
      page.flow(signature(method, "\(object):\(method.name)"), indent: 2, hanging: 6)
      page.flow(method.summary.sentence, indent: 6)
    }
    let others = operators(of: type, object)
    if !others.isEmpty { page.heading("Operators") }
    for other in others { page.flow(other, indent: 2, hanging: 6) }
    if !type.methods.isEmpty {
      page.blank()
      page.flow("A method's own page: fluxlua manual \(type.name).\(type.methods[0].name)")
    }
    example(type.name, on: &page)
    return page.text
  }

  func page(_ table: OptionsDescription, usedBy uses: [String]) -> String {
    var page = Page(width: width)
    page.flow("\(table.name): options of \(uses.joined(separator: ", "))", hanging: 2)
    page.blank()
    fields(of: table, on: &page)
    return page.text
  }

  func page(_ property: PropertyDescription, of owner: String) -> String {
    var page = Page(width: width)
    page.flow("\(owner.lowercased()).\(property.name): \(property.annotation.shownType)", hanging: 4)
    page.blank()
    page.flow("A property of \(owner)\(property.isWritable ? " that can be set" : ""). \(property.summary.sentence)", indent: 2)
    return page.text
  }

  func page(_ field: FieldDescription, usedBy uses: [String]) -> String {
    var page = Page(width: width)
    page.flow("\(field.name): \(field.expected)", hanging: 4)
    page.blank()
    page.flow("An option of \(uses.joined(separator: ", ")). \(field.summary.sentence)", indent: 2)
    if let options = field.options {
      page.blank()
      fields(of: options, on: &page, prefix: "\(field.name).")
    }
    example("option \(field.name)", on: &page)
    return page.text
  }

  private func signature(_ function: LuaFunction, _ name: String) -> String {
    "\(name)\(function.parameterList)" + (function.returns.isEmpty ? "" : " -> \(function.returns.shownType)")
  }

  private func parameters(of function: LuaFunction, on page: inout Page) {
    if !function.parameters.isEmpty { page.heading("Parameters") }
    for parameter in function.parameters {
      page.entry(parameter.isOptional && parameter.name != "..." ? "\(parameter.name)?" : parameter.name, [parameter.expected, parameter.summary.sentence], column: 17)
    }
    for parameter in function.parameters {
      guard let options = parameter.options, !options.fields.isEmpty else { continue }
      page.heading(parameter.name == "options" ? "Options" : "Fields of \(parameter.name), where it is a table")
      fields(of: options, on: &page)
    }
  }

  private func fields(of table: OptionsDescription, on page: inout Page, prefix: String = "") {
    for field in table.fields {
      let expected = field.isRequired ? "\(field.expected); must be given" : field.expected
      page.entry(prefix + field.name, [expected, field.summary.sentence], column: 17)
      if let options = field.options { fields(of: options, on: &page, prefix: "\(field.name).") }
    }
  }

  private func entry(_ property: PropertyDescription, on page: inout Page) {
    page.entry((property.isWritable ? "* " : "  ") + property.name, [property.annotation.shownType, property.summary.sentence], indent: 0, column: 17)
  }

  private func operators(of type: TypeDescription, _ object: String) -> [String] {
    let signs = ["add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^", "concat": ".."]
    return type.operators.map { one in
      let shown = one.name == "unm" ? "-\(object)" : one.name == "len" ? "#\(object)"
        : "\(object) \(signs[one.name] ?? one.name) (\(one.operands.joined(separator: "|").shownType))"
      return "\(shown) -> \(one.returns.shownType)"
    } + [type.entries.map { "\(object)[i] -> \($0.shownType), from 1" }, type.call.map { "\(object)\($0.replacing("):", with: ") ->").shownType)" }].compactMap { $0 }
  }

  private func example(_ name: String, on page: inout Page) {
    guard let example = Example.all[name] else { return }
    page.heading("Example")
    for line in example.split(separator: "\n", omittingEmptySubsequences: false) { page.verbatim(String(line), indent: 2) }
  }
}
