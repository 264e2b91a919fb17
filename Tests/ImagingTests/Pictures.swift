import Foundation
import Imaging

/// The PNG files of Tests/Fixtures/pictures and what Pillow makes of them (Scripts/make_pictures.py).
enum Pictures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/pictures")

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".png") }.map { String($0.dropLast(4)) }.sorted()
  }()

  static func bytes(_ file: String) throws -> [UInt8] {
    try Array(Data(contentsOf: folder.appending(path: file)))
  }

  /// A picture of noise, the same for the same size.
  static func noise(_ width: Int, _ height: Int, channels: Int = 3, text: [TextEntry] = []) throws -> Image {
    var state = UInt32(width &* 31 &+ height)
    let pixels = (0..<width * height * channels).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return try Image(width: width, height: height, channels: channels, pixels: pixels, text: text)
  }
}
