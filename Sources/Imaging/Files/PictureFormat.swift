import CCodecs

/// The kinds of picture files that are read and written.
public enum PictureFormat: String, CaseIterable, Sendable {
  case png, jpeg, webp

  /// The format that a file's name asks for: .png, .jpg, .jpeg or .webp, in capitals or not.
  public init(endingOf path: String) throws(ImagingError) {
    let name = path.split(separator: "/").last ?? ""
    let ending = name.contains(".") ? name.split(separator: ".").last.map { $0.lowercased() } : nil
    guard let format = PictureFormat.allCases.first(where: { $0.endings.contains(ending ?? "") }) else {
      throw .unknownEnding(path)
    }
    self = format
  }

  /// The format of a file's bytes, by its signature.
  init?(signatureOf bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
      self = .png
    } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else {
      return nil
    }
  }

  /// The endings of its files' names, without the point.
  public var endings: [String] {
    switch self { case .png: ["png"]; case .jpeg: ["jpg", "jpeg"]; case .webp: ["webp"] }
  }

  /// The longest side that can be written.
  public var longestSide: Int {
    switch self { case .png: Image.longestSide; case .jpeg: Int(JPEG_MAX_SIDE); case .webp: Int(WEBP_MAX_SIDE) }
  }

  /// The quality that is written where none is asked for; PNG loses nothing and knows none.
  public var defaultQuality: Int? {
    self == .png ? nil : 90
  }
}

extension PictureFormat: CustomStringConvertible {
  public var description: String {
    switch self { case .png: "PNG"; case .jpeg: "JPEG"; case .webp: "WebP" }
  }
}
