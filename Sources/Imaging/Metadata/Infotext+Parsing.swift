extension Infotext {
  /// Fewer fields than this on the last line, and the line belongs to the prompt.
  private static let fewestFields = 3

  /// Reads an infotext. Every text is one: what is not recognised is the prompt.
  public init(parsing text: String) {
    var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { $0.trimmed }
    while lines.last?.isEmpty == true { lines.removeLast() }
    let found = Infotext.parsedFields(lines.last ?? "")
    if found.count >= Infotext.fewestFields { lines.removeLast() }

    let mark = lines.firstIndex { $0.hasPrefix(Infotext.negativeLabel) } ?? lines.endIndex
    var negative = Array(lines[mark...])
    if let first = negative.first { negative[0] = first.dropFirst(Infotext.negativeLabel.count).trimmed }
    self.init(
      prompt: lines[..<mark].joined(separator: "\n").trimmed,
      negativePrompt: negative.joined(separator: "\n").trimmed,
      fields: found.count >= Infotext.fewestFields ? found : [])
  }

  /// The matches of `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`, in one pass over the line.
  static func parsedFields(_ line: String) -> [TextEntry] {
    let line = Array(line.unicodeScalars)
    var fields: [TextEntry] = []
    var place = 0
    while place < line.count {
      guard line[place].isWord else { place += 1; continue }
      let end = line[place...].firstIndex { !$0.isWord && $0 != " " && $0 != "-" && $0 != "/" } ?? line.count
      // A name is at least two characters; no shorter start of this run can be followed by the colon either.
      guard end < line.count, line[end] == ":", end - place >= 2 else { place = end + 1; continue }
      let name = String(line[place..<end])
      let start = line[(end + 1)...].firstIndex { !$0.properties.isWhitespace } ?? line.count
      let comma: Int
      let value: String
      if let close = closingQuote(line, from: start), close + 1 == line.count || line[close + 1] == "," {
        comma = close + 1
        value = JSONString.unquoted(String(line[start...close]))
      } else {
        comma = line[start...].firstIndex(of: ",") ?? line.count
        value = String(line[start..<comma])
      }
      fields.append(TextEntry(name, value))
      place = comma + 1
    }
    return fields
  }

  /// The place of the quotation mark that ends the string that starts here, if one starts and ends.
  private static func closingQuote(_ line: [Unicode.Scalar], from start: Int) -> Int? {
    guard start < line.count, line[start] == "\"" else { return nil }
    var place = start + 1
    while place < line.count {
      if line[place] == "\"" { return place > start + 1 ? place : nil }
      place += line[place] == "\\" ? 2 : 1
    }
    return nil
  }
}

extension Unicode.Scalar {
  fileprivate var isWord: Bool { properties.isAlphabetic || properties.numericType != nil || self == "_" }
}

extension String {
  fileprivate init(_ scalars: ArraySlice<Unicode.Scalar>) {
    self.init(String.UnicodeScalarView(scalars))
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    let start = unicodeScalars.drop { $0.properties.isWhitespace }
    let end = start.lastIndex { !$0.properties.isWhitespace }
    return end.map { String(String.UnicodeScalarView(start[...$0])) } ?? ""
  }
}
