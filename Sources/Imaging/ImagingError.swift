/// Why a picture could not be made, read, written or compared.
public indirect enum ImagingError: Error, Equatable, Sendable {
  case unusableSize(width: Int, height: Int)
  case unusableChannels(Int)
  case pixelCount(expected: Int, got: Int)
  case differentShapes(String, String)
  case notPNG
  case damaged(String)
  case tooLarge(String)
  case noMemory
  case unusableKey(String)
  case zeroInText(key: String)
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
    case .notPNG:
      "This is not a PNG file."
    case .damaged(let reason):
      "This PNG file is damaged: \(reason)."
    case .tooLarge(let reason):
      "This PNG file is too large: \(reason)."
    case .noMemory:
      "There is not enough memory for this picture."
    case .unusableKey(let key):
      "'\(key)' cannot be a key of a picture's text: a key has 1 to 79 Latin-1 characters and single spaces only between words."
    case .zeroInText(let key):
      "The text under '\(key)' contains a zero character, which PNG cannot hold; remove it."
    case .inFile(let path, let error):
      "\(path): \(error)"
    case .unreadable(let path, let problem):
      "\(path) cannot be read: \(problem)."
    case .unwritable(let path, let problem):
      "\(path) cannot be written: \(problem)."
    }
  }
}
