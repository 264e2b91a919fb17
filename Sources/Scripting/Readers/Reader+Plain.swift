import CLua

extension Reader where Value == Double {
  package static var number: Reader { Reader("a number", "number", of: { $0.lua.number(at: $0.index) }) }

  /// Neither infinite nor "not a number".
  package static var finite: Reader {
    Reader("a number", "number") { argument in
      guard let number = argument.lua.number(at: argument.index) else { throw Mismatch("a number", argument) }
      guard number.isFinite else { throw Mismatch(predicate: "must be a finite number, got \(argument)") }
      return number
    }
  }

  /// Above 0, and not infinite.
  package static var positive: Reader {
    Reader("a number above 0", "number", of: { $0.lua.number(at: $0.index).flatMap { $0 > 0 && $0.isFinite ? $0 : nil } })
  }

  /// Above 0, up to all.
  package static var share: Reader {
    Reader("a number above 0 and at most 1", "number", of: { $0.lua.number(at: $0.index).flatMap { $0 > 0 && $0 <= 1 ? $0 : nil } })
  }

  package static func number(in range: ClosedRange<Double>) -> Reader {
    let expected = "a number from \(short(range.lowerBound)) to \(short(range.upperBound))"
    return Reader(expected, "number", of: { argument in
      argument.lua.number(at: argument.index).flatMap { range.contains($0) ? $0 : nil }
    })
  }

  private static func short(_ value: Double) -> String {
    LuaValue.text(of: value, integer: Int(exactly: value))
  }
}

extension Reader where Value == Int {
  package static var integer: Reader { Reader("a whole number", "integer", of: { $0.lua.integer(at: $0.index) }) }

  package static func integer(in range: ClosedRange<Int>) -> Reader {
    let limit = range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    return Reader("a whole number \(limit)", "integer", of: { argument in
      argument.lua.integer(at: argument.index).flatMap { range.contains($0) ? $0 : nil }
    })
  }

  package static func integer(in range: PartialRangeFrom<Int>) -> Reader { integer(in: range.lowerBound...Int.max) }
}

extension Reader where Value == String {
  package static var string: Reader { Reader("a string", "string", of: { $0.lua.string(at: $0.index) }) }
}

extension Reader where Value == Bool {
  package static var boolean: Reader {
    Reader("true or false", "boolean", of: { $0.type == CLUA_BOOLEAN ? clua_to_boolean($0.lua.current, $0.index) : nil })
  }
}

extension Reader where Value == LuaReference {
  package static var function: Reader {
    Reader("a function", "function", of: { $0.type == CLUA_FUNCTION ? LuaReference($0.lua, at: $0.index) : nil })
  }

  package static var table: Reader {
    Reader("a table", "table", of: { $0.type == CLUA_TABLE ? LuaReference($0.lua, at: $0.index) : nil })
  }
}

extension Reader where Value == LuaValue {
  package static var any: Reader { Reader("a value", "any") { $0.value } }
}

extension Reader {
  /// One of some words, each standing for a value.
  package static func choice(_ words: KeyValuePairs<String, Value>) -> Reader {
    let names = words.map(\.key)
    let expected = "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ")
    return Reader(expected, names.map { "\"\($0)\"" }.joined(separator: "|")) { argument in
      guard let word = argument.lua.string(at: argument.index) else { throw Mismatch(expected, argument) }
      if let found = words.first(where: { $0.key == word }) { return found.value }
      let hint = Suggestion.nearest(to: word, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
      throw Mismatch(predicate: Mismatch(expected, argument).predicate + hint)
    }
  }

  /// A list with at least `atLeast` entries, all read alike.
  package static func list<Element>(of element: Reader<Element>, atLeast: Int = 0) -> Reader where Value == [Element] {
    let expected = "a list" + (atLeast > 0 ? " of at least \(atLeast)" : "")
    return Reader(expected, element.annotation.contains("|") ? "(\(element.annotation))[]" : "\(element.annotation)[]") { argument in
      guard argument.type == CLUA_TABLE else { throw Mismatch(expected, argument) }
      let keys = argument.keys
      let count = clua_length(argument.lua.current, argument.index)
      if let name = keys.names.first { throw Mismatch(predicate: "must be a list, without names such as '\(name)'") }
      if keys.others.count != count { throw Mismatch(predicate: "must be a list without holes") }
      if count < atLeast { throw Mismatch(predicate: "must be \(expected), got \(count)") }
      return try (0..<count).map { i in
        do { return try argument.entry(i + 1, element.read) } catch let mismatch as Mismatch {
          throw mismatch.inside("entry \(i + 1) of ")
        }
      }
    }
  }

  /// What either reader takes; the first that fits wins.
  package func or(_ other: Reader) -> Reader {
    let expected = "\(expected) or \(other.expected)"
    var reader = Reader(expected, "\(annotation)|\(other.annotation)") { argument in
      do { return try read(argument) } catch let first as Mismatch {
        do { return try other.read(argument) } catch let second as Mismatch {
          throw second.isTelling ? second : first.isTelling ? first : Mismatch(expected, argument)
        }
      }
    }
    reader.options = options ?? other.options
    return reader
  }
}
