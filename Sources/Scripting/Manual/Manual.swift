/// The manual: a list of topics, and a page for each name that recipes or the command line know.
package struct Manual {
  let schema = Schema()
  let width: Int

  /// - Parameter width: columns of the terminal
  package init(width: Int = 80) { self.width = max(40, min(width, 100)) }

  /// Every topic with one line.
  package var contents: String {
    var page = Page(width: width)
    page.flow("fluxlua manual TOPIC shows a page; a TOPIC is any name below, or that of any option, property or method.")
    page.heading("Rules and lists")
    for topic in Topic.all { page.entry(topic.name, [topic.summary], column: 22) }
    page.heading("Functions")
    for function in schema.functions { page.entry(function.qualifiedName, [function.summary], column: 22) }
    for constant in schema.constants { page.entry("flux.\(constant.name)", [constant.summary], column: 22) }
    page.heading("Types")
    for type in schema.types { page.entry(type.name, [type.summary], column: 22) }
    page.heading("What a model does")
    for method in schema.types.first(where: { $0.name == "Model" })?.methods ?? [] { page.entry("model:\(method.name)", [method.summary], column: 22) }
    return page.text
  }

  /// Everything that goes by a name; nil for an unknown one.
  package func page(_ name: String) -> String? {
    let asked = Self.key(name)
    var parts = Topic.all.filter { $0.names.contains(asked) }.map(page)
    parts += schema.functions.filter { $0.name.lowercased() == asked }.map { page($0, named: $0.qualifiedName, kind: "") }
    parts += schema.types.filter { $0.name.lowercased() == asked }.map(page)
    parts += schema.options.filter { $0.table.name.lowercased() == asked }.map { page($0.table, usedBy: $0.uses) }
    parts += members(asked)
    parts += fields(asked)
    return parts.isEmpty ? nil : parts.joined(separator: "\n" + String(repeating: "-", count: min(width, 72)) + "\n\n")
  }

  /// Every name that has a page, as it is best written.
  package var topics: [String] {
    var seen: Set<String> = []
    let members = schema.types.flatMap { $0.methods.map(\.name) + $0.properties.map(\.name) }
    let options = schema.options.flatMap { [$0.table.name] + $0.table.fields.map(\.name) }.filter { $0 != "[1]" }
    let all = Topic.all.flatMap(\.names) + schema.functions.map(\.name) + schema.types.map(\.name) + schema.constants.map(\.name) + members + options
    return all.filter { seen.insert(Self.key($0)).inserted }
  }

  /// What to say of a name without a page.
  package func complaint(about name: String) -> String {
    let nearest = Suggestion.nearest(to: Self.key(name), among: topics).map { "did you mean '\($0)'?" }
    return "no topic '\(name)'; \(nearest ?? "'fluxlua manual' lists them")"
  }

  /// `flux.noise`, `Model:generate()` and `exit codes` as they are looked up.
  private static func key(_ name: String) -> String {
    var key = name.lowercased().replacing(" ", with: "-").replacing(":", with: ".")
    if let bracket = key.firstIndex(where: { $0 == "(" || $0 == "{" }) { key = String(key[..<bracket]) }
    return key.hasPrefix("flux.") ? String(key.dropFirst(5)) : key
  }

  /// Methods and properties of this name, or of `type.name`.
  private func members(_ asked: String) -> [String] {
    schema.types.flatMap { type in
      func isAsked(_ name: String) -> Bool { [name.lowercased(), "\(type.name).\(name)".lowercased()].contains(asked) }
      return type.methods.filter { isAsked($0.name) }.map { page($0, named: "\(type.name.lowercased()):\($0.name)", kind: "A method of \(type.name). ") }
        + type.properties.filter { isAsked($0.name) }.map { page($0, of: type.name) }
    } + schema.constants.filter { $0.name == asked }.map { page($0, of: "flux") }
  }

  /// Options of this name, each way of reading it once.
  private func fields(_ asked: String) -> [String] {
    let found = schema.options.flatMap { option in option.table.fields.filter { $0.name == asked }.map { (field: $0, uses: option.uses) } }
    var shown: [String] = [], pages: [String] = []
    for (field, uses) in found where !shown.contains(field.summary + field.expected) {
      shown.append(field.summary + field.expected)
      pages.append(page(field, usedBy: uses))
    }
    return pages
  }
}
