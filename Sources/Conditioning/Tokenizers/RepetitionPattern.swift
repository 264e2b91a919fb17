/// The patterns that `Replace` has in tokenizer files: a literal text, or one character or class repeated.
enum RepetitionPattern: Sendable {
  case literal([Unicode.Scalar])
  case repeated(Atom, ClosedRange<Int>)

  enum Atom: Sendable {
    case scalar(Unicode.Scalar)
    case space

    func matches(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .scalar(let wanted): scalar == wanted
      case .space: scalar.isSpace
      }
    }
  }

  /// `{"String": …}` or `{"Regex": …}`.
  init(_ field: JSONField) throws {
    if let text = try field.optional("String") {
      self = .literal(Array(try text.string().unicodeScalars))
      guard try !text.bytes().isEmpty else { throw text.unexpected("a text to look for") }
    } else {
      let text = try field.required("Regex")
      guard let pattern = Self(regex: Array(try text.string().unicodeScalars)) else {
        throw text.unsupported("a plain text, or one character or \\s with +, {n}, {n,} or {n,m}")
      }
      self = pattern
    }
  }

  private init?(regex: [Unicode.Scalar]) {
    let special = Set("\\.+*?()|[]{}^$".unicodeScalars)
    guard let first = regex.first else { return nil }
    if special.isDisjoint(with: regex) {
      self = .literal(regex)
      return
    }
    var rest = regex.dropFirst()
    var atom = Atom.scalar(first)
    if first == "\\" {
      guard let escaped = rest.popFirst() else { return nil }
      if escaped == "s" { atom = .space } else if special.contains(escaped) { atom = .scalar(escaped) } else { return nil }
    } else if special.contains(first) {
      return nil
    }
    guard let counts = Self.counts(String(String.UnicodeScalarView(rest))) else { return nil }
    self = .repeated(atom, counts)
  }

  private static func counts(_ quantifier: String) -> ClosedRange<Int>? {
    if quantifier.isEmpty { return 1...1 }
    if quantifier == "+" { return 1...Int.max }
    guard quantifier.first == "{", quantifier.last == "}" else { return nil }
    let bounds = quantifier.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
    guard let first = bounds.first, let least = Int(first), least > 0, bounds.count <= 2 else { return nil }
    if bounds.count == 1 { return least...least }
    if bounds[1].isEmpty { return least...Int.max }
    guard let most = Int(bounds[1]), most >= least else { return nil }
    return least...most
  }

  /// How many scalars match at `start`; nil where none do.
  func matchLength(in scalars: [Unicode.Scalar], at start: Int) -> Int? {
    switch self {
    case .literal(let text):
      return scalars[start...].starts(with: text) ? text.count : nil
    case .repeated(let atom, let counts):
      var length = 0
      while start + length < scalars.count, length < counts.upperBound, atom.matches(scalars[start + length]) { length += 1 }
      return length >= counts.lowerBound ? length : nil
    }
  }
}
