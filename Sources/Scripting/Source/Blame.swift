/// Which words of a recipe an error message speaks of. Lua tells the line on which a call begins; the fields of its table may
/// stand on any line below.
struct Blame {
  private let tokens: [LuaToken]
  private let line: Int
  private let end: Int

  init(_ source: String, line: Int) {
    (tokens, self.line) = (LuaToken.all(in: source), line)
    end = source.utf8.count
  }

  /// In UTF-8 bytes of the source, in order.
  func ranges(in message: String) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for complaint in Self.complaints(in: message) {
      guard let range = range(of: complaint), !found.contains(range) else { continue }
      found.append(range)
    }
    return found.sorted { $0.lowerBound < $1.lowerBound }
  }

  // ---- What the message says ----

  /// One thing that is wrong: the names before it, `generate`, `cfg`, and the words.
  private struct Complaint {
    var path: [String]
    let words: String
  }

  private static func complaints(in message: String) -> [Complaint] {
    let lines = message.split(separator: "\n").map(String.init)
    guard let first = lines.first.map(complaint) else { return [] }
    guard first.words.wholeMatch(of: /\d+ things are wrong:?/) != nil else { return [first] }
    return lines.dropFirst().map { line in
      var one = complaint(String(line.drop { $0 == " " }))
      one.path = first.path + one.path
      return one
    }
  }

  private static func complaint(_ text: String) -> Complaint {
    var path: [String] = [], rest = Substring(text)
    while let match = rest.prefixMatch(of: /([A-Za-z_][\w.]*):\s/) {
      path.append(String(match.1.split(separator: ".").last ?? match.1))
      rest = rest[match.range.upperBound...]
    }
    return Complaint(path: path, words: String(rest))
  }

  // ---- Where that is ----

  private func range(of complaint: Complaint) -> Range<Int>? {
    let words = complaint.words
    if let match = words.firstMatch(of: /near <eof>$/) { return match.0.isEmpty ? nil : (tokens.last?.range.upperBound).map { $0..<$0 + 1 } }
    if let match = words.firstMatch(of: /near '<\\(\d+)>'$/), let byte = UInt8(match.1) { return here { $0.text.utf8.first == byte }?.range }
    if let match = words.firstMatch(of: /near '(.+)'$/) { return here { $0.text == match.1 }?.range }
    if let match = words.firstMatch(of: /undefined variable '([^']+)'/) { return name(String(match.1), asMember: false) }
    if let match = words.firstMatch(of: /has no '([^']+)'/) { return name(String(match.1), asMember: true) }
    if let match = words.firstMatch(of: /'([^']+)' of an? \w+ (?:cannot be set|is not in this version)/) { return name(String(match.1), asMember: true) }
    if let match = words.firstMatch(of: /\((local|global|upvalue|field|method|constant) '([^']+)'\)/) {
      return name(String(match.2), asMember: match.1 == "field" || match.1 == "method")
    }
    if let match = words.firstMatch(of: /no option '([^']+)'/) { return field(complaint.path, String(match.1), withValue: false) }
    if let match = words.prefixMatch(of: /(?:entry \d+ of )*'([^']+)'/) { return field(complaint.path, String(match.1), withValue: true) }
    return field(complaint.path, nil, withValue: true)
  }

  private func here(_ isIt: (LuaToken) -> Bool) -> LuaToken? { tokens.first { $0.line == line && isIt($0) } }

  /// A name on the error's line, rather where it stands after a dot or where it does not.
  private func name(_ name: String, asMember: Bool) -> Range<Int>? {
    let all = tokens.indices.filter { tokens[$0].line == line && tokens[$0].kind == .name && tokens[$0].text == name }
    return (all.first { isMember($0) == asMember } ?? all.first).map { tokens[$0].range }
  }

  private func isMember(_ index: Int) -> Bool { index > 0 && (tokens[index - 1].isSymbol(".") || tokens[index - 1].isSymbol(":")) }

  /// The field of a call's table, as deep as it is found, else the name of the function.
  private func field(_ path: [String], _ name: String?, withValue: Bool) -> Range<Int>? {
    guard let function = path.first, let called = tokens.indices.first(where: { isCall($0, of: function) }) else { return nil }
    var region = called + 1..<close(of: called + 1), found: Range<Int>?
    for key in path.dropFirst() + [name].compactMap({ $0 }) {
      guard let place = self.key(key, in: region) else { break }
      let value = place + 2..<valueEnd(from: place + 2)
      let isLast = key == name || name == nil
      let whole = tokens[place].range.lowerBound..<tokens[value.upperBound - 1].range.upperBound
      found = withValue && isLast && tokens[value.upperBound - 1].line == tokens[place].line ? whole : tokens[place].range
      region = value
    }
    return found ?? tokens[called].range
  }

  private func isCall(_ index: Int, of function: String) -> Bool {
    guard tokens[index].line == line, tokens[index].kind == .name, tokens[index].text == function, index + 1 < tokens.count else { return false }
    let next = tokens[index + 1]
    return next.isSymbol("(") || next.isSymbol("{") || next.kind == .string
  }

  /// After the bracket that closes the one at `open`.
  private func close(of open: Int) -> Int {
    var depth = 0
    for index in open..<tokens.count {
      if tokens[index].opensBracket { depth += 1 }
      if tokens[index].closesBracket { depth -= 1 }
      if depth <= 0 { return index + 1 }
    }
    return tokens.count
  }

  /// A key of the outermost tables in a region; its value stands two further on.
  private func key(_ key: String, in region: Range<Int>) -> Int? {
    var braces = 0, blocks = 0
    for index in region {
      let token = tokens[index]
      if token.isSymbol("{") { braces += 1 } else if token.isSymbol("}") { braces -= 1 }
      if token.opensBlock { blocks += 1 } else if token.closesBlock { blocks -= 1 }
      guard braces == 1, blocks == 0, token.kind == .name, token.text == key, index + 2 < tokens.count, tokens[index + 1].isSymbol("=") else { continue }
      return index
    }
    return nil
  }

  private func valueEnd(from start: Int) -> Int {
    var depth = 0
    for index in start..<tokens.count {
      let token = tokens[index]
      if depth == 0, token.closesBracket || token.isSymbol(",") || token.isSymbol(";") { return max(index, start + 1) }
      if token.opensBracket || token.opensBlock { depth += 1 }
      if token.closesBracket || token.closesBlock { depth -= 1 }
    }
    return tokens.count
  }
}
