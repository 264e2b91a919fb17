import CLua

/// How a Swift value is read from a Lua value, and the words for what is expected: one schema for checks, messages,
/// manual and editor annotations.
package struct Reader<Value> {
  /// Completes "must be …": `a whole number from 1 to 1000`.
  package let expected: String
  /// The type in LuaLS annotations: `integer`.
  package let annotation: String
  /// What may stand in a table of options.
  package var options: OptionsDescription?
  /// Throws `Mismatch` for a value of another kind.
  package let read: (Argument) throws -> Value

  package init(_ expected: String, _ annotation: String, _ read: @escaping (Argument) throws -> Value) {
    self.expected = expected
    self.annotation = annotation
    self.read = read
  }

  /// A reader by a test that answers nil for what it cannot take.
  init(_ expected: String, _ annotation: String, of take: @escaping (Argument) -> Value?) {
    self.init(expected, annotation) { argument in
      guard let value = take(argument) else { throw Mismatch(expected, argument) }
      return value
    }
  }

  package func map<New>(_ transform: @escaping (Value) throws -> New) -> Reader<New> {
    var reader = Reader<New>(expected, annotation) { try transform(read($0)) }
    reader.options = options
    return reader
  }

  /// The same with other words.
  package func described(_ expected: String, annotation: String? = nil) -> Reader {
    var reader = Reader(expected, annotation ?? self.annotation) { argument in
      do { return try read(argument) } catch let mismatch as Mismatch { throw mismatch.isTelling ? mismatch : Mismatch(expected, argument) }
    }
    reader.options = options
    return reader
  }
}

/// A value that cannot be read. The reader does not know the name of what it reads; whoever does puts it in front.
package struct Mismatch: Error {
  /// Stands before the name: `entry 3 of `.
  let prefix: String
  /// Stands after the name: `must be a number, got true`.
  let predicate: String
  /// Whether it says more than that another kind of value was expected: then it is not replaced by the words of an outer reader.
  let isTelling: Bool

  package init(_ expected: String, _ argument: Argument) {
    var predicate = "must be \(expected), got \(argument)"
    if expected.contains("number"), let text = argument.lua.string(at: argument.index), Double(text) != nil {
      predicate += "; remove the quotes"
    }
    self.init(prefix: "", predicate: predicate, isTelling: false)
  }

  package init(predicate: String) { self.init(prefix: "", predicate: predicate, isTelling: true) }

  private init(prefix: String, predicate: String, isTelling: Bool) {
    (self.prefix, self.predicate, self.isTelling) = (prefix, predicate, isTelling)
  }

  func inside(_ outer: String) -> Mismatch { Mismatch(prefix: prefix + outer, predicate: predicate, isTelling: true) }

  func message(for name: String) -> String { "\(prefix)'\(name)' \(predicate)" }
}

/// Everything that is wrong with the arguments of one call, so that it is mended in one go.
package struct Problems: Error, CustomStringConvertible {
  package let lines: [String]
  package init(_ lines: [String]) { self.lines = lines }
  package var description: String {
    lines.count == 1 ? lines[0] : "\(lines.count) things are wrong:\n" + lines.map { "  \($0)" }.joined(separator: "\n")
  }
}
