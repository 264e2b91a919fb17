/// Byte-pair encoding of one word: neighbours are joined in the order in which the merges were learnt (Sennrich 2016).
struct BytePairMerges: Sendable {
  /// The order in which a pair is joined, and what it becomes.
  private struct Merge: Sendable {
    let rank: Int32
    let id: Int32
  }

  private var merges: [UInt64: Merge] = [:]
  /// The id of each byte inside a word, and as its last one.
  private let inside: [Int32?]
  private let last: [Int32?]

  private static let wordEnd = Array("</w>".utf8)

  /// - Parameters:
  ///   - bytes: merges.txt: a pair of pieces a line, the first to be joined on top.
  ///   - unknown: the id of a byte that the vocabulary lacks; nil drops it.
  init(_ bytes: [UInt8], vocabulary: Vocabulary, unknown: Int?, file: String) throws {
    let unknown = unknown.map(Int32.init)
    inside = ByteAlphabet.spellings.map { vocabulary[$0].map(Int32.init) ?? unknown }
    last = ByteAlphabet.spellings.map { vocabulary[$0 + Self.wordEnd].map(Int32.init) ?? unknown }

    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    merges.reserveCapacity(lines.count)
    for (index, var line) in lines.enumerated() {
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      if line.isEmpty || index == 0 && line.starts(with: "#version".utf8) { continue }
      let pair = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
      guard pair.count == 2 else {
        throw TokenizerError.unexpected(
          file: file, field: "line \(index + 1)", expected: "two pieces with a space between", found: quoted(Array(line)))
      }
      guard let left = vocabulary[pair[0]], let right = vocabulary[pair[1]], let joined = vocabulary[pair[0] + pair[1]] else {
        throw TokenizerError.unexpected(
          file: file, field: "line \(index + 1)", expected: "pieces that are in vocab.json, alone and joined",
          found: quoted(Array(line)))
      }
      merges[Self.key(Int32(left), Int32(right))] = Merge(rank: Int32(index), id: Int32(joined))
    }
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private struct Symbol {
    var id: Int32
    var previous: Int
    var next: Int
    var isJoined = false   // into the one before it
  }

  func ids(of word: some Collection<UInt8>) -> [Int] {
    let ids = word.enumerated().compactMap { index, byte in index == word.count - 1 ? last[Int(byte)] : inside[Int(byte)] }
    var symbols = ids.enumerated().map { Symbol(id: $1, previous: $0 - 1, next: $0 + 1) }
    var queue = MergeQueue()
    func offer(_ left: Int) {
      let right = symbols[left].next
      guard right < symbols.count, let merge = merges[Self.key(symbols[left].id, symbols[right].id)] else { return }
      queue.push(MergeQueue.Entry(rank: merge.rank, position: left, id: merge.id))
    }

    for left in symbols.indices { offer(left) }
    while let entry = queue.pop() {
      let left = entry.position
      let right = symbols[left].next
      // Either side may have been joined with another since.
      guard !symbols[left].isJoined, right < symbols.count,
        merges[Self.key(symbols[left].id, symbols[right].id)]?.id == entry.id
      else { continue }
      symbols[left].id = entry.id
      symbols[left].next = symbols[right].next
      symbols[right].isJoined = true
      if symbols[left].next < symbols.count { symbols[symbols[left].next].previous = left }
      if symbols[left].previous >= 0 { offer(symbols[left].previous) }
      offer(left)
    }
    return symbols.filter { !$0.isJoined }.map { Int($0.id) }
  }
}
