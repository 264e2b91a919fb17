/// One argument of a host function: its name, how it is read, and what it is for.
package struct Parameter<Value> {
  package let description: ParameterDescription
  /// Reads from the position on, and moves it past what was read.
  let read: (Call, inout Int32) throws -> Value

  private init(_ description: ParameterDescription, _ read: @escaping (Call, inout Int32) throws -> Value) {
    self.description = description
    self.read = read
  }

  package static func required(_ name: String, _ reader: Reader<Value>, _ summary: String = "") -> Parameter {
    Parameter(.init(name, reader, summary, isOptional: false)) { call, position in
      defer { position += 1 }
      return try named(name) { try reader.read(call.argument(position)) }
    }
  }

  package static func optional<Wrapped>(_ name: String, _ reader: Reader<Wrapped>, _ summary: String = "") -> Parameter
  where Value == Wrapped? {
    Parameter(.init(name, reader, summary, isOptional: true)) { call, position in
      defer { position += 1 }
      let argument = call.argument(position)
      return argument.isAbsent ? nil : try named(name) { try reader.read(argument) }
    }
  }

  package static func optional(_ name: String, _ reader: Reader<Value>, default value: Value, _ summary: String = "") -> Parameter {
    Parameter(.init(name, reader, summary, isOptional: true)) { call, position in
      defer { position += 1 }
      let argument = call.argument(position)
      return argument.isAbsent ? value : try named(name) { try reader.read(argument) }
    }
  }

  /// A table of options, which may be left out.
  package static func options(_ options: Options<Value>) -> Parameter {
    optional("options", .options(options), default: options.untouched, "named values")
  }

  /// All the arguments that are left.
  package static func rest<Element>(_ name: String, _ reader: Reader<Element>, _ summary: String = "") -> Parameter
  where Value == [Element] {
    Parameter(.init("...", reader, summary, isOptional: true)) { call, position in
      var values: [Element] = []
      while position <= call.count {
        values.append(try named(name) { try reader.read(call.argument(position)) })
        position += 1
      }
      return values
    }
  }

  private static func named<R>(_ name: String, _ read: () throws -> R) throws -> R {
    do { return try read() } catch let mismatch as Mismatch { throw Problems([mismatch.message(for: name)]) }
  }
}

/// One argument, for the manual.
package struct ParameterDescription {
  package let name: String
  /// In words, and in LuaLS annotations.
  package let expected: String, annotation: String
  package let summary: String
  package let isOptional: Bool
  /// What may stand in it, where it is a table of options.
  package let options: OptionsDescription?

  init(_ name: String, _ reader: Reader<some Any>, _ summary: String, isOptional: Bool) {
    self.name = name
    (expected, annotation) = (reader.expected, reader.annotation)
    self.summary = summary
    self.isOptional = isOptional
    options = reader.options
  }
}
