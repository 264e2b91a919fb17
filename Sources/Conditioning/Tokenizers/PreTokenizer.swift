/// The `pre_tokenizer` of a tokenizer.json: cuts a normalised text into stretches that no piece reaches across.
indirect enum PreTokenizer: Sendable {
  case sequence([PreTokenizer])
  case whitespaceSplit
  case metaspace(replacement: Unicode.Scalar, prepend: Prepend, splits: Bool)

  /// Which stretches get the replacement character in front.
  enum Prepend: String, Sendable { case always, first, never }

  /// Part of the text; `isFirst` where it begins at offset 0 of the text as it was written.
  struct Stretch {
    var scalars: ArraySlice<Unicode.Scalar>
    var isFirst: Bool
  }

  func stretches(of text: Stretch) -> [Stretch] {
    switch self {
    case .sequence(let steps):
      return steps.reduce([text]) { stretches, step in stretches.flatMap(step.stretches) }
    case .whitespaceSplit:
      return text.scalars.split(whereSeparator: \.isSpace).map { word in
        Stretch(scalars: word, isFirst: text.isFirst && word.startIndex == text.scalars.startIndex)
      }
    case .metaspace(let replacement, let prepend, let splits):
      return metaspaced(text, replacement, prepend, splits: splits)
    }
  }

  private func metaspaced(_ text: Stretch, _ replacement: Unicode.Scalar, _ prepend: Prepend, splits: Bool) -> [Stretch] {
    guard !text.scalars.isEmpty else { return [] }
    var scalars = text.scalars.map { $0 == " " ? replacement : $0 }
    if scalars.first != replacement, prepend == .always || prepend == .first && text.isFirst {
      scalars.insert(replacement, at: 0)
    }
    guard splits else { return [Stretch(scalars: scalars[...], isFirst: text.isFirst)] }

    var stretches: [Stretch] = []
    var start = 0
    for end in 1...scalars.count where end == scalars.count || scalars[end] == replacement {
      stretches.append(Stretch(scalars: scalars[start..<end], isFirst: text.isFirst && start == 0))
      start = end
    }
    return stretches
  }
}

extension PreTokenizer {
  /// The pre-tokeniser that this object describes; a kind that is not known is an error that names it.
  init(_ field: JSONField) throws {
    let type = try field.required("type")
    switch try type.string() {
    case "Sequence":
      self = .sequence(try field.required("pretokenizers").elements().map(PreTokenizer.init))
    case "WhitespaceSplit":
      self = .whitespaceSplit
    case "Metaspace":
      self = .metaspace(
        replacement: try field.required("replacement").scalar(), prepend: try Self.prepend(field),
        splits: try field.optional("split")?.bool() ?? true)
    default:
      throw type.unsupported("Sequence, WhitespaceSplit, Metaspace")
    }
  }

  /// `prepend_scheme`; files older than it have `add_prefix_space` alone.
  private static func prepend(_ field: JSONField) throws -> Prepend {
    let addsSpace = try field.optional("add_prefix_space")
    guard let scheme = try field.optional("prepend_scheme") else { return try addsSpace?.bool() == false ? .never : .always }
    guard let prepend = Prepend(rawValue: try scheme.string()) else { throw scheme.unsupported("always, first, never") }
    if let addsSpace, try !addsSpace.bool(), prepend != .never {
      throw addsSpace.unexpected("true, as prepend_scheme is '\(prepend.rawValue)'")
    }
    return prepend
  }
}
