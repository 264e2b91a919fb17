/// What travels with the pixels of a JPEG or WebP file: an EXIF block and an XMP packet.
///
/// `parameters` is the EXIF UserComment, where AUTOMATIC1111's web UI has it and looks for it; every other text is in the XMP
/// packet, which has no limit of length. On reading, `parameters` comes first.
struct PictureMetadata {
  let orientation: Orientation
  let text: [TextEntry]
  /// The EXIF block without any prefix; empty where there is nothing to say.
  let exif: [UInt8]
  let xmp: [UInt8]

  /// - Parameter longestExif: what does not fit is moved to the XMP packet.
  init(text: [TextEntry], longestExif: Int = .max) {
    orientation = .upright
    self.text = text
    var rest = text
    var exif: [UInt8] = []
    if let place = rest.firstIndex(where: { $0.key == Infotext.key && !$0.value.isEmpty }) {
      let block = EXIF.block(comment: rest[place].value)
      if block.count <= longestExif {
        exif = block
        rest.remove(at: place)
      }
    }
    self.exif = exif
    xmp = rest.isEmpty ? [] : XMP.packet(rest)
  }

  init(exif: [UInt8], xmp: [UInt8]) {
    self.init(exif: exif, texts: XMP.texts(in: xmp))
  }

  init(exif: [UInt8], texts: [TextEntry]) {
    let read = EXIF(exif)
    orientation = read.orientation
    text = (read.comment.map { [TextEntry(Infotext.key, $0)] } ?? []) + texts
    (self.exif, xmp) = (exif, [])
  }
}
