import Glibc

extension Image {
  /// The picture in a PNG file.
  public init(contentsOf path: String) throws(ImagingError) {
    let bytes = try Image.bytes(of: path)
    do {
      try self.init(png: bytes)
    } catch {
      throw .inFile(path, error)
    }
  }

  /// Writes a PNG file. A reader sees the whole picture or none, whatever happens meanwhile.
  public func write(to path: String) throws(ImagingError) {
    let bytes: [UInt8]
    do {
      bytes = try png()
    } catch {
      throw .inFile(path, error)
    }
    try AtomicFile.write(bytes, to: path)
  }

  /// No picture within the limits has a larger file.
  private static let largestFile = 4 * mostPixels

  private static func bytes(of path: String) throws(ImagingError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .unreadable(path, FileProblem(errno)) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(path, FileProblem(errno)) }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= largestFile else { throw .inFile(path, .tooLarge("the file is larger than any picture")) }
    }
  }
}
