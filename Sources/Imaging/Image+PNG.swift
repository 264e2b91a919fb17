import CCodecs

extension Image {
  /// The picture in the bytes of a PNG file. Palettes become RGB, 16-bit samples keep their high byte, alpha is dropped.
  public init(png bytes: [UInt8]) throws(ImagingError) {
    self = try bytes.withUnsafeBufferPointer { (file) throws(ImagingError) in try Image.decoded(file) }
  }

  /// The bytes of a PNG file: `text` becomes tEXt chunks where Latin-1 is enough, iTXt (UTF-8) where it is not.
  public func png() throws(ImagingError) -> [UInt8] {
    guard let sink = create_png() else { throw .noMemory }
    defer { destroy_png(sink) }
    for entry in text { try entry.add(to: sink) }

    let shape = picture_shape(width: UInt32(width), height: UInt32(height), channels: UInt32(channels))
    var message = CodecMessage()
    let status = pixels.withUnsafeBufferPointer { write_png(sink, $0.baseAddress, shape, &message.bytes) }
    try message.check(status)
    var count = 0
    let bytes = png_bytes(sink, &count)
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  private static func decoded(_ file: UnsafeBufferPointer<UInt8>) throws(ImagingError) -> Image {
    var source: OpaquePointer?
    var shape = picture_shape()
    var message = CodecMessage()
    var status = open_png(&source, &shape, file.baseAddress, file.count, &message.bytes)
    try message.check(status)
    defer { close_png(source) }

    let count = Int(shape.width) * Int(shape.height) * Int(shape.channels)
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      status = read_png(source, buffer.baseAddress, &message.bytes)
      initialized = status == CODEC_OK ? count : 0
    }
    try message.check(status)
    let text = (0..<png_text_count(source)).map { TextEntry(png_text_at(source, $0)) }
    return try Image(
      width: Int(shape.width), height: Int(shape.height), channels: Int(shape.channels), pixels: pixels, text: text)
  }
}

/// What C has to say about a failure.
private struct CodecMessage {
  var bytes = [CChar](repeating: 0, count: Int(CODEC_MESSAGE_SIZE))

  func check(_ status: codec_status) throws(ImagingError) {
    let text = String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    switch status {
    case CODEC_OK: return
    case CODEC_NOT_PNG: throw .notPNG
    case CODEC_TOO_LARGE: throw .tooLarge(text)
    case CODEC_NO_MEMORY: throw .noMemory
    default: throw .damaged(text)
    }
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
    guard let keyBytes = key.latin1, isValidKey(keyBytes) else { throw .unusableKey(key) }
    guard !value.utf8.contains(0) else { throw .zeroInText(key: key) }
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

  /// PNG specification 11.3.4.2: 1 to 79 printable Latin-1 characters, no space at either end, no two in a row.
  private func isValidKey(_ bytes: [UInt8]) -> Bool {
    let space: UInt8 = 32
    return (1...79).contains(bytes.count)
      && bytes.allSatisfy { (32...126).contains($0) || $0 >= 161 }
      && bytes.first != space && bytes.last != space
      && !zip(bytes, bytes.dropFirst()).contains { $0 == space && $1 == space }
  }
}

extension String {
  fileprivate init(latin1 bytes: UnsafeRawBufferPointer) {
    self.init(String.UnicodeScalarView(bytes.lazy.map { Unicode.Scalar($0) }))
  }

  /// One byte for each character, or nil when Latin-1 has no such character.
  fileprivate var latin1: [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
