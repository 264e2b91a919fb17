import CLua

/// The named options of a function: a closed schema that fills a Swift value.
///
/// ```swift
/// struct Blur { var sigma = 1.0; var edges: String? }
/// let options = Options(Blur(), [
///   Field("sigma", .number(in: 0...100), \.sigma, "how far it reaches"),
///   Field("edges", .string, \.edges, "what lies beyond"),
///   .later("mask", "masks"),
/// ])
/// ```
package struct Options<Root> {
  let start: Root
  let fields: [Field<Root>]
  /// What may stand first, without a name: `{ "folder", precision = "f32" }`.
  let first: Field<Root>?
  /// What the manual calls such a table: the Swift type's name, unless another is given.
  let name: String
  private let known: Set<String>

  package init(_ start: Root, named name: String? = nil, first: Field<Root>? = nil, _ fields: [Field<Root>]) {
    self.start = start
    self.name = name ?? Self.plainName
    self.first = first
    self.fields = fields
    known = Set(fields.map(\.description.name))
  }

  /// Swift writes private types as `(Blur in _0123)`.
  private static var plainName: String {
    String("\(Root.self)".drop { $0 == "(" }.prefix { $0 != " " })
  }

  /// What a function takes that has no options in this call.
  package var untouched: Root { start }
}

package struct Field<Root> {
  package private(set) var description: FieldDescription
  let set: (Argument, inout Root) throws -> Void
  /// Belongs to the product, but not to this version.
  var isLater = false

  package init<Value>(_ name: String, _ reader: Reader<Value>, _ path: WritableKeyPath<Root, Value>, _ summary: String) {
    self.init(name, reader, summary) { $1[keyPath: path] = $0 }
  }

  package init<Value>(_ name: String, _ reader: Reader<Value>, _ path: WritableKeyPath<Root, Value?>, _ summary: String) {
    self.init(name, reader, summary) { $1[keyPath: path] = $0 }
  }

  private init<Value>(_ name: String, _ reader: Reader<Value>, _ summary: String, _ set: @escaping (Value, inout Root) -> Void) {
    description = FieldDescription(name: name, expected: reader.expected, annotation: reader.annotation, summary: summary, options: reader.options)
    self.set = { argument, root in set(try reader.read(argument), &root) }
  }

  private init(refusing name: String, _ what: String, _ predicate: String) {
    description = FieldDescription(name: name, expected: "", annotation: "any", summary: what, options: nil)
    set = { _, _ in throw Mismatch(predicate: predicate) }
    isLater = true
  }

  /// An option that has its place elsewhere, with the reason.
  package static func refused(_ name: String, _ predicate: String) -> Field { Field(refusing: name, "", predicate) }

  /// The same, but an error when it is not given.
  package var required: Field {
    var field = self
    field.description.isRequired = true
    return field
  }

  /// An option that recipes may know from elsewhere, with what it is for.
  package static func later(_ name: String, _ what: String) -> Field { Field(refusing: name, what, "is not in this version yet (\(what))") }
}

extension Reader {
  package static func options(_ options: Options<Value>) -> Reader {
    var reader = Reader("a table of options", "flux.\(options.name)") { argument in
      guard argument.type == CLUA_TABLE else { throw Mismatch("a table of options", argument) }
      if clua_has_metatable(argument.lua.current, argument.index) {
        throw Mismatch(predicate: "must be a plain table, without a metatable")
      }
      return try options.read(argument)
    }
    reader.options = options.described
    return reader
  }

  /// The same reader for what reads its options by itself.
  package func documented<Root>(by options: Options<Root>) -> Reader {
    var reader = Reader("a table of options", "flux.\(options.name)", read)
    reader.options = options.described
    return reader
  }
}

extension Options {
  fileprivate var described: OptionsDescription {
    var unnamed = first?.description
    unnamed?.name = "[1]"
    return OptionsDescription(name: name, fields: [unnamed].compactMap { $0 } + fields.filter { !$0.isLater }.map(\.description))
  }

  /// Reads every field before it speaks of what is wrong.
  fileprivate func read(_ table: Argument) throws -> Root {
    var root = start, problems: [String] = []
    if let first { problems += try table.entry(1) { try first.problems(reading: $0, into: &root) } }
    for field in fields {
      problems += try table.field(field.description.name) { try field.problems(reading: $0, into: &root) }
    }
    problems += unknownKeys(of: table)
    guard problems.isEmpty else { throw Problems(problems) }
    return root
  }

  private func unknownKeys(of table: Argument) -> [String] {
    let keys = table.keys
    let others = keys.others.filter { first == nil || $0 != "1" }
    let offered = fields.lazy.filter { !$0.isLater }.map(\.description.name)
    return keys.names.filter { !known.contains($0) }.map { "no option '\($0)'" + Suggestion.option(for: $0, among: Array(offered)) }
      + others.prefix(1).map { "options have names, not positions: got [\($0)]" }
  }
}

extension Field {
  fileprivate func problems(reading argument: Argument, into root: inout Root) throws -> [String] {
    guard !argument.isAbsent else { return description.isRequired ? ["'\(description.name)' is missing: \(description.summary)"] : [] }
    do { try set(argument, &root) } catch let mismatch as Mismatch {
      return [mismatch.message(for: description.name)]
    } catch let inner as Problems {
      return inner.lines.map { "\(description.name): \($0)" }
    }
    return []
  }
}
