import Foundation

extension TextNormalizer {
  /// The normaliser that this object describes; a kind that is not known is an error that names it.
  init(_ field: JSONField) throws {
    let type = try field.required("type")
    switch try type.string() {
    case "Sequence":
      self = .sequence(try field.required("normalizers").elements().map(TextNormalizer.init))
    case "Precompiled":
      let charsmap = try field.required("precompiled_charsmap")
      guard let bytes = Data(base64Encoded: Data(try charsmap.bytes())) else { throw charsmap.unexpected("base64") }
      // An empty charsmap is how a file says that there are no rules.
      self = bytes.isEmpty
        ? .sequence([]) : .precompiled(try Charsmap(Array(bytes), file: charsmap.file, field: charsmap.path))
    case "Strip":
      self = .strip(left: try field.required("strip_left").bool(), right: try field.required("strip_right").bool())
    case "Replace":
      self = .replace(try RepetitionPattern(field.required("pattern")), with: try field.required("content").string())
    case "Lowercase": self = .lowercase
    case "Nmt": self = .nmt
    case "Prepend": self = .prepend(try field.required("prepend").string())
    case let name:
      guard let form = UnicodeForm(rawValue: name) else {
        throw type.unsupported("Sequence, Precompiled, Strip, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Nmt, Prepend")
      }
      self = .form(form)
    }
  }
}
