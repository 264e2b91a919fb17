/// Why a picture could not be made, read, written or compared.
public indirect enum ImagingError: Error, Equatable, Sendable {
  case unusableSize(width: Int, height: Int)
  case unusableChannels(Int)
  case pixelCount(expected: Int, got: Int)
  case differentShapes(String, String)
  case unknownFormat
  case otherFormat(PictureFormat)
  case unknownEnding(String)
  case unusableQuality(Int)
  case sideTooLong(PictureFormat, width: Int, height: Int)
  case unsupported(String)
  case damaged(String)
  case tooLarge(String)
  case noMemory
  case unusableKey(String)
  case zeroInText(key: String)
  case outside(String, width: Int, height: Int)
  case unusableMask(String, String)
  case unusableBlur(Double)
  case tooSmallToCompare(least: Int, String)
  case noFont
  case drawing(String)
  case inFile(String, ImagingError)
  case unreadable(String, FileProblem)
  case unwritable(String, FileProblem)
}

extension ImagingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unusableSize(let width, let height):
      "A picture cannot be \(width)×\(height): sides go from 1 to \(Image.longestSide) pixels, "
        + "\(Image.mostPixels / 1_000_000) million in all."
    case .unusableChannels(let count):
      "A picture has 1 channel (grey) or 3 (RGB), not \(count)."
    case .pixelCount(let expected, let got):
      "A picture of this size has \(expected) bytes of pixels, but \(got) were given."
    case .differentShapes(let one, let other):
      "Pictures of different shapes cannot be compared: \(one) and \(other)."
    case .unknownFormat:
      "This is neither a PNG nor a JPEG nor a WebP file."
    case .otherFormat(let format):
      "This is not a \(format) file."
    case .unknownEnding(let path):
      "'\(path)' does not say which kind of picture it is: end the name in .png, .jpg, .jpeg or .webp."
    case .unusableQuality(let quality):
      "The quality of a picture file is a whole number from 1 to 100, not \(quality)."
    case .sideTooLong(let format, let width, let height):
      "A \(format) file can have at most \(format.longestSide) pixels a side, and this picture is \(width)×\(height): "
        + "make it smaller, or write another format."
    case .unsupported(let reason):
      "This picture file cannot be read: \(reason)."
    case .damaged(let reason):
      "This picture file is damaged: \(reason)."
    case .tooLarge(let reason):
      "This picture is too large: \(reason)."
    case .noMemory:
      "There is not enough memory for this picture."
    case .unusableKey(let key):
      "'\(key)' cannot be a key of a picture's text: a key has 1 to 79 Latin-1 characters and single spaces only between words."
    case .zeroInText(let key):
      "The text under '\(key)' contains a zero character, which no picture file can hold; remove it."
    case .outside(let what, let width, let height):
      "\(what.prefix(1).uppercased() + what.dropFirst()) does not lie within the picture, which is \(width)×\(height)."
    case .unusableMask(let expected, let got):
      "The mask of this picture is \(expected), not \(got)."
    case .unusableBlur(let sigma):
      "The sigma of a blur goes from 0 to \(Int(Image.widestBlur)) pixels, and this is \(sigma)."
    case .tooSmallToCompare(let least, let shape):
      "Structural similarity needs pictures of at least \(least)×\(least) pixels, and these are \(shape)."
    case .noFont:
      "There is no font to write with; install one, such as Debian's fonts-dejavu-core."
    case .drawing(let reason):
      "This cannot be drawn: \(reason)."
    case .inFile(let path, let error):
      "\(path): \(error)"
    case .unreadable(let path, let problem):
      "\(path) cannot be read: \(problem)."
    case .unwritable(let path, let problem):
      "\(path) cannot be written: \(problem)."
    }
  }
}
