import Testing

/// What the error of `body` says to the person who must mend it.
public func message(sourceLocation: SourceLocation = #_sourceLocation, of body: () throws -> Void) -> String {
  do {
    try body()
    Issue.record("no error was thrown", sourceLocation: sourceLocation)
    return ""
  } catch {
    return "\(error)"
  }
}
