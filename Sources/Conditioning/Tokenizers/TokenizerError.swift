/// What can be wrong with the files of a tokenizer, told in one sentence with the way out.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
  /// The file is cut or damaged: at this byte something else had to come.
  case malformed(file: String, offset: Int, expected: String)
  /// The file can be read, but a field holds what it cannot hold.
  case unexpected(file: String, field: String, expected: String, found: String)
  /// The file asks for something that this tokenizer does not do.
  case unsupported(file: String, field: String, found: String, supported: String)

  public var description: String {
    switch self {
    case .malformed(let file, let offset, let expected):
      "\(file): expected \(expected) at byte \(offset); the file is cut or damaged, so copy it again."
    case .unexpected(let file, let field, let expected, let found):
      "\(file): \(field): expected \(expected), found \(found); use the file that was published with this model."
    case .unsupported(let file, let field, let found, let supported):
      "\(file): \(field): \(found) is not supported (supported: \(supported)); use a tokenizer file of a FLUX.1 model."
    }
  }
}
