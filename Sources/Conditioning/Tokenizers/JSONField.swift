/// A value of a JSON file that knows where it stands, so that an error can name its field.
struct JSONField: Sendable {
  let value: JSONValue
  let path: String
  let file: String

  private var name: String { path.isEmpty ? "the file" : path }

  func unexpected(_ expected: String) -> TokenizerError {
    .unexpected(file: file, field: name, expected: expected, found: value.summary)
  }

  func unsupported(_ supported: String) -> TokenizerError {
    .unsupported(file: file, field: name, found: value.summary, supported: supported)
  }

  /// The member of that name; nil where it is absent or null.
  func optional(_ key: String) throws -> JSONField? {
    guard case .object(let members) = value else { throw unexpected("an object") }
    let wanted = Array(key.utf8)
    guard let member = members.last(where: { $0.key == wanted }) else { return nil }
    if case .null = member.value { return nil }
    return JSONField(value: member.value, path: path.isEmpty ? key : "\(path).\(key)", file: file)
  }

  func required(_ key: String) throws -> JSONField {
    guard let field = try optional(key) else {
      throw TokenizerError.unexpected(
        file: file, field: path.isEmpty ? key : "\(path).\(key)", expected: "a value", found: "none")
    }
    return field
  }

  func elements() throws -> [JSONField] {
    guard case .array(let values) = value else { throw unexpected("a list") }
    return values.enumerated().map { JSONField(value: $1, path: "\(path)[\($0)]", file: file) }
  }

  func members() throws -> [JSONMember] {
    guard case .object(let members) = value else { throw unexpected("an object") }
    return members
  }

  func bytes() throws -> [UInt8] {
    guard case .string(let bytes) = value else { throw unexpected("a string") }
    return bytes
  }

  func string() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

  func scalar() throws -> Unicode.Scalar {
    let scalars = try string().unicodeScalars
    guard let first = scalars.first, scalars.count == 1 else { throw unexpected("a single character") }
    return first
  }

  func bool() throws -> Bool {
    guard case .bool(let value) = value else { throw unexpected("true or false") }
    return value
  }

  /// A whole number that can be an id.
  func id() throws -> Int {
    guard case .number(let number) = value, let id = Int(exactly: number), (0...Vocabulary.largestID).contains(id) else {
      throw unexpected("an id from 0 to \(Vocabulary.largestID)")
    }
    return id
  }
}
