/// The most probable way to write a text with the pieces of a vocabulary (Kudo 2018, by Viterbi's algorithm).
struct UnigramModel: Sendable {
  /// Which of the two implementations is followed where they round differently.
  enum Precision: Sendable {
    /// Hugging Face tokenizers: scores in Double.
    case double
    /// sentencepiece: scores in Float.
    case single
  }

  let unknown: Int
  private let pieces: ByteTrie
  private let scores: [Double]
  private let unknownScore: Double
  private let precision: Precision
  /// The 256 pieces `<0x00>`…`<0xFF>`, where unknown characters are written byte by byte.
  private let byteIDs: [Int]?

  /// An unknown character is this much worse than the worst piece (unigram_model.cc).
  private static let unknownPenalty = 10.0

  /// - Parameters:
  ///   - scores: one per id, for a piece of several bytes that holds as a whole.
  ///   - worst: the lowest score of a piece.
  init(pieces: ByteTrie, scores: [Double], worst: Double, unknown: Int, precision: Precision, byteIDs: [Int]?) {
    self.pieces = pieces
    self.scores = scores
    self.unknown = unknown
    self.precision = precision
    self.byteIDs = byteIDs
    unknownScore = precision == .single ? Double(Float(worst) - Float(Self.unknownPenalty)) : worst - Self.unknownPenalty
  }

  /// The best path to a byte offset of the text: its last piece, where that begins, and its score.
  private struct Node {
    var id = -1
    var start = 0
    var score = 0.0
  }

  func ids(of text: [UInt8]) -> [Int] {
    let nodes = bestPaths(through: text)
    var ids: [Int] = []
    var end = text.count
    while end > 0 {
      var start = nodes[end].start
      let id = nodes[end].id
      if id == unknown {
        // Neighbouring unknown characters are one unknown token.
        while start > 0, nodes[start].id == unknown { start = nodes[start].start }
        ids += unknownIDs(of: text[start..<end]).reversed()
      } else {
        ids.append(id)
      }
      end = start
    }
    return ids.reversed()
  }

  private func unknownIDs(of bytes: ArraySlice<UInt8>) -> [Int] {
    // Hugging Face looks the joined characters up once more: together they may be a piece.
    if precision == .double, let id = pieces[bytes] { return [id] }
    guard let byteIDs else { return [unknown] }
    return bytes.map { byteIDs[Int($0)] }
  }

  private func bestPaths(through text: [UInt8]) -> [Node] {
    var nodes = Array(repeating: Node(), count: text.count + 1)
    var start = 0
    while start < text.count {
      let here = nodes[start].score
      let characterEnd = min(text.count, start + Self.width(text[start]))
      var coversCharacter = false
      var trieNode = ByteTrie.root, end = start
      while end < text.count, let child = pieces.child(of: trieNode, text[end]) {
        trieNode = child
        end += 1
        guard let id = pieces.value(at: trieNode) else { continue }
        if end == characterEnd { coversCharacter = true }
        offer(Node(id: id, start: start, score: sum(scores[id], here)), to: &nodes[end])
      }
      if !coversCharacter {
        offer(Node(id: unknown, start: start, score: sum(unknownScore, here)), to: &nodes[characterEnd])
      }
      start = characterEnd
    }
    return nodes
  }

  private func sum(_ score: Double, _ other: Double) -> Double {
    precision == .single ? Double(Float(score) + Float(other)) : score + other
  }

  /// Of two paths that score the same the first stays.
  private func offer(_ candidate: Node, to node: inout Node) {
    if node.id < 0 || candidate.score > node.score { node = candidate }
  }

  private static func width(_ lead: UInt8) -> Int {
    switch lead {
    case 0xF0...: 4
    case 0xE0...: 3
    case 0xC0...: 2
    default: 1
    }
  }
}
