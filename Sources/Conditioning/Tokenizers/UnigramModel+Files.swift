extension UnigramModel {
  /// The `model` of a tokenizer.json, with its vocabulary.
  static func described(by field: JSONField) throws -> (UnigramModel, Vocabulary) {
    let type = try field.optional("type")
    if let type, try type.string() != "Unigram" { throw type.unsupported("Unigram") }
    let list = try field.required("vocab")
    guard case .array(let entries) = list.value else { throw list.unexpected("a list of pieces with their scores") }

    var spellings: [[UInt8]] = []
    var scores: [Double] = []
    spellings.reserveCapacity(entries.count)
    scores.reserveCapacity(entries.count)
    for (id, entry) in entries.enumerated() {
      guard case .array(let pair) = entry, pair.count == 2, case .string(let piece) = pair[0],
        case .number(let score) = pair[1]
      else {
        throw JSONField(value: entry, path: "\(list.path)[\(id)]", file: list.file).unexpected("a piece and its score")
      }
      spellings.append(piece)
      scores.append(score)
    }
    let vocabulary = try Vocabulary(spellings, file: list.file, field: list.path)
    let unknown = try field.required("unk_id")
    guard try unknown.id() < scores.count else { throw unknown.unexpected("an id below \(scores.count)") }

    let fallsBack = try field.optional("byte_fallback")?.bool() ?? false
    let bytes = (UInt8.min...UInt8.max).compactMap { vocabulary[Self.spelling(ofByte: $0)] }
    let model = UnigramModel(
      pieces: ByteTrie(spellings.enumerated().map { (key: $1, value: $0) }), scores: scores, worst: scores.min() ?? 0,
      unknown: try unknown.id(), precision: .double, byteIDs: fallsBack && bytes.count == 256 ? bytes : nil)
    return (model, vocabulary)
  }

  /// The pieces of a spiece.model.
  init(_ file: SentencePieceFile, _ vocabulary: Vocabulary) throws {
    let unknown = file.pieces.indices.filter { file.pieces[$0].kind == .unknown }
    guard unknown.count == 1 else {
      throw TokenizerError.unexpected(
        file: file.file, field: "pieces", expected: "one piece of type UNKNOWN", found: "\(unknown.count)")
    }
    let normal = file.pieces.filter { $0.kind == .normal }.map(\.score)
    let best = normal.max() ?? 0
    var scores = file.pieces.map { Double($0.score) }
    for (id, piece) in file.pieces.enumerated() where piece.kind == .userDefined {
      // Better than any pieces of the same length together (unigram_model.cc).
      scores[id] = Double(Float(Double(Float(piece.text.count) * best) - 0.1))
    }
    let inText = file.pieces.indices.filter { file.pieces[$0].kind == .normal || file.pieces[$0].kind == .userDefined }
    var bytes: [Int]?
    if file.fallsBackToBytes {
      bytes = try (UInt8.min...UInt8.max).map { byte in
        let spelling = Self.spelling(ofByte: byte)
        guard let id = vocabulary[spelling], file.pieces[id].kind == .byte else {
          throw TokenizerError.unexpected(
            file: file.file, field: "pieces", expected: "a piece \(spelling) of type BYTE", found: "none")
        }
        return id
      }
    }
    self.init(
      pieces: ByteTrie(inText.map { (key: file.pieces[$0].text, value: $0) }), scores: scores,
      worst: Double(normal.min() ?? 0), unknown: unknown[0], precision: .single, byteIDs: bytes)
  }

  private static func spelling(ofByte byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x\(digits.count < 2 ? "0" : "")\(digits)>"
  }
}
