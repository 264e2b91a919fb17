/// What a person typed at once: an expression, or statements whose outermost locals stay.
struct Phrase {
  enum Reading {
    case expression, statement
  }

  /// Without the `=` that asks for a value.
  let text: String
  private let tokens: [LuaToken]
  /// Whether it begins with `=`, as people of other Lua prompts write to see a value.
  private let isAsked: Bool

  init(_ text: String) {
    let trimmed = text.drop { $0.isWhitespace }
    isAsked = trimmed.first == "=" && !trimmed.hasPrefix("==")
    self.text = isAsked ? text.replacing("=", with: " ", maxReplacements: 1) : text
    tokens = LuaToken.all(in: self.text)
  }

  var isEmpty: Bool { tokens.isEmpty && !isAsked && !LuaToken.all(in: text, comments: true).contains { $0.kind == .comment && Self.isOpen($0.text) } }
  var first: String? { tokens.first?.text }
  /// Whether no further line can mend it: a quote that is not closed on its line.
  var isBroken: Bool { tokens.contains { $0.kind == .openString && !$0.text.hasPrefix("[") && !$0.text.hasSuffix("\\") } }

  private static func isOpen(_ comment: String) -> Bool {
    guard let match = comment.prefixMatch(of: /--\[(=*)\[/) else { return false }
    return !comment.contains("]\(match.1)]")
  }

  /// In the order in which they are tried.
  var readings: [Reading] { isAsked ? [.expression] : [.expression, .statement] }

  func code(for reading: Reading) -> String {
    // Two values, so that it is no tail call: those have no line. What is broken ends with its line, and is told so.
    (reading == .expression ? "return nil, " + text : keepingLocals.code) + (isBroken ? "\n" : "")
  }

  /// As a recipe would say it: an expression alone is no statement.
  func sentence(for reading: Reading) -> String { reading == .expression ? "_ = " + text.drop { $0.isWhitespace } : text }

  /// The names of the outermost locals.
  var locals: [String] { keepingLocals.names }

  /// The text with the outermost `local x = 1` made `x = 1`, each word where it was: what is local to one evaluation would be
  /// lost to the next.
  private var keepingLocals: (code: String, names: [String]) {
    var bytes = Array(text.utf8), blocks = 0, insertions: [(at: Int, text: String)] = [], kept: [String] = []
    func blank(_ range: Range<Int>) { for place in range where bytes[place] != 10 { bytes[place] = 32 } }
    for (index, token) in tokens.enumerated() {
      if token.opensBlock { blocks += 1 } else if token.closesBlock { blocks -= 1 }
      guard blocks == 0, token.kind == .keyword, token.text == "local", index + 1 < tokens.count else { continue }
      if tokens[index + 1].text == "function" {
        blank(token.range)
        continue
      }
      guard let names = names(from: index + 1), !names.attributes.contains(where: { tokens[$0].text == "close" }) else { continue }
      blank(token.range)
      kept += names.names.map { tokens[$0].text }
      for attribute in names.attributes { blank(tokens[attribute - 1].range.lowerBound..<tokens[attribute + 1].range.upperBound) }
      if names.after >= tokens.count || !tokens[names.after].isSymbol("=") { insertions.append((tokens[names.after - 1].range.upperBound, " = nil")) }
    }
    for insertion in insertions.reversed() { bytes.insert(contentsOf: Array(insertion.text.utf8), at: insertion.at) }
    return (String(decoding: bytes, as: UTF8.self), kept)
  }

  /// `a <const>, b` from a token on: where the attributes are, and what comes after; nil when it is something else.
  private func names(from first: Int) -> (names: [Int], attributes: [Int], after: Int)? {
    var index = first, names: [Int] = [], attributes: [Int] = []
    while true {
      guard index < tokens.count, tokens[index].kind == .name else { return nil }
      names.append(index)
      index += 1
      if index + 2 < tokens.count, tokens[index].isSymbol("<"), tokens[index + 1].kind == .name, tokens[index + 2].isSymbol(">") {
        attributes.append(index + 1)
        index += 3
      }
      guard index < tokens.count, tokens[index].isSymbol(",") else { return (names, attributes, index) }
      index += 1
    }
  }
}
