/// A prompt with places that are filled in: `a {red|blue|3::green} __animal__`. The syntax is that of dynamicprompts.
///
///     {a|b|c}            one of them
///     {2::a|b}           a twice as often as b
///     {2$$a|b|c}         two different ones, joined by ", "
///     {1-3$$ and $$a|b}  one to three, joined by " and "
///     __animals__        a line of wildcards/animals.txt; * stands for any part of a name
///     \{ \| \}           these characters themselves
struct WildcardTemplate {
  let root: WildcardNode

  init(_ text: String) throws {
    var parser = WildcardParser(text)
    root = try parser.sequence(until: [])
    if !parser.isAtEnd {
      throw LuaError("'\(text)': the '}' at character \(parser.position + 1) has no '{' before it; write \\} for the character itself")
    }
  }
}

/// A piece of a template.
indirect enum WildcardNode {
  case text(String)
  case choice(WildcardChoice)
  case wildcard(String)
  case sequence([WildcardNode])
}

/// What stands between braces.
struct WildcardChoice {
  struct Option {
    let weight: Double
    let node: WildcardNode
  }
  var options: [Option] = []
  /// How many of them.
  var least = 1, most = 1
  var separator = ", "
}

/// Reads a template from left to right.
private struct WildcardParser {
  private let characters: [Character]
  private let text: String
  private(set) var position = 0
  private var depth = 0

  init(_ text: String) { (characters, self.text) = (Array(text), text) }

  var isAtEnd: Bool { position >= characters.count }

  private func looksAt(_ string: String) -> Bool { characters[position...].starts(with: string) }

  mutating func sequence(until ends: Set<Character>) throws -> WildcardNode {
    var nodes: [WildcardNode] = [], literal = ""
    func flushed() -> [WildcardNode] { literal.isEmpty ? nodes : nodes + [.text(literal)] }
    while !isAtEnd {
      let character = characters[position]
      if character == "\\", position + 1 < characters.count, "{}|_$\\".contains(characters[position + 1]) {
        literal.append(characters[position + 1])
        position += 2
      } else if ends.contains(character) || (depth == 0 && character == "}") {
        break
      } else if character == "{" {
        nodes = flushed()
        literal = ""
        nodes.append(.choice(try choice()))
      } else if looksAt("__"), let name = wildcardName() {
        nodes = flushed()
        literal = ""
        nodes.append(.wildcard(name))
      } else {
        literal.append(character)
        position += 1
      }
    }
    let all = flushed()
    return all.count == 1 ? all[0] : .sequence(all)
  }

  /// `__name__`, or nil where two underscores are only that.
  private mutating func wildcardName() -> String? {
    var end = position + 2
    while end < characters.count, characters[end].isLetter || characters[end].isNumber || "-_/*. ".contains(characters[end]) {
      if end + 1 < characters.count, characters[end] == "_", characters[end + 1] == "_", end > position + 2 {
        defer { position = end + 2 }
        return String(characters[position + 2..<end])
      }
      end += 1
    }
    return nil
  }

  private mutating func choice() throws -> WildcardChoice {
    let start = position
    position += 1
    depth += 1
    defer { depth -= 1 }
    guard depth < 64 else { throw LuaError("'\(text)': choices nest deeper than 64") }
    var choice = WildcardChoice()
    try bounds(&choice)
    while true {
      let weight = self.weight() ?? 1
      choice.options.append(.init(weight: weight, node: try sequence(until: ["|", "}"])))
      guard !isAtEnd else { throw LuaError("'\(text)': the '{' at character \(start + 1) has no '}'") }
      position += 1
      if characters[position - 1] == "}" { break }
    }
    guard choice.least <= choice.most else { throw LuaError("'\(text)': the choice at character \(start + 1) asks for \(choice.least) to \(choice.most)") }
    return choice
  }

  /// What stands at the position, as far as numbers, weights and separators can reach: a template is read in one pass.
  private var rest: String { String(characters[position...].prefix(100)) }

  /// `2$$`, `1-3$$`, `2$$ and $$`.
  private mutating func bounds(_ choice: inout WildcardChoice) throws {
    guard let match = rest.prefixMatch(of: /(\d*)(-?)(\d*)\$\$/), !(match.1.isEmpty && match.3.isEmpty) else { return }
    choice.least = Int(match.1) ?? 1
    choice.most = match.2.isEmpty ? choice.least : Int(match.3) ?? .max
    position += match.0.count
    if let joined = rest.prefixMatch(of: /([^{}|$]*)\$\$/) {
      choice.separator = String(joined.1)
      position += joined.0.count
    }
  }

  /// `0.5::`
  private mutating func weight() -> Double? {
    guard let match = rest.prefixMatch(of: /\s*(\d+(\.\d+)?)::/), let weight = Double(match.1) else { return nil }
    position += match.0.count
    return weight
  }
}
