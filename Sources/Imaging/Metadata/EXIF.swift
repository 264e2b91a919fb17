/// The two fields of an EXIF block that matter here: which way up the picture is, and the user's comment.
///
/// A block is a TIFF file without pixels (EXIF 2.32, section 4.5): a header, then directories of 12-byte entries. What makes no
/// sense in it is as if it were not there: a camera's slip must not cost the picture.
struct EXIF {
  private(set) var orientation = Orientation.upright
  private(set) var comment: String?

  private enum Tag { static let orientation = 0x0112, exifDirectory = 0x8769, userComment = 0x9286 }
  private enum Kind { static let long = 4, undefined = 7 }

  /// - Parameter bytes: a block, with the prefix that JPEG gives it or without.
  init(_ bytes: [UInt8]) {
    let prefix = Array("Exif\0\0".utf8)
    guard let file = TIFF(bytes.starts(with: prefix) ? bytes.dropFirst(prefix.count) : bytes[...]) else { return }
    let first = file.directory(at: file.long(4) ?? 0)
    if let value = first[Tag.orientation].flatMap({ file.short($0 + 8) }) { orientation = Orientation(rawValue: value) ?? .upright }
    guard let place = first[Tag.exifDirectory].flatMap({ file.long($0 + 8) }) else { return }
    guard let entry = file.directory(at: place)[Tag.userComment], let count = file.long(entry + 4) else { return }
    guard let start = count <= 4 ? entry + 8 : file.long(entry + 8), let raw = file.bytes(start, count) else { return }
    comment = Self.comment(raw, bigEndian: file.bigEndian)
  }

  /// A block that holds a comment in UTF-16, most significant byte first: as AUTOMATIC1111's web UI makes it, and the only order
  /// that it reads.
  static func block(comment: String) -> [UInt8] {
    func short(_ value: Int) -> [UInt8] { [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)] }
    func long(_ value: Int) -> [UInt8] { short(value >> 16) + short(value) }
    let text = Array("UNICODE\0".utf8) + comment.utf16.flatMap { short(Int($0)) }
    let header = Array("MM".utf8) + short(42) + long(8)
    let first = short(1) + short(Tag.exifDirectory) + short(Kind.long) + long(1) + long(26) + long(0)
    let second = short(1) + short(Tag.userComment) + short(Kind.undefined) + long(text.count) + long(44) + long(0)
    return header + first + second + text
  }

  /// A comment begins with eight bytes that name its letters (EXIF 2.32, table 9).
  private static func comment(_ raw: ArraySlice<UInt8>, bigEndian: Bool) -> String? {
    let name = raw.prefix(8), body = raw.dropFirst(8)
    let text: String
    if name.elementsEqual("UNICODE\0".utf8) {
      text = utf16(body, bigEndian: bigEndian)
    } else if name.elementsEqual("ASCII\0\0\0".utf8) || name.elementsEqual([UInt8](repeating: 0, count: 8)) {
      text = String(decoding: body, as: UTF8.self)
    } else {
      return nil
    }
    let trimmed = String(text.prefix { $0 != "\0" })
    return trimmed.allSatisfy(\.isWhitespace) ? nil : trimmed
  }

  /// Writers disagree whether the block's byte order holds here. Latin letters tell: their high byte is 0.
  private static func utf16(_ bytes: ArraySlice<UInt8>, bigEndian: Bool) -> String {
    let bytes = Array(bytes)
    func units(_ high: Int) -> [UInt16] {
      stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0 + high]) << 8 | UInt16(bytes[$0 + 1 - high]) }
    }
    let big = units(0), little = units(1)
    if big.first == 0xfeff { return String(decoding: big.dropFirst(), as: UTF16.self) }
    if little.first == 0xfeff { return String(decoding: little.dropFirst(), as: UTF16.self) }
    let bigLatin = big.count { $0 < 256 }, littleLatin = little.count { $0 < 256 }
    let order = bigLatin == littleLatin ? bigEndian : bigLatin > littleLatin
    return String(decoding: order ? big : little, as: UTF16.self)
  }
}

/// Numbers and directories of a TIFF file; nil for what lies outside of it.
private struct TIFF {
  private let file: ArraySlice<UInt8>
  let bigEndian: Bool

  init?(_ file: ArraySlice<UInt8>) {
    switch Array(file.prefix(4)) {
    case [0x4d, 0x4d, 0, 42]: bigEndian = true
    case [0x49, 0x49, 42, 0]: bigEndian = false
    default: return nil
    }
    self.file = file
  }

  func bytes(_ start: Int, _ count: Int) -> ArraySlice<UInt8>? {
    guard start >= 0, count >= 0, start <= file.count, count <= file.count - start else { return nil }
    return file.dropFirst(start).prefix(count)
  }

  func short(_ place: Int) -> Int? { number(place, 2) }
  func long(_ place: Int) -> Int? { number(place, 4) }

  private func number(_ place: Int, _ count: Int) -> Int? {
    guard let bytes = bytes(place, count) else { return nil }
    return bigEndian ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Where the entry of each tag is; of two with the same tag the first counts.
  func directory(at place: Int) -> [Int: Int] {
    guard place >= 8, let count = short(place) else { return [:] }
    var places: [Int: Int] = [:]
    for entry in stride(from: place + 2, to: place + 2 + 12 * count, by: 12) {
      guard bytes(entry, 12) != nil, let tag = short(entry) else { break }
      if places[tag] == nil { places[tag] = entry }
    }
    return places
  }
}
