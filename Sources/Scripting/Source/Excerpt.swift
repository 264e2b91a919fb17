/// Lines of a recipe that an error speaks of, with marks under what is wrong.
///
/// ```
///   7 | model:generate("a fox", { stpes = 4 })
///     |                           ^^^^^
/// ```
package struct Excerpt: Sendable, Equatable {
  struct Line: Sendable, Equatable {
    /// From 1.
    let number: Int
    let text: String
    /// In UTF-8 bytes of the text.
    var marks: [Range<Int>]
  }

  let lines: [Line]

  /// - Parameter coloured: with the escape sequences of a terminal
  package func text(coloured: Bool = false) -> String {
    let gutter = max(3, lines.map { "\($0.number)".count }.max() ?? 0)
    func shown(_ margin: String, _ text: String) -> String {
      let bar = String(repeating: " ", count: gutter - margin.count) + margin + " |"
      return (coloured ? "\u{1B}[2m\(bar)\u{1B}[0m" : bar) + (text.isEmpty ? "" : " " + text)
    }
    return lines.flatMap { line in
      let (cells, marks) = Self.laidOut(line)
      let under = marks.isEmpty ? [] : [shown("", coloured ? "\u{1B}[1;31m\(marks)\u{1B}[0m" : marks)]
      return [shown("\(line.number)", cells)] + under
    }.joined(separator: "\n")
  }

  /// Longer lines are cut around their first mark.
  private static let width = 120, tab = 4

  /// The line as a terminal shows it, and the row of marks below it.
  private static func laidOut(_ line: Line) -> (text: String, marks: String) {
    var cells: [(text: String, width: Int, isMarked: Bool)] = [], offset = 0, column = 0
    for character in line.text {
      let isMarked = line.marks.contains { $0.contains(offset) }
      let cell = cell(for: character, at: column)
      cells.append((cell.text, cell.width, isMarked))
      offset += String(character).utf8.count
      column += cell.width
    }
    // An end of the line that something is missing at.
    if line.marks.contains(where: { $0.upperBound > offset }) { cells.append(("", 1, true)) }
    var head = "", tail = ""
    if column > width {
      let first = cells.firstIndex(where: \.isMarked) ?? 0
      var start = first, before = 0
      while start > 0, before + cells[start - 1].width <= width / 3 {
        start -= 1
        before += cells[start].width
      }
      var end = start, room = width - 2
      while end < cells.count, cells[end].width <= room {
        room -= cells[end].width
        end += 1
      }
      if start > 0 { head = "…" }
      if end < cells.count { tail = "…" }
      cells = Array(cells[start..<end])
    }
    var marks = head.isEmpty ? "" : " "
    for cell in cells { marks += String(repeating: cell.isMarked ? "^" : " ", count: cell.width) }
    let last = marks.lastIndex(of: "^")
    return (head + cells.map(\.text).joined() + tail, last.map { String(marks[...$0]) } ?? "")
  }

  private static func cell(for character: Character, at column: Int) -> (text: String, width: Int) {
    if character == "\t" {
      let width = tab - column % tab
      return (String(repeating: " ", count: width), width)
    }
    guard let scalar = character.unicodeScalars.first else { return ("", 0) }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return ("?", 1)
    case .nonspacingMark, .enclosingMark: return (String(character), 0)
    default: break
    }
    let isPicture = scalar.properties.isEmojiPresentation || character.unicodeScalars.contains { $0.value == 0xFE0F }
    return (String(character), isPicture || wide.contains { $0.contains(scalar.value) } ? 2 : 1)
  }

  /// Scripts whose characters take two columns of a terminal.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
    0x20000...0x3FFFD,
  ]
}

extension Excerpt {
  /// The line of an error with what its message blames marked, and where several things are wrong, the line of each; nil where there is
  /// no such line.
  package init?(blamedBy message: String, at line: Int, in source: String) {
    let texts = source.split(omittingEmptySubsequences: false) { $0.isNewline }.map(String.init)
    guard texts.indices.contains(line - 1) else { return nil }
    var starts = [0]
    for (offset, byte) in source.utf8.enumerated() where byte == 10 { starts.append(offset + 1) }
    guard starts.count == texts.count else { return nil }                 // other ends of lines than Lua's own

    var marks: [Int: [Range<Int>]] = [:]
    let blamed = Blame(source, line: line).ranges(in: message)
    for range in blamed {
      guard let index = starts.lastIndex(where: { $0 <= range.lowerBound }) else { continue }
      let from = range.lowerBound - starts[index]
      marks[index, default: []].append(from..<min(range.upperBound - starts[index], max(from + 1, texts[index].utf8.count)))
    }
    if blamed.isEmpty {
      guard !texts[line - 1].allSatisfy(\.isWhitespace) else { return nil }
      marks[line - 1] = []
    }
    lines = marks.keys.sorted().map { Line(number: $0 + 1, text: texts[$0], marks: marks[$0] ?? []) }
  }
}
