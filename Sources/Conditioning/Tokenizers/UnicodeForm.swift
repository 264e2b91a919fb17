import Foundation

/// A Unicode normalisation form as Hugging Face tokenizers apply it: with the tables of Unicode 9.0.
///
/// Foundation's own functions know later characters and leave some sequences of marks unordered (U+0F73 twice), so only
/// its mappings of single characters and of pairs are taken; UAX #15 is followed here.
enum UnicodeForm: String, Sendable {
  case nfc = "NFC", nfd = "NFD", nfkc = "NFKC", nfkd = "NFKD"

  private static let version = (major: 9, minor: 0)
  /// Below it nothing composes and nothing reorders.
  private static let firstMark: UInt32 = 0x300

  private var isCompatible: Bool { self == .nfkc || self == .nfkd }
  private var composes: Bool { self == .nfc || self == .nfkc }

  func applied(to text: String) -> String {
    let unchanged: UInt32 = self == .nfc ? Self.firstMark : 0x80
    if text.unicodeScalars.allSatisfy({ $0.value < unchanged }) { return text }
    var scalars: [Mark] = []
    for scalar in text.unicodeScalars { decompose(scalar, into: &scalars) }
    Self.reorder(&scalars)
    let result = composes ? Self.composed(scalars) : scalars.map(\.scalar)
    return String(String.UnicodeScalarView(result))
  }

  /// A scalar with its combining class; 0 is a starter.
  private struct Mark {
    let scalar: Unicode.Scalar
    let order: UInt8
  }

  private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
    guard let age = scalar.properties.age else { return false }
    return (age.major, age.minor) <= version
  }

  private func decompose(_ scalar: Unicode.Scalar, into scalars: inout [Mark]) {
    guard scalar.value >= 0x80, Self.isKnown(scalar) else {
      scalars.append(Mark(scalar: scalar, order: 0))
      return
    }
    let text = String(Character(scalar))
    let decomposed = isCompatible ? text.decomposedStringWithCompatibilityMapping : text.decomposedStringWithCanonicalMapping
    for part in decomposed.unicodeScalars {
      scalars.append(Mark(scalar: part, order: part.properties.canonicalCombiningClass.rawValue))
    }
  }

  /// Each run of marks in the order of their classes, equal ones as they came.
  private static func reorder(_ scalars: inout [Mark]) {
    var start = 0
    while start < scalars.count {
      var end = start
      while end < scalars.count, scalars[end].order != 0 { end += 1 }
      if end - start > 1 {
        let marks = scalars[start..<end].enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
        scalars.replaceSubrange(start..<end, with: marks.map(\.element))
      }
      start = end + 1
    }
  }

  private static func composed(_ scalars: [Mark]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var starter: Int?        // its place in the result
    var lastOrder: UInt8?    // of what stands between the starter and here; nil if nothing does
    for mark in scalars {
      // Blocked where a mark of the same or a higher class, or another starter, lies between.
      if let place = starter, lastOrder.map({ $0 < mark.order }) ?? true, let composite = composite(result[place], mark.scalar) {
        result[place] = composite
        continue
      }
      if mark.order == 0 { starter = result.count }
      lastOrder = mark.order == 0 ? nil : mark.order
      result.append(mark.scalar)
    }
    return result
  }

  private static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
    guard second.value >= firstMark, isKnown(first), isKnown(second) else { return nil }
    if let syllable = hangulSyllable(first.value, second.value) { return syllable }
    if (first, second) == ("\u{0CCA}", "\u{0CD5}") { return "\u{0CCB}" }   // Kannada: the one pair that Foundation misses
    var pair = String(Character(first))
    pair.unicodeScalars.append(second)
    let scalars = pair.precomposedStringWithCanonicalMapping.unicodeScalars
    guard let composite = scalars.first, scalars.count == 1, isKnown(composite) else { return nil }
    // Foundation takes some pairs beyond U+FFFF for others: U+1004B with an acute accent gives Ḱ.
    let parts = [first, second].flatMap { String(Character($0)).decomposedStringWithCanonicalMapping.unicodeScalars }
    let whole = String(Character(composite)).decomposedStringWithCanonicalMapping.unicodeScalars
    return whole.elementsEqual(parts) ? composite : nil
  }

  /// A syllable with a final consonant, which Foundation does not compose (Unicode 3.12).
  private static func hangulSyllable(_ syllable: UInt32, _ final: UInt32) -> Unicode.Scalar? {
    let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3
    let finals: ClosedRange<UInt32> = 0x11A8...0x11C2
    let noFinal = finals.lowerBound - 1
    let perVowel = UInt32(finals.count) + 1
    guard syllables.contains(syllable), finals.contains(final), (syllable - syllables.lowerBound) % perVowel == 0 else {
      return nil
    }
    return Unicode.Scalar(syllable + final - noFinal)
  }
}
