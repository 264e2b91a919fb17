import CLua

/// What a callback of the sampling loop answers with: one rule for all of them.
package enum CallbackResult<Replacement> {
  /// nil
  case carryOn
  /// false: stop after this step, and return what is there.
  case stop
  /// A value of the kind that the callback was given.
  case replace(Replacement)
}

extension Reader {
  package static func callback<Replacement>(replacing reader: Reader<Replacement>) -> Reader
  where Value == CallbackResult<Replacement> {
    let expected = "nil, false or \(reader.expected)"
    return Reader(expected, "nil|false|\(reader.annotation)") { argument in
      if argument.isAbsent { return .carryOn }
      if case .boolean(false) = argument.value { return .stop }
      do { return .replace(try reader.read(argument)) } catch is Mismatch { throw Mismatch(expected, argument) }
    }
  }
}
