/// The pieces of a model in the order of their ids, and the way back from a piece to its id.
struct Vocabulary: Sendable {
  static let largestID = Int(Int32.max) - 1

  private let pieces: [String]
  private var addedPieces: [Int: String] = [:]
  private var addedIDs: [[UInt8]: Int] = [:]
  private let ids: ByteTrie

  var count: Int { pieces.count }

  /// - Parameter field: names the list in an error.
  init(_ spellings: [[UInt8]], file: String, field: String) throws {
    var ids = ByteTrie(totalBytes: spellings.reduce(0) { $0 + $1.count })
    for (id, spelling) in spellings.enumerated() {
      guard !spelling.isEmpty else {
        throw TokenizerError.unexpected(file: file, field: "\(field)[\(id)]", expected: "a piece", found: "an empty string")
      }
      if let first = ids.insert(spelling, value: id) {
        throw TokenizerError.unexpected(
          file: file, field: "\(field)[\(id)]", expected: "each piece once",
          found: "\(quoted(spelling)), which has id \(first) already")
      }
    }
    self.ids = ids
    pieces = spellings.map { String(decoding: $0, as: UTF8.self) }
  }

  subscript(spelling: [UInt8]) -> Int? { addedIDs[spelling] ?? ids[spelling] }
  subscript(spelling: String) -> Int? { self[Array(spelling.utf8)] }

  /// The spelling of an id that this vocabulary has given out.
  func piece(_ id: Int) -> String { pieces.indices.contains(id) ? pieces[id] : addedPieces[id] ?? "" }

  func contains(_ id: Int) -> Bool { pieces.indices.contains(id) || addedPieces[id] != nil }

  /// Takes added tokens in: each is a piece under the id that it already has, or a new one behind the pieces.
  mutating func add(_ tokens: [AddedToken], file: String, field: String) throws {
    for token in tokens {
      let known = self[token.content]
      guard known == token.id || known == nil && !contains(token.id) else {
        let found = known.map { "\(token.id), but the vocabulary has it at \($0)" } ?? "\(token.id), which is another token's"
        throw TokenizerError.unexpected(
          file: file, field: field, expected: "an id of its own for \(quoted(token.content))", found: found)
      }
      if known == nil {
        addedPieces[token.id] = String(decoding: token.content, as: UTF8.self)
        addedIDs[token.content] = token.id
      }
    }
  }
}
