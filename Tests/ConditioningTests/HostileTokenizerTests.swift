import Conditioning
import Foundation
import Testing

/// Files that are cut, damaged or forged: they must throw a TokenizerError or work, and never stop the program.
struct HostileTokenizerTests {
  private static let text = "A red fox, 3 cats <|endoftext|> </s> ﬁne é漢字👩‍🚀\r\n"

  /// Takes one of the files, as it is or damaged, and tokenizes with it.
  private enum Part: String, CaseIterable {
    case vocabulary = "tokenizer/vocab.json"
    case merges = "tokenizer/merges.txt"
    case clipConfiguration = "tokenizer/tokenizer_config.json"
    case description = "tokenizer_2/tokenizer.json"
    case sentencePiece = "tokenizer_2/spiece.model"

    func tokenize(with bytes: [UInt8], _ files: [Part: [UInt8]]) throws {
      let tokenizer: any Tokenizer
      switch self {
      case .description: tokenizer = try T5Tokenizer(tokenizerJSON: bytes, configuration: nil, name: "t5")
      case .sentencePiece: tokenizer = try T5Tokenizer(sentencePiece: bytes, configuration: nil, name: "t5")
      default:
        var files = files
        files[self] = bytes
        tokenizer = try CLIPTokenizer(
          vocabulary: files[.vocabulary] ?? [], merges: files[.merges] ?? [],
          configuration: files[.clipConfiguration], name: "clip")
      }
      _ = tokenizer.padded(HostileTokenizerTests.text, to: 16)
    }

    /// Any other kind of error than ours fails the test that calls.
    func survives(_ bytes: [UInt8], _ files: [Part: [UInt8]]) throws -> Bool {
      do { try tokenize(with: bytes, files) } catch is TokenizerError { return false }
      return true
    }
  }

  private let files: [Part: [UInt8]]

  init() throws {
    files = try Dictionary(uniqueKeysWithValues: Part.allCases.map { ($0, try TokenizerFiles.bytes($0.rawValue)) })
  }

  @Test(arguments: Part.allCases)
  private func aFileCutAnywhereThrowsOrWorks(_ part: Part) throws {
    let whole = try #require(files[part])
    #expect(try part.survives(whole, files))
    for cut in 0..<150 {
      let length = whole.count * cut / 150
      let survived = try part.survives(Array(whole.prefix(length)), files)
      // merges.txt may end after any line, and a protobuf after any field.
      if part != .merges, part != .sentencePiece { #expect(!survived, "cut to \(length) bytes") }
    }
    for length in 0..<min(64, whole.count) { _ = try part.survives(Array(whole.prefix(length)), files) }
  }

  @Test(arguments: Part.allCases)
  private func flippedBytesThrowOrWork(_ part: Part) throws {
    let whole = try #require(files[part])
    var random = SeededGenerator(state: 7)
    for round in 0..<300 {
      var bytes = whole
      for _ in 0...round % 3 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try part.survives(bytes, files)
    }
  }

  /// The double array is where a forged number would lead out of memory.
  @Test func aForgedCharsmapThrowsOrWorks() throws {
    let whole = try #require(files[.sentencePiece])
    let charsmap = try #require(whole.firstIndex(of: Array("nmt_nfkc".utf8)))
    var random = SeededGenerator(state: 11)
    for _ in 0..<300 {
      var bytes = whole
      let start = charsmap + Int.random(in: 8..<4096, using: &random)
      for index in start..<start + 4 { bytes[index] = UInt8.random(in: 0...255, using: &random) }
      _ = try Part.sentencePiece.survives(bytes, files)
    }
  }

  @Test(arguments: [
    #"{"a":0,"b":0}"#, #"{"a":-1}"#, #"{"a":1e300}"#, #"{"a":0.5}"#, #"{"a":7}"#, #"{"":0}"#, "[]", "null", "", "{", #"{"\ud800":0}"#,
    #"{"a":0}x"#, #"{"a":99999999999999999999}"#, String(repeating: "[", count: 100_000), #"{"a":"b"}"#, "{\"a\u{1}\":0}",
  ])
  func aForgedVocabularyIsAnErrorThatNamesTheFile(_ json: String) throws {
    let error = #expect(throws: TokenizerError.self) { try Part.vocabulary.tokenize(with: Array(json.utf8), files) }
    #expect(try #require(error).description.hasPrefix("clip/vocab.json: "))
  }

  @Test func bytesThatAreNoTextAreAnError() throws {
    #expect(throws: TokenizerError.self) { try Part.description.tokenize(with: [0xFF, 0xFE, 0x7B], files) }
  }

  @Test func aMergeOfUnknownPiecesNamesItsLine() throws {
    let merges = Array("#version: 0.2\ni n\nqq zz\n".utf8)
    let error = #expect(throws: TokenizerError.self) { try Part.merges.tokenize(with: merges, files) }
    #expect(try #require(error).description.contains("clip/merges.txt: line 3: "))
  }

  @Test(arguments: [(#"{"model_max_length": 1e30}"#, 77), (#"{"model_max_length": 24}"#, 24), ("{}", 77)])
  func theLengthOfTheConfigurationHolds(_ json: String, _ length: Int) throws {
    let clip = try CLIPTokenizer(
      vocabulary: files[.vocabulary] ?? [], merges: files[.merges] ?? [], configuration: Array(json.utf8), name: "clip")
    #expect(clip.maximumLength == length)
    #expect(clip.padded(Self.text).ids.count == length)
  }

  @Test func withoutALengthATextIsNeitherCutNorPadded() throws {
    let t5 = try T5Tokenizer(sentencePiece: files[.sentencePiece] ?? [], configuration: nil, name: "t5")
    #expect(t5.maximumLength == nil)
    #expect(t5.padded(Self.text) == t5.tokens(Self.text))
  }

  @Test func aTextLongerThanItsRoomKeepsTheEndTokenLast() throws {
    let clip = try CLIPTokenizer.tiny()
    let all = clip.tokens(Self.text)
    for length in 0...all.ids.count + 2 {
      let list = clip.padded(Self.text, to: length)
      #expect(list.ids.count == length)
      #expect(list.padding == max(0, length - all.ids.count))
      if length > 0, length <= all.ids.count { #expect(list.ids.last == all.ids.last) }
      if length > 1 { #expect(list.used + list.cut == all.ids.count) }
    }
  }

  @Test func aVeryLongWordIsTokenizedInTime() throws {
    let word = String(repeating: "abcdefghij", count: 20_000)
    let time = try ContinuousClock().measure {
      _ = try CLIPTokenizer.tiny().tokens(word)
      _ = try T5Tokenizer.tiny().tokens(word)
    }
    #expect(time < .seconds(10))
  }
}

/// A generator whose damage can be made again.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}


extension [UInt8] {
  fileprivate func firstIndex(of part: [UInt8]) -> Int? {
    indices.first { self[$0...].starts(with: part) }
  }
}
