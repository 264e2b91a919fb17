/// A `spiece.model` as it stands in the file (sentencepiece_model.proto): pieces, and the settings that T5 depends on.
struct SentencePieceFile {
  struct Piece {
    var text: [UInt8] = []
    var score: Float = 0
    var kind = Kind.normal
  }

  enum Kind: UInt64 { case normal = 1, unknown, control, userDefined, unused, byte }

  private(set) var pieces: [Piece] = []
  private(set) var charsmap: [UInt8] = []
  private(set) var addsDummyPrefix = true
  private(set) var removesExtraSpaces = true
  private(set) var escapesSpaces = true
  private(set) var fallsBackToBytes = false
  let file: String

  init(_ bytes: [UInt8], file: String) throws {
    self.file = file
    var reader = ProtobufReader(bytes[...], file: file)
    while let (number, value) = try reader.next() {
      switch (number, value) {
      case (1, .bytes(let message)): pieces.append(try Self.piece(message, index: pieces.count, file: file))
      case (2, .bytes(let message)): try readTrainer(message)
      case (3, .bytes(let message)): try readNormalizer(message)
      default: break   // self tests, the way back to text
      }
    }
    guard !pieces.isEmpty else {
      throw TokenizerError.unexpected(file: file, field: "pieces", expected: "a vocabulary", found: "none")
    }
  }

  private static func piece(_ message: ArraySlice<UInt8>, index: Int, file: String) throws -> Piece {
    func unexpected(_ expected: String, _ found: String) -> TokenizerError {
      .unexpected(file: file, field: "pieces[\(index)]", expected: expected, found: found)
    }
    var piece = Piece()
    var reader = ProtobufReader(message, file: file)
    while let (number, value) = try reader.next() {
      switch (number, value) {
      case (1, .bytes(let text)): piece.text = Array(text)
      case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .varint(let raw)):
        guard let kind = Kind(rawValue: raw) else { throw unexpected("a type from 1 to 6", "\(raw)") }
        piece.kind = kind
      default: break
      }
    }
    guard String(validating: piece.text, as: UTF8.self) != nil else { throw unexpected("UTF-8 text", "other bytes") }
    guard piece.score.isFinite else { throw unexpected("a finite score", "\(piece.score)") }
    return piece
  }

  private mutating func readTrainer(_ message: ArraySlice<UInt8>) throws {
    var reader = ProtobufReader(message, file: file)
    while let (number, value) = try reader.next() {
      switch (number, value) {
      case (3, .varint(let type)) where type != 1:
        let names: [UInt64: String] = [2: "BPE", 3: "WORD", 4: "CHAR"]
        throw TokenizerError.unsupported(
          file: file, field: "trainer_spec.model_type", found: names[type] ?? "\(type)", supported: "UNIGRAM")
      case (24, .varint(let asSuffix)) where asSuffix != 0:
        throw TokenizerError.unsupported(
          file: file, field: "trainer_spec.treat_whitespace_as_suffix", found: "true", supported: "false")
      case (35, .varint(let fallback)): fallsBackToBytes = fallback != 0
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ message: ArraySlice<UInt8>) throws {
    var reader = ProtobufReader(message, file: file)
    while let (number, value) = try reader.next() {
      switch (number, value) {
      case (2, .bytes(let bytes)): charsmap = Array(bytes)
      case (3, .varint(let flag)): addsDummyPrefix = flag != 0
      case (4, .varint(let flag)): removesExtraSpaces = flag != 0
      case (5, .varint(let flag)): escapesSpaces = flag != 0
      default: break
      }
    }
  }
}
