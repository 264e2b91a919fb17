/// A page of plain text, wrapped to a width.
struct Page {
  private(set) var lines: [String] = []
  let width: Int

  init(width: Int) { self.width = width }

  var text: String { lines.joined(separator: "\n") + "\n" }

  mutating func blank() { if lines.last.map({ !$0.isEmpty }) ?? false { lines.append("") } }

  /// Words that flow; further lines stand at `hanging`.
  mutating func flow(_ text: String, indent: Int = 0, hanging: Int? = nil) {
    lines += Self.wrapped(text, first: indent, rest: hanging ?? indent, width: width)
  }

  /// A line as it is.
  mutating func verbatim(_ text: String, indent: Int = 0) {
    lines.append(text.isEmpty ? "" : String(repeating: " ", count: indent) + text)
  }

  mutating func heading(_ text: String) {
    blank()
    lines.append(text)
  }

  /// A name, and beside it paragraphs that stand in a column.
  mutating func entry(_ name: String, _ paragraphs: [String], indent: Int = 2, column: Int) {
    let start = String(repeating: " ", count: indent) + name
    var made: [String] = []
    for paragraph in paragraphs where !paragraph.isEmpty { made += Self.wrapped(paragraph, first: column, rest: column, width: width) }
    if start.count + 2 <= column, let first = made.first {
      made[0] = start + String(repeating: " ", count: column - start.count) + first.drop { $0 == " " }
    } else {
      made.insert(start, at: 0)
    }
    lines += made
  }

  /// Paragraphs divided by empty lines; those that are indented stay as they are.
  mutating func prose(_ text: String, indent: Int = 2) {
    var paragraph: [Substring] = []
    func words() -> String { paragraph.joined(separator: " ") }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty || line.hasPrefix("  ") {
        if !paragraph.isEmpty { flow(words(), indent: indent) }
        paragraph = []
        if line.isEmpty { blank() } else { verbatim(String(line), indent: indent) }
      } else {
        paragraph.append(line)
      }
    }
    if !paragraph.isEmpty { flow(words(), indent: indent) }
  }

  private static func wrapped(_ text: String, first: Int, rest: Int, width: Int) -> [String] {
    var lines: [String] = [], line = "", indent = first
    for word in text.split(separator: " ") {
      if !line.isEmpty, indent + line.count + 1 + word.count > width {
        lines.append(String(repeating: " ", count: indent) + line)
        (line, indent) = ("", rest)
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    return line.isEmpty ? lines : lines + [String(repeating: " ", count: indent) + line]
  }
}

extension String {
  /// With a capital letter and a full stop, where it is in words.
  var sentence: String {
    guard let first else { return self }
    let word = prefix { $0 != " " }
    let isWord = first.isLowercase && word.allSatisfy { $0.isLetter || $0 == "'" || $0 == "," || $0 == ";" || $0 == ":" || $0 == "-" }
    let start = isWord ? first.uppercased() + dropFirst() : self
    return [".", "!", "?", ":", "…"].contains(last) ? start : start + "."
  }

  /// An annotation as the manual shows it.
  var shownType: String { replacing("flux.", with: "").replacing("|", with: " | ") }
}
