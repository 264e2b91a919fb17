/// The APP1 segments of a JPEG file: an EXIF block and an XMP packet, each behind its name. A segment ends at 64 KiB; a longer
/// packet goes on in further segments, as the XMP specification (part 3, section 1.1.3.1) has it.
enum JPEGSegments {
  private static let exif = Array("Exif\0\0".utf8)
  private static let xmp = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
  private static let extended = Array("http://ns.adobe.com/xmp/extension/\0".utf8)
  /// The greatest length of a segment, without the two bytes that give it.
  private static let longest = 65_533
  private static let guidLength = 32
  /// The length of one part of a packet that is extended, as the specification advises.
  private static let partLength = 65_400

  static func writing(_ text: [TextEntry]) -> [[UInt8]] {
    let metadata = PictureMetadata(text: text, longestExif: longest - exif.count)
    var segments: [[UInt8]] = []
    if !metadata.exif.isEmpty { segments.append(exif + metadata.exif) }
    if metadata.xmp.isEmpty { return segments }
    if metadata.xmp.count <= longest - xmp.count { return segments + [xmp + metadata.xmp] }

    // Any name serves that is the packet's own; the specification takes an MD5 digest, which not every system still makes.
    let guid = String(Digest.sha256(metadata.xmp).prefix(guidLength)).uppercased()
    segments.append(xmp + XMP.packet(extendedBy: guid))
    for start in stride(from: 0, to: metadata.xmp.count, by: partLength) {
      let part = metadata.xmp[start..<min(start + partLength, metadata.xmp.count)]
      segments.append(extended + Array(guid.utf8) + long(metadata.xmp.count) + long(start) + part)
    }
    return segments
  }

  static func reading(_ segments: [[UInt8]]) -> PictureMetadata {
    let block = segments.first { $0.starts(with: exif) } ?? []
    let packet = segments.first { $0.starts(with: xmp) }.map { Array($0.dropFirst(xmp.count)) } ?? []
    let more = XMP.guidOfExtension(of: packet).map { joined(segments, guid: $0) } ?? []
    return PictureMetadata(exif: block, texts: XMP.texts(in: packet) + XMP.texts(in: more))
  }

  /// The parts of an extension in their order; nothing when one is missing.
  private static func joined(_ segments: [[UInt8]], guid: [UInt8]) -> [UInt8] {
    let header = extended + guid
    let parts = segments.filter { $0.starts(with: header) && $0.count >= header.count + 8 }
      .map { (total: number($0[header.count...]), start: number($0[(header.count + 4)...]), bytes: $0[(header.count + 8)...]) }
      .sorted { $0.start < $1.start }
    var whole: [UInt8] = []
    for part in parts {
      guard part.start == whole.count else { return [] }
      whole += part.bytes
    }
    return parts.first?.total == whole.count ? whole : []
  }

  private static func long(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
  }
}
