/// One word of Lua source: what the compiler sees, kept with its place, also where the source is not finished.
struct LuaToken: Equatable {
  enum Kind: Equatable {
    case name, keyword, number, string, symbol, comment
    /// A string that goes on beyond the end of its line or of the source.
    case openString
  }

  let kind: Kind
  let text: String
  /// In UTF-8 bytes of the source.
  let range: Range<Int>
  /// From 1.
  let line: Int

  static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return",
    "then", "true", "until", "while",
  ]

  /// Begins something that `end` or `until` closes; `while` and `for` do it by their `do`.
  var opensBlock: Bool { kind == .keyword && ["function", "do", "if", "repeat"].contains(text) }
  var closesBlock: Bool { kind == .keyword && (text == "end" || text == "until") }
  var opensBracket: Bool { kind == .symbol && ["(", "[", "{"].contains(text) }
  var closesBracket: Bool { kind == .symbol && [")", "]", "}"].contains(text) }
  func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }

  /// The words of a source, in order; comments only where they are asked for.
  static func all(in source: String, comments: Bool = false) -> [LuaToken] {
    var scanner = Scanner(bytes: Array(source.utf8)), tokens: [LuaToken] = []
    while let token = scanner.next() {
      if comments || token.kind != .comment { tokens.append(token) }
    }
    return tokens
  }
}

private struct Scanner {
  let bytes: [UInt8]
  private var place = 0, line = 1

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> LuaToken? {
    while let byte = peek(), byte == 32 || (9...13).contains(byte) { advance() }
    guard let byte = peek() else { return nil }
    let start = place, first = line
    let kind = scan(byte)
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    return LuaToken(kind: kind == .name && LuaToken.keywords.contains(text) ? .keyword : kind, text: text, range: start..<place, line: first)
  }

  private func peek(_ ahead: Int = 0) -> UInt8? { place + ahead < bytes.count ? bytes[place + ahead] : nil }

  private mutating func advance(_ count: Int = 1) {
    for _ in 0..<count where place < bytes.count {
      if bytes[place] == 10 { line += 1 }
      place += 1
    }
  }

  private mutating func scan(_ byte: UInt8) -> LuaToken.Kind {
    if Self.isName(byte), !Self.isDigit(byte) {
      while let byte = peek(), Self.isName(byte) { advance() }
      return .name
    }
    if Self.isDigit(byte) || (byte == UInt8(ascii: ".") && peek(1).map(Self.isDigit) == true) { return number() }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return string(byte) }
    if byte == UInt8(ascii: "-"), peek(1) == byte { return comment() }
    if byte == UInt8(ascii: "["), let level = longBracket() { return long(level) ? .string : .openString }
    let symbols = ["...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"]
    let rest = bytes[place..<min(place + 3, bytes.count)]
    advance(symbols.first { rest.starts(with: $0.utf8) }?.utf8.count ?? Self.length(of: byte))
    return .symbol
  }

  private mutating func number() -> LuaToken.Kind {
    while let byte = peek(), Self.isName(byte) || byte == UInt8(ascii: ".") {
      advance()
      if "eEpP".utf8.contains(byte), let sign = peek(), "+-".utf8.contains(sign) { advance() }
    }
    return .number
  }

  private mutating func string(_ quote: UInt8) -> LuaToken.Kind {
    advance()
    while let byte = peek(), byte != 10 {
      advance(byte == UInt8(ascii: "\\") ? 2 : 1)
      if byte == quote { return .string }
    }
    return .openString
  }

  private mutating func comment() -> LuaToken.Kind {
    advance(2)
    if peek() == UInt8(ascii: "["), let level = longBracket() {
      _ = long(level)
      return .comment
    }
    while let byte = peek(), byte != 10 { advance() }
    return .comment
  }

  /// The number of `=` in a long bracket that opens here.
  private func longBracket() -> Int? {
    var level = 0
    while peek(1 + level) == UInt8(ascii: "=") { level += 1 }
    return peek(1 + level) == UInt8(ascii: "[") ? level : nil
  }

  /// Whether the long bracket is closed.
  private mutating func long(_ level: Int) -> Bool {
    advance(level + 2)
    let close = Array(("]" + String(repeating: "=", count: level) + "]").utf8)
    while place < bytes.count {
      if bytes[place...].starts(with: close) {
        advance(close.count)
        return true
      }
      advance()
    }
    return false
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private static func isName(_ byte: UInt8) -> Bool { isDigit(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95 }
  /// Of a character of which this is the first byte.
  private static func length(of byte: UInt8) -> Int { byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4 }
}
