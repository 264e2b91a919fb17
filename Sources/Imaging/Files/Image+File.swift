import CCodecs
import Glibc

extension Image {
  /// The picture in a PNG, JPEG or WebP file, whatever its name says; turned upright where the file says that it lies.
  public init(contentsOf path: String) throws(ImagingError) {
    let bytes = try Image.bytes(of: path)
    do {
      try self.init(file: bytes)
    } catch {
      throw .inFile(path, error)
    }
  }

  /// Writes the format that the name's ending asks for. A reader sees the whole picture or none, whatever happens meanwhile.
  ///
  /// - Parameter quality: 1 to 100, for JPEG and WebP; see `encoded(as:quality:)`.
  public func write(to path: String, quality: Int? = nil) throws(ImagingError) {
    let format = try PictureFormat(endingOf: path)
    try AtomicFile.write(to: path) { (file) throws(ImagingError) in
      var out = byte_buffer(intoFile: file)
      defer { free_bytes(&out) }
      do throws(ImagingError) {
        try encode(as: format, quality: quality, into: &out)
      } catch {
        throw out.problem == 0 ? .inFile(path, error) : .unwritable(path, FileProblem(out.problem))
      }
    }
  }

  /// The width and height of the picture in a file, by its header alone.
  package static func size(ofFile path: String) throws(ImagingError) -> (width: Int, height: Int) {
    let bytes = try Image.bytes(of: path)
    do {
      return try Image.size(of: bytes)
    } catch {
      throw .inFile(path, error)
    }
  }

  /// No picture within the limits has a larger file.
  private static let largestFile = 4 * mostPixels

  private static func bytes(of path: String) throws(ImagingError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)      // a pipe that nobody writes to must not hold us up
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
