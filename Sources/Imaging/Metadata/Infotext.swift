/// What made a picture, in the form that AUTOMATIC1111's web UI writes and most tools read.
///
///     var made = Infotext(prompt: "a red fox", negativePrompt: "snow")
///     made.fields["Steps"] = "8"
///     made.fields["Sampler"] = "Euler"
///     made.fields["Seed"] = "42"
///     image.text[Infotext.key] = made.description
///
/// It is the prompt, then `Negative prompt: …`, then one line of fields:
/// `Steps: 8, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, Seed: 42, Size: 1024x1024, …`.
public struct Infotext: Equatable, Sendable {
  /// The key of the PNG text entry.
  public static let key = "parameters"

  public var prompt: String
  public var negativePrompt: String
  /// Names and values in the order of the line. A name starts with a letter, digit or _ and may hold those, spaces, - and /.
  public var fields: [TextEntry]

  public init(prompt: String, negativePrompt: String = "", fields: [TextEntry] = []) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.fields = fields
  }
}

extension Infotext: CustomStringConvertible {
  public var description: String {
    let line = fields.map { "\($0.key): \(Infotext.quoted($0.value))" }.joined(separator: ", ")
    let negative = negativePrompt.isEmpty ? "" : "\(Infotext.negativeLabel) \(negativePrompt)"
    return [prompt, negative, line].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  static let negativeLabel = "Negative prompt:"

  /// A value with a comma, a colon or a line end would end the field too early: such a value is written as a JSON string.
  /// So is one that starts with a quotation mark, and would be taken for such a string, or with a space, which would be lost.
  private static func quoted(_ value: String) -> String {
    let special = value.contains { $0 == "," || $0 == ":" || $0.isNewline }
    return special || value.first == "\"" || value.first?.isWhitespace == true ? JSONString.quoted(value) : value
  }
}
