import Imaging

/// Where a recipe's words and pictures go. Nothing is buffered: a line is written when the recipe writes it.
package struct Output: Sendable {
  package enum Stream: Sendable {
    /// `print`
    case print
    /// `warn`, and notices of the host
    case warning
    /// `flux.log`
    case log
    /// `flux.progress`: what goes on, in place of what was said of it before
    case progress
  }

  /// Takes one message, which may span lines, without the newline at its end.
  package let write: @Sendable (_ text: String, _ stream: Stream) -> Void

  /// Draws a picture for the person to see; says why where it cannot.
  package let show: @Sendable (_ image: Image) -> String?

  package init(_ write: @escaping @Sendable (_ text: String, _ stream: Stream) -> Void = { _, _ in },
               show: @escaping @Sendable (_ image: Image) -> String? = { _ in "there is no terminal here to draw a picture on; save it instead" }) {
    (self.write, self.show) = (write, show)
  }
}
