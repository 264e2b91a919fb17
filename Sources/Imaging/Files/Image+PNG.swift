import CCodecs

extension Image {
  /// The picture in the bytes of a PNG file. Palettes become RGB, 16-bit samples keep their high byte, alpha is dropped.
  public init(png bytes: [UInt8]) throws(ImagingError) {
    self = try bytes.withUnsafeBufferPointer { (file) throws(ImagingError) in try PNGReader(UnsafeRawBufferPointer(file)).image() }
  }

  /// `text` becomes tEXt chunks where Latin-1 is enough, iTXt (UTF-8) where it is not.
  func encodePNG(into out: inout byte_buffer) throws(ImagingError) {
    guard let sink = create_png() else { throw .noMemory }
    defer { destroy_png(sink) }
    for entry in text { try entry.add(to: sink) }
    try CodecMessage.check(.png) { message in
      pixels.withUnsafeBufferPointer { write_png(sink, &out, $0.baseAddress, pictureShape, message) }
    }
  }
}

/// A PNG file that is open for reading; its bytes outlive it.
struct PNGReader: ~Copyable {
  private let source: OpaquePointer?
  private let shape: picture_shape

  init(_ file: UnsafeRawBufferPointer) throws(ImagingError) {
    var source: OpaquePointer?, shape = picture_shape()
    try CodecMessage.check(.png) { open_png(&source, &shape, file.baseAddress, file.count, $0) }
    (self.source, self.shape) = (source, shape)
  }

  deinit { close_png(source) }

  var size: (width: Int, height: Int) { (Int(shape.width), Int(shape.height)) }

  func image() throws(ImagingError) -> Image {
    let source = source
    var image = try Image(shape, text: []) { (pixels) throws(ImagingError) in
      try CodecMessage.check(.png) { read_png(source, pixels, $0) }
    }
    image.text = (0..<png_text_count(source)).map { TextEntry(png_text_at(source, $0)) }
    return image
  }
}

extension TextEntry {
  fileprivate init(_ text: picture_text) {
    let value = UnsafeRawBufferPointer(start: text.value, count: text.value_length)
    self.init(
      String(latin1: UnsafeRawBufferPointer(start: text.key, count: text.key_length)),
      text.utf8 ? String(decoding: value, as: UTF8.self) : String(latin1: value))
  }

  fileprivate func add(to sink: OpaquePointer) throws(ImagingError) {
    let keyBytes = try check()
    let latin1 = value.latin1
    let status = keyBytes.withUnsafeBytes { key in
      (latin1 ?? Array(value.utf8)).withUnsafeBytes { value in
        add_png_text(sink, picture_text(
          key: key.baseAddress?.assumingMemoryBound(to: CChar.self),
          value: value.baseAddress?.assumingMemoryBound(to: CChar.self),
          key_length: key.count, value_length: value.count, utf8: latin1 == nil))
      }
    }
    guard status == CODEC_OK else { throw .noMemory }
  }
}
