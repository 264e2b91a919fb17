/// Two names of a picture's pixels: one that tells any two pictures apart, and one that alike pictures nearly share.
public struct PictureHash: Equatable, Hashable, Sendable {
  /// SHA-256 of the pixels as a binary PNM file ("P6\nWIDTH HEIGHT\n255\n" and the pixels; "P5" for grey), in 64 hexadecimal
  /// figures: the same for equal pixels, whatever file they come from.
  public let digest: String
  /// A difference hash: the grey picture at 9×8 pixels, and a bit for each that is darker than its right neighbour, row by row
  /// from the highest bit. As `imagehash.dhash` makes it with Pillow.
  public let perceptual: UInt64

  /// How many of the 64 bits differ: 0 for the same view, below about 10 for versions of one picture, about 32 for strangers.
  public func distance(to other: PictureHash) -> Int {
    (perceptual ^ other.perceptual).nonzeroBitCount
  }
}

extension PictureHash: CustomStringConvertible {
  /// The difference hash in 16 hexadecimal figures.
  public var description: String {
    let figures = String(perceptual, radix: 16)
    return String(repeating: "0", count: 16 - figures.count) + figures
  }
}

extension Image {
  public func hash() throws(ImagingError) -> PictureHash {
    PictureHash(digest: digest, perceptual: try differenceHash())
  }

  private var digest: String {
    Digest.sha256(Array("P\(channels == 1 ? 5 : 6)\n\(width) \(height)\n255\n".utf8), pixels)
  }

  private func differenceHash() throws(ImagingError) -> UInt64 {
    let small = try grey().resized(width: 9, height: 8).pixels
    return (0..<64).reduce(0) { hash, bit in
      let place = bit / 8 * 9 + bit % 8
      return hash << 1 | (small[place + 1] > small[place] ? 1 : 0)
    }
  }
}
