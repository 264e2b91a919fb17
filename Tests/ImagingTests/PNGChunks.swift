/// PNG files built by hand: signature, chunks, checksums.

func file(_ chunks: [UInt8]...) -> [UInt8] {
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunks.flatMap { $0 }
}

func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
  let body = Array(name.utf8) + data
  return bigEndian(UInt32(data.count)) + body + bigEndian(crc32(body))
}

/// 8-bit RGB.
func header(_ width: UInt32, _ height: UInt32) -> [UInt8] {
  chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0])
}

/// The same chunks, as far as they can be told apart, with right checksums.
func withGoodChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  var place = 8
  while place + 12 <= bytes.count {
    let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    guard place + 12 + length <= bytes.count else { break }
    let sum = crc32(Array(bytes[place + 4..<place + 8 + length]))
    bytes.replaceSubrange(place + 8 + length..<place + 12 + length, with: bigEndian(sum))
    place += 12 + length
  }
  return bytes
}

func bigEndian(_ value: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

private let crcTable: [UInt32] = (0..<256).map { n in
  (0..<8).reduce(UInt32(n)) { c, _ in c & 1 == 1 ? 0xedb8_8320 ^ (c >> 1) : c >> 1 }
}

func crc32(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(0xffff_ffff) { crcTable[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
}

/// A zlib stream of `count` spaces: one literal, then matches of 258 at distance 1 in the fixed Huffman code.
func deflatedSpaces(count: Int) -> [UInt8] {
  var bits: [UInt8] = []
  func code(_ value: Int, _ length: Int) {
    for bit in (0..<length).reversed() { bits.append(UInt8(value >> bit & 1)) }
  }
  bits += [1, 1, 0]  // last block, fixed code
  code(0x30 + 32, 8)
  for _ in 0..<(count - 1) / 258 {
    code(0b1100_0101, 8)  // length 258: symbol 285
    code(0, 5)  // distance 1
  }
  for _ in 0..<(count - 1) % 258 { code(0x30 + 32, 8) }
  code(0, 7)  // end of block
  let packed = stride(from: 0, to: bits.count, by: 8).map { start in
    bits[start..<min(start + 8, bits.count)].enumerated().reduce(UInt8(0)) { $0 | $1.element << $1.offset }
  }
  return [0x78, 0x9c] + packed + bigEndian(adlerOfSpaces(count: count))
}

private func adlerOfSpaces(count: Int) -> UInt32 {
  var a = 1, b = 0
  for _ in 0..<count {
    a = (a + 32) % 65521
    b = (b + a) % 65521
  }
  return UInt32(b) << 16 | UInt32(a)
}
