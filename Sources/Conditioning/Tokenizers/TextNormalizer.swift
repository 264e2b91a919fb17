/// The `normalizer` of a tokenizer.json: what happens to a text before it is cut into pieces.
indirect enum TextNormalizer: Sendable {
  case sequence([TextNormalizer])
  case precompiled(Charsmap)
  case strip(left: Bool, right: Bool)
  case replace(RepetitionPattern, with: String)
  case form(UnicodeForm)
  case lowercase
  case nmt
  case prepend(String)

  /// A text on its way; `keepsStart` is false once its first characters were taken away.
  ///
  /// Metaspace with `prepend_scheme: first` asks for it: only what stands at offset 0 of the written text is "first".
  struct Result {
    var text: String
    var keepsStart = true
  }

  func normalized(_ text: String) -> Result {
    var result = Result(text: text)
    apply(to: &result)
    return result
  }

  private func apply(to result: inout Result) {
    switch self {
    case .sequence(let normalizers):
      for normalizer in normalizers { normalizer.apply(to: &result) }
    case .precompiled(let charsmap):
      result.text = Self.mapped(result.text, by: charsmap)
    case .strip(let left, let right):
      strip(&result, left: left, right: right)
    case .replace(let pattern, let replacement):
      replace(&result, pattern, with: replacement)
    case .form(let form):
      result.text = form.applied(to: result.text)
    case .lowercase:
      // Scalar by scalar, so that a sigma at the end of a word stays σ.
      result.text = result.text.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping }
    case .nmt:
      let kept = result.text.unicodeScalars.filter { !Self.isDropped($0) }
      if let first = result.text.unicodeScalars.first, Self.isDropped(first) { result.keepsStart = false }
      result.text = String(String.UnicodeScalarView(kept.map { Self.isBlank($0) ? " " : $0 }))
    case .prepend(let prefix):
      if !result.text.isEmpty { result.text = prefix + result.text }
    }
  }

  /// Grapheme clusters of up to five bytes are looked up whole, then their scalars one by one; in each the shortest
  /// rule that they begin with replaces all of them (tokenizers, precompiled.rs). sentencepiece itself does otherwise.
  private static func mapped(_ text: String, by charsmap: Charsmap) -> String {
    let longestCluster = 5
    var mapped: [UInt8] = []
    for cluster in text {
      let bytes = ArraySlice(cluster.utf8)
      if bytes.count <= longestCluster, let replacement = charsmap.shortestRule(bytes) {
        mapped += replacement
        continue
      }
      var rest = bytes
      for scalar in cluster.unicodeScalars {
        let part = rest.prefix(UTF8.width(scalar))
        mapped += charsmap.shortestRule(part) ?? part
        rest = rest.dropFirst(part.count)
      }
    }
    return String(decoding: mapped, as: UTF8.self)
  }

  private func strip(_ result: inout Result, left: Bool, right: Bool) {
    var scalars = result.text.unicodeScalars[...]
    if left {
      let rest = scalars.drop { $0.isSpace }
      if rest.count != scalars.count { result.keepsStart = false }
      scalars = rest
    }
    if right { while let last = scalars.last, last.isSpace { scalars.removeLast() } }
    result.text = String(scalars)
  }

  private func replace(_ result: inout Result, _ pattern: RepetitionPattern, with replacement: String) {
    let scalars = Array(result.text.unicodeScalars)
    var replaced = String.UnicodeScalarView()
    var index = 0
    while index < scalars.count {
      if let length = pattern.matchLength(in: scalars, at: index) {
        if index == 0, replacement.isEmpty { result.keepsStart = false }
        replaced.append(contentsOf: replacement.unicodeScalars)
        index += length
      } else {
        replaced.append(scalars[index])
        index += 1
      }
    }
    result.text = String(replaced)
  }

  /// Control characters that sentencepiece's nmt rules take out.
  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
    default: false
    }
  }

  /// Characters that sentencepiece's nmt rules turn into a space.
  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: true
    default: false
    }
  }
}
