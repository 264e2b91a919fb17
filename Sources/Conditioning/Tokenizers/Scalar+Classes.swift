/// The classes of characters that the tokenizers of Hugging Face ask for.
extension Unicode.Scalar {
  /// `\s`
  var isSpace: Bool { properties.isWhitespace }

  /// The general category by the tables of Unicode 16, which the patterns of Hugging Face tokenizers use.
  private var category: Unicode.GeneralCategory {
    guard let age = properties.age, age.major <= 16 else { return .unassigned }
    return properties.generalCategory
  }

  /// `\p{L}`
  var isLetter: Bool {
    switch category {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  /// `\p{N}`
  var isNumber: Bool {
    switch category {
    case .decimalNumber, .letterNumber, .otherNumber: true
    default: false
    }
  }

  /// `\w`, as Unicode's UTS 18 defines it.
  var isWord: Bool {
    switch properties.generalCategory {
    case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: true
    default: properties.isAlphabetic || properties.isJoinControl
    }
  }
}
