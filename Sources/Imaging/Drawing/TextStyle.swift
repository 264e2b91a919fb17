import CCodecs

/// How a text is set.
struct TextStyle {
  enum Alignment { case left, centre, right }

  /// The size of the letters, in pixels.
  var size: Double
  var colour = Colour.black
  var bold = false
  var alignment = Alignment.left
  /// Where lines are broken; 0 breaks nowhere.
  var width = 0.0
  /// What is beyond so many lines becomes an ellipsis; 0 is no limit.
  var lines = 0

  var inC: text_style {
    let alignments = [Alignment.left: TEXT_LEFT, .centre: TEXT_CENTRE, .right: TEXT_RIGHT]
    return text_style(size: size, width: width, lines: Int32(lines), bold: bold, alignment: alignments[alignment] ?? TEXT_LEFT)
  }

  /// Beyond so many characters nobody reads a label.
  private static let mostCharacters = 4000

  /// A text in UTF-8 with a space for each control character and for each run of line ends, which would each begin a
  /// paragraph with its own limit of lines.
  static func drawable(_ text: String) -> [CChar] {
    let cut = text.count > mostCharacters ? text.prefix(mostCharacters) + "…" : text[...]
    let letters = cut.unicodeScalars.map { $0.value < 32 || 0x7f...0x9f ~= $0.value || 0x2028...0x2029 ~= $0.value ? " " : $0 }
    return String(String.UnicodeScalarView(letters)).utf8.map { CChar(bitPattern: $0) }
  }
}
