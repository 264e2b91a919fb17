import CCodecs

extension Image {
  /// From this quality on colours keep their full resolution (4:4:4), as libvips has it.
  private static let fullColourQuality = 90

  /// Pictures beyond this get the standard's Huffman tables: tables of their own cost 2 to 6 bytes of memory a pixel.
  private static let mostOptimizedPixels = 16 << 20

  func encodeJPEG(quality: Int, into out: inout byte_buffer) throws(ImagingError) {
    let segments = JPEGSegments.writing(text)
    let style = jpeg_style(
      quality: Int32(quality), full_colour: quality >= Image.fullColourQuality,
      optimized: width * height <= Image.mostOptimizedPixels)
    // The segments lie one behind the other, so that one pointer lends all of them.
    let joined = segments.flatMap { $0 }
    try CodecMessage.check(.jpeg) { message in
      joined.withUnsafeBufferPointer { bytes in
        var place = 0
        let spans = segments.map { segment in
          defer { place += segment.count }
          return byte_span(bytes: bytes.baseAddress?.advanced(by: place), count: segment.count)
        }
        return pixels.withUnsafeBufferPointer { write_jpeg(&out, $0.baseAddress, pictureShape, style, spans, spans.count, message) }
      }
    }
  }
}

/// A JPEG file that is open for reading; its bytes outlive it.
struct JPEGReader: ~Copyable {
  private let source: OpaquePointer?
  private let shape: picture_shape

  init(_ file: UnsafeRawBufferPointer) throws(ImagingError) {
    var source: OpaquePointer?, shape = picture_shape()
    try CodecMessage.check(.jpeg) {
      open_jpeg(&source, &shape, file.baseAddress?.assumingMemoryBound(to: UInt8.self), file.count, $0)
    }
    (self.source, self.shape) = (source, shape)
  }

  deinit { close_jpeg(source) }

  /// As the picture is looked at: turned as its EXIF says.
  var size: (width: Int, height: Int) {
    let (width, height) = (Int(shape.width), Int(shape.height))
    return metadata.orientation.swapsSides ? (height, width) : (width, height)
  }

  func image() throws(ImagingError) -> Image {
    let source = source, metadata = metadata
    let image = try Image(shape, text: metadata.text) { (pixels) throws(ImagingError) in
      try CodecMessage.check(.jpeg) { read_jpeg(source, pixels, $0) }
    }
    return try image.upright(from: metadata.orientation)
  }

  private var metadata: PictureMetadata {
    JPEGSegments.reading((0..<jpeg_segment_count(source)).map { Array(jpeg_segment_at(source, $0)) })
  }
}

extension [UInt8] {
  init(_ span: byte_span) {
    self.init(UnsafeBufferPointer(start: span.bytes, count: span.count))
  }
}
