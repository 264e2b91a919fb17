/// Where a recipe's words go. Nothing is buffered: a line is written when the recipe writes it.
package struct Output: Sendable {
  package enum Stream: Sendable {
    /// `print`
    case print
    /// `warn`, and notices of the host
    case warning
    /// `flux.log`
    case log
  }

  /// Takes one message, which may span lines, without the newline at its end.
  package let write: @Sendable (_ text: String, _ stream: Stream) -> Void

  package init(_ write: @escaping @Sendable (_ text: String, _ stream: Stream) -> Void = { _, _ in }) { self.write = write }
}
