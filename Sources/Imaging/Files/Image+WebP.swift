import CCodecs

extension Image {
  /// At this quality nothing is lost.
  private static let losslessQuality = 100

  func encodeWebP(quality: Int, into out: inout byte_buffer) throws(ImagingError) {
    let metadata = PictureMetadata(text: text)
    try CodecMessage.check(.webp) { message in
      metadata.exif.withUnsafeBufferPointer { exif in
        metadata.xmp.withUnsafeBufferPointer { xmp in
          pixels.withUnsafeBufferPointer {
            write_webp(&out, $0.baseAddress, pictureShape, Int32(quality), quality == Image.losslessQuality,
                       byte_span(exif), byte_span(xmp), message)
          }
        }
      }
    }
  }
}

/// A WebP file that is open for reading; its bytes outlive it.
struct WebPReader {
  private let file: UnsafeRawBufferPointer
  private let header: webp_header

  init(_ file: UnsafeRawBufferPointer) throws(ImagingError) {
    var header = webp_header()
    try CodecMessage.check(.webp) {
      open_webp(&header, file.baseAddress?.assumingMemoryBound(to: UInt8.self), file.count, $0)
    }
    (self.file, self.header) = (file, header)
  }

  /// As the picture is looked at: turned as its EXIF says.
  var size: (width: Int, height: Int) {
    let (width, height) = (Int(header.shape.width), Int(header.shape.height))
    return metadata.orientation.swapsSides ? (height, width) : (width, height)
  }

  func image() throws(ImagingError) -> Image {
    let metadata = metadata
    let image = try Image(header.shape, text: metadata.text) { (pixels) throws(ImagingError) in
      try CodecMessage.check(.webp) { message in
        withUnsafePointer(to: header) {
          read_webp($0, pixels, file.baseAddress?.assumingMemoryBound(to: UInt8.self), file.count, message)
        }
      }
    }
    return try image.upright(from: metadata.orientation)
  }

  private var metadata: PictureMetadata {
    PictureMetadata(exif: Array(header.exif), xmp: Array(header.xmp))
  }
}

extension byte_span {
  fileprivate init(_ buffer: UnsafeBufferPointer<UInt8>) {
    self.init(bytes: buffer.baseAddress, count: buffer.count)
  }
}
