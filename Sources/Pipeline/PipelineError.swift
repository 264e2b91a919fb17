/// What cannot be asked of a pipeline. Each description is a sentence that says what to do instead.
public enum PipelineError: Error, CustomStringConvertible {
  case option(String, String)                    // option, what is wrong with it
  case unusable(model: String, String)
  case conditioning(expected: String, got: String)

  public var description: String {
    switch self {
    case .option(let name, let what): "'\(name)' \(what)"
    case .unusable(let model, let what): "\(model): \(what)"
    case .conditioning(let expected, let got): "this model takes a conditioning of \(expected), got \(got)"
    }
  }
}
