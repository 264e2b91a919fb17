/// A prompt whose words weigh more or less: `(red:1.3)` weighs 1.3, `(red)` 1.1 times what stands around it, parentheses may
/// be nested, and `\(` is just a parenthesis. What is not closed is text.
///
/// ```swift
/// WeightedPrompt("a (red:1.3) fox").parts     // a ×1, red ×1.3, fox ×1
/// ```
/// Reference: ComfyUI `token_weights`, whose users write prompts so.
public struct WeightedPrompt: Sendable, Equatable {
  public struct Part: Sendable, Equatable {
    public var text: String
    public var weight: Double

    public init(_ text: String, _ weight: Double = 1) { (self.text, self.weight) = (text, weight) }
  }

  public let parts: [Part]

  /// - Parameter text: with the marks
  public init(_ text: String) {
    var parts: [Part] = []
    Self.read(Self.symbols(of: text)[...], weight: 1, into: &parts)
    self.parts = parts
  }

  /// The text without the marks.
  public var text: String { parts.map(\.text).joined() }

  /// Whether any word weighs other than 1.
  public var isWeighted: Bool { parts.contains { $0.weight != 1 } }

  private enum Symbol: Equatable { case open, close, character(Character) }

  /// What a pair of parentheses without a number multiplies by.
  private static let emphasis = 1.1

  private static func symbols(of text: String) -> [Symbol] {
    var symbols: [Symbol] = [], rest = Substring(text)
    while let first = rest.popFirst() {
      switch first {
      case "\\" where rest.first == "(" || rest.first == ")": symbols.append(.character(rest.removeFirst()))
      case "(": symbols.append(.open)
      case ")": symbols.append(.close)
      default: symbols.append(.character(first))
      }
    }
    return symbols
  }

  private static func read(_ symbols: ArraySlice<Symbol>, weight: Double, into parts: inout [Part]) {
    var at = symbols.startIndex
    while at < symbols.endIndex {
      guard symbols[at] == .open, let close = partner(of: at, in: symbols) else {
        add(spelling(symbols[at...at]), weight, to: &parts)
        at += 1
        continue
      }
      let inside = symbols[(at + 1)..<close]
      if let (number, colon) = number(endingIn: inside) {
        read(inside[..<colon], weight: number, into: &parts)
      } else {
        read(inside, weight: weight * emphasis, into: &parts)
      }
      at = close + 1
    }
  }

  private static func partner(of open: Int, in symbols: ArraySlice<Symbol>) -> Int? {
    var depth = 0
    for at in open..<symbols.endIndex {
      if symbols[at] == .open { depth += 1 }
      if symbols[at] == .close { depth -= 1 }
      if depth == 0 { return at }
    }
    return nil
  }

  /// The number after the last colon, and where that is.
  private static func number(endingIn symbols: ArraySlice<Symbol>) -> (Double, colon: Int)? {
    guard let colon = symbols.lastIndex(of: .character(":")), colon > symbols.startIndex else { return nil }
    let digits = spelling(symbols[(colon + 1)...]).drop { $0 == " " }
    guard let number = Double(digits), number.isFinite else { return nil }
    return (number, colon)
  }

  private static func spelling(_ symbols: ArraySlice<Symbol>) -> String {
    String(symbols.map { switch $0 { case .open: "("; case .close: ")"; case .character(let character): character } })
  }

  private static func add(_ text: String, _ weight: Double, to parts: inout [Part]) {
    if parts.last?.weight == weight { parts[parts.count - 1].text += text } else { parts.append(Part(text, weight)) }
  }
}

extension T5Tokenizer {
  /// The ids of a weighted prompt, cut or padded to `length`, and what each of them weighs. Every part is cut into tokens by
  /// itself, as ComfyUI does.
  public func padded(_ prompt: WeightedPrompt, to length: Int) -> (tokens: TokenList, weights: [Float]) {
    guard prompt.isWeighted else { return (padded(prompt.text, to: length), [Float](repeating: 1, count: length)) }
    let parts = prompt.parts.map { (ids: textIDs($0.text), weight: Float($0.weight)) }
    let tokens = padded(ids: parts.flatMap(\.ids), to: length)
    var weights = parts.flatMap { part in part.ids.map { _ in part.weight } }.prefix(tokens.used - 1)
    weights += [Float](repeating: 1, count: length - weights.count)
    return (tokens, Array(weights))
  }
}
