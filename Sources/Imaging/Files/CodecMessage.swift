import CCodecs

/// What C has to say about a failure.
struct CodecMessage {
  private var bytes = [CChar](repeating: 0, count: Int(CODEC_MESSAGE_SIZE))

  /// Makes a call that may fail, and throws what it says.
  static func check(_ format: PictureFormat, _ call: (UnsafeMutablePointer<CChar>?) -> codec_status) throws(ImagingError) {
    var message = CodecMessage()
    let status = message.bytes.withUnsafeMutableBufferPointer { call($0.baseAddress) }
    let text = String(decoding: message.bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    switch status {
    case CODEC_OK: return
    case CODEC_OTHER_FORMAT: throw .otherFormat(format)
    case CODEC_TOO_LARGE: throw .tooLarge(text)
    case CODEC_UNSUPPORTED: throw .unsupported(text)
    case CODEC_NO_MEMORY, CODEC_UNWRITABLE: throw .noMemory  // who writes to a file looks at byte_buffer.problem
    default: throw .damaged(text)
    }
  }
}
