import CCodecs

extension Image {
  /// The picture in the bytes of a PNG, JPEG or WebP file.
  public init(file bytes: [UInt8]) throws(ImagingError) {
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(ImagingError) in
      let file = UnsafeRawBufferPointer(buffer)
      return switch PictureFormat(signatureOf: file) {
      case .png: try PNGReader(file).image()
      case .jpeg: try JPEGReader(file).image()
      case .webp: try WebPReader(file).image()
      case nil: throw .unknownFormat
      }
    }
  }

  /// The bytes of a file.
  ///
  /// JPEG keeps the resolution of colours from quality 90 on and halves it below; WebP at quality 100 loses nothing at all
  /// (grey pictures come back as RGB from any WebP). Text travels in all three formats, and what a format calls it:
  /// PNG has tEXt and iTXt; JPEG and WebP hold `parameters` as EXIF UserComment, where AUTOMATIC1111's web UI has it, and
  /// every other text in an XMP packet.
  ///
  /// - Parameter quality: 1 to 100, for JPEG and WebP; 90 where none is given.
  public func encoded(as format: PictureFormat, quality: Int? = nil) throws(ImagingError) -> [UInt8] {
    var out = byte_buffer(intoFile: -1)
    defer { free_bytes(&out) }
    try encode(as: format, quality: quality, into: &out)
    return Array(UnsafeBufferPointer(start: out.bytes, count: out.count))
  }

  /// The bytes of a PNG file.
  public func png() throws(ImagingError) -> [UInt8] { try encoded(as: .png) }

  func encode(as format: PictureFormat, quality: Int?, into out: inout byte_buffer) throws(ImagingError) {
    guard max(width, height) <= format.longestSide else { throw .sideTooLong(format, width: width, height: height) }
    for entry in text { try entry.check() }
    guard let quality = quality ?? format.defaultQuality else { return try encodePNG(into: &out) }
    guard 1...100 ~= quality else { throw .unusableQuality(quality) }
    switch format {
    case .png: try encodePNG(into: &out)
    case .jpeg: try encodeJPEG(quality: quality, into: &out)
    case .webp: try encodeWebP(quality: quality, into: &out)
    }
  }

  /// The width and height that the header of a file gives.
  static func size(of bytes: [UInt8]) throws(ImagingError) -> (width: Int, height: Int) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(ImagingError) in
      let file = UnsafeRawBufferPointer(buffer)
      return switch PictureFormat(signatureOf: file) {
      case .png: try PNGReader(file).size
      case .jpeg: try JPEGReader(file).size
      case .webp: try WebPReader(file).size
      case nil: throw .unknownFormat
      }
    }
  }

  /// Pixels that C fills.
  init(
    _ shape: picture_shape, text: [TextEntry], _ fill: (UnsafeMutablePointer<UInt8>?) throws(ImagingError) -> Void
  ) throws(ImagingError) {
    let count = Int(shape.width) * Int(shape.height) * Int(shape.channels)
    var problem: ImagingError?
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(ImagingError) {
        try fill(buffer.baseAddress)
        initialized = count
      } catch {
        problem = error
      }
    }
    if let problem { throw problem }
    try self.init(width: Int(shape.width), height: Int(shape.height), channels: Int(shape.channels), pixels: pixels, text: text)
  }

  var pictureShape: picture_shape {
    picture_shape(width: UInt32(width), height: UInt32(height), channels: UInt32(channels))
  }
}

extension byte_buffer {
  /// - Parameter file: an open file that the bytes are written to, or -1.
  init(intoFile file: Int32) {
    self.init(bytes: nil, count: 0, capacity: 0, file: file, problem: 0)
  }
}
