import CLineEdit
import Foundation
import Scripting

/// Lines that a person types at a terminal.
final class LineEditor: @unchecked Sendable {       // one thread reads; `abandon` is for any
  enum Input {
    case line(String), cleared, end
  }

  /// What may follow the text before the cursor.
  var complete: (String) -> Completions? = { _ in nil }
  private var editor: OpaquePointer?

  /// - Parameter most: lines of history
  init?(remembering most: Int) {
    editor = line_editor_open("fluxlua", Int32(most), Unmanaged.passUnretained(self).toOpaque())
    if editor == nil { return nil }
  }

  deinit { editor.map(line_editor_close) }

  func read(prompt: String) -> Input {
    guard let editor else { return .end }
    var line: UnsafePointer<CChar>?
    switch prompt.withCString({ line_editor_read(editor, $0, &line) }) {
    case LINE_READ: return .line(line.map { String(cString: $0) } ?? "")
    case LINE_CLEARED: return .cleared
    default: return .end
    }
  }

  func remember(_ line: String) { editor.map { line_editor_remember($0, line) } }

  /// Gives the terminal back, right before the program ends.
  func abandon() { editor.map(line_editor_abandon) }

  fileprivate func tab(after text: String) {
    guard let editor else { return }
    // Code that is pasted may be indented by tabs.
    if text.allSatisfy(\.isWhitespace) { return line_editor_insert(editor, "  ") }
    guard let completions = complete(text) else { return }
    let certain = completions.certain
    if !certain.isEmpty { line_editor_insert(editor, certain) } else if completions.words.count > 1 {
      line_editor_show(editor, Self.columns(completions.words, width: Terminal.columns))
    }
  }

  /// Words side by side, read downwards.
  static func columns(_ words: [String], width: Int, most: Int = 120) -> String {
    let shown = Array(words.prefix(most)), wide = (shown.map(\.count).max() ?? 0) + 2
    let across = max(1, width / wide), down = (shown.count + across - 1) / across
    let rows = (0..<down).map { row in
      stride(from: row, to: shown.count, by: down).map { shown[$0].padding(toLength: wide, withPad: " ", startingAt: 0) }.joined()
    }
    let rest = words.count > most ? ["… and \(words.count - most) more"] : []
    return (rows.map { String($0.reversed().drop { $0 == " " }.reversed()) } + rest).joined(separator: "\n")
  }
}

@c @implementation
public func line_editor_complete(_ context: UnsafeMutableRawPointer, _ editor: OpaquePointer, _ before: UnsafePointer<CChar>, _ count: Int) {
  let text = before.withMemoryRebound(to: UInt8.self, capacity: count) { String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self) }
  Unmanaged<LineEditor>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.tab(after: text) }
}
