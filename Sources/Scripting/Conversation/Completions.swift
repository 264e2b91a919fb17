/// What may follow at a prompt.
package struct Completions: Equatable {
  /// The word that was begun; empty where none was.
  package let typed: String
  /// Whole words that begin so, in alphabetical order.
  package let words: [String]
  /// What belongs behind the word once it is whole: ` = ` after the name of an option, a quote after a word of a choice.
  package let ending: String

  init(_ typed: String, _ words: some Sequence<String>, ending: String = "") {
    self.typed = typed
    self.words = Set(words).filter { $0.hasPrefix(typed) }.sorted()
    self.ending = ending
  }

  /// What all words have in common beyond what was typed, with the ending when there is only one.
  package var certain: String {
    guard let first = words.first else { return "" }
    let common = words.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    return common.dropFirst(typed.count) + (words.count == 1 ? ending : "")
  }
}

private extension String {
  func commonPrefix(with other: String) -> String { String(zip(self, other).prefix { $0 == $1 }.map(\.0)) }
}

extension Conversation {
  /// What may follow a text; it is only looked at, nothing of it runs.
  package func completions(after text: String) -> Completions {
    let tokens = LuaToken.all(in: text, comments: true), end = text.utf8.count
    if let topic = text.prefixMatch(of: /\s*\.?help\s+/) {
      return Completions(String(text[topic.range.upperBound...]), Manual().topics)
    }
    guard let last = tokens.last else { return Completions("", names(in: [])) }
    if last.kind == .comment, !text.hasSuffix("\n") { return Completions("", []) }
    let words = tokens.filter { $0.kind != .comment }
    if last.kind == .openString, let quote = last.text.first, quote != "[" {
      return Completions(String(last.text.dropFirst()), choices(at: words.count - 1, in: words), ending: String(quote))
    }
    let isTyping = last.range.upperBound == end && (last.kind == .name || last.kind == .keyword)
    return completions(of: isTyping ? last.text : "", after: isTyping ? Array(words.dropLast()) : words)
  }

  private func completions(of typed: String, after tokens: [LuaToken]) -> Completions {
    let source = Source(tokens: tokens, conversation: self)
    guard let before = tokens.last else { return Completions(typed, names(in: tokens)) }
    if before.isSymbol(".") || before.isSymbol(":") {
      if tokens.count == 1 { return Completions(typed, Conversation.commands) }
      return Completions(typed, members(of: source.meaning(before: tokens.count - 1), called: before.isSymbol(":")))
    }
    if let brace = source.openBracket(before: tokens.count), tokens[brace].isSymbol("{"), ["{", ",", ";"].contains(before.text), before.kind == .symbol,
       let table = source.options(ofTableAt: brace) {
      let free = Set(table.fields.map(\.name)).subtracting(source.keys(from: brace)).subtracting(["[1]"])
      let found = Completions(typed, free, ending: " = ")
      if !found.words.isEmpty { return found }
    }
    return Completions(typed, names(in: tokens))
  }

  /// Words that begin with a dot, for the prompt itself.
  package static let commands = ["exit", "help", "save"]

  /// The words that a string at this place may be.
  private func choices(at index: Int, in tokens: [LuaToken]) -> [String] {
    let source = Source(tokens: tokens, conversation: self)
    guard let annotation = source.annotation(at: index) else { return [] }
    return words(of: annotation)
  }

  private func words(of annotation: String) -> [String] {
    annotation.split(separator: "|").flatMap { part -> [String] in
      if part.hasPrefix("\""), part.hasSuffix("\"") { return [String(part.dropFirst().dropLast())] }
      return schema.aliases.first { "flux.\($0.name)" == part }?.words.map(\.word).filter { !$0.contains("<") } ?? []
    }
  }

  /// Globals, words of Lua, and the names that the text itself makes.
  private func names(in tokens: [LuaToken]) -> [String] {
    let made = tokens.indices.dropFirst().filter { index in
      tokens[index].kind == .name && (["local", "for", "function"].contains(tokens[index - 1].text) || tokens[index - 1].isSymbol(",") || tokens[index - 1].isSymbol("("))
    }
    return globalNames + LuaToken.keywords + made.map { tokens[$0].text }
  }

  private func members(of meaning: Source.Meaning?, called: Bool) -> [String] {
    switch meaning {
    case .value(let value): fields(of: value)
    case .object(let type): called ? type.methods.map(\.name) : type.properties.map(\.name)
    case .text: fieldNames(ofGlobal: "string")
    case .function, nil: []
    }
  }
}
