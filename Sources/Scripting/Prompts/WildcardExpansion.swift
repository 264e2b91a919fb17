/// What a template can become: one prompt by chance, or every one.
struct WildcardExpansion {
  /// The lines that a wildcard's name stands for.
  let lines: (_ name: String) throws -> [String]
  private var state: UInt64

  /// More prompts than this are a mistake.
  static let most = 100_000

  /// Wildcards within wildcards go this deep.
  private static let deepest = 16

  init(seed: Int64, lines: @escaping (String) throws -> [String]) {
    (self.lines, state) = (lines, UInt64(bitPattern: seed))
  }

  /// SplitMix64 (Steele, Lea and Flood 2014), in [0, 1): the same prompts for a seed on every machine.
  private mutating func chance() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// One prompt by chance.
  mutating func one(_ node: WildcardNode, depth: Int = 0) throws -> String {
    switch node {
    case .text(let text): return text
    case .sequence(let nodes):
      var text = ""
      for node in nodes { text += try one(node, depth: depth) }
      return text
    case .wildcard(let name):
      let lines = try self.lines(name)
      return try one(nested(lines[Int(chance() * Double(lines.count))], depth), depth: depth + 1)
    case .choice(let choice): return try one(of: choice, depth)
    }
  }

  private mutating func one(of choice: WildcardChoice, _ depth: Int) throws -> String {
    let least = min(choice.least, choice.options.count), most = min(choice.most, choice.options.count)
    var left = choice.options, chosen: [String] = []
    for _ in 0..<least + Int(chance() * Double(most - least + 1)) {
      var point = chance() * left.reduce(0) { $0 + $1.weight }
      let place = left.firstIndex { option in
        point -= option.weight
        return point < 0
      } ?? left.count - 1
      chosen.append(try one(left.remove(at: place).node, depth: depth))
    }
    return chosen.joined(separator: choice.separator)
  }

  /// Every prompt, in the order written.
  func all(_ node: WildcardNode, depth: Int = 0) throws -> [String] {
    switch node {
    case .text(let text): return [text]
    case .sequence(let nodes):
      return try nodes.reduce([""]) { made, node in try products(made, all(node, depth: depth), joined: "") }
    case .wildcard(let name):
      return try checked(lines(name).flatMap { try all(nested($0, depth), depth: depth + 1) })
    case .choice(let choice):
      let options = try choice.options.map { try all($0.node, depth: depth) }
      let sizes = min(choice.least, options.count)...min(choice.most, options.count)
      return try checked(sizes.flatMap { size in try picks(options, size, choice.separator) })
    }
  }

  /// Every way of taking `size` different options, in any order.
  private func picks(_ options: [[String]], _ size: Int, _ separator: String) throws -> [String] {
    if size == 0 { return [""] }
    return try checked(options.indices.flatMap { index in
      var rest = options
      let texts = rest.remove(at: index)
      return size == 1 ? texts : try products(texts, picks(rest, size - 1, separator), joined: separator)
    })
  }

  private func products(_ a: [String], _ b: [String], joined: String) throws -> [String] {
    guard a.count * b.count <= Self.most else { throw tooMany }
    return a.flatMap { first in b.map { first + joined + $0 } }
  }

  private func checked(_ prompts: [String]) throws -> [String] {
    guard prompts.count <= Self.most else { throw tooMany }
    return prompts
  }

  private var tooMany: LuaError { LuaError("there are more than \(Self.most) prompts; draw some of them with a seed instead of all = true") }

  private func nested(_ line: String, _ depth: Int) throws -> WildcardNode {
    guard depth < Self.deepest else { throw LuaError("wildcards name each other more than \(Self.deepest) deep; does one of them name itself?") }
    return try WildcardTemplate(line).root
  }
}
