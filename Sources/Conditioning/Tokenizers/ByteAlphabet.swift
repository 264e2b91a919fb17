/// GPT-2's spelling of the 256 bytes: printable ones as themselves, the others by characters from U+0100 on.
enum ByteAlphabet {
  /// The spelling of each byte, in UTF-8.
  static let spellings: [[UInt8]] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte -> [UInt8] in
      var value = UInt32(byte)
      if !isPrintable(value) {
        value = next
        next += 1
      }
      return Unicode.Scalar(value).map { Array(String(Character($0)).utf8) } ?? []
    }
  }()

  private static func isPrintable(_ byte: UInt32) -> Bool {
    switch byte {
    case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
    default: false
    }
  }
}
