import Foundation
import Imaging
import TestSupport

/// The files of Tests/Fixtures/imaging and what other libraries make of them (Scripts/make_imaging.py).
enum References {
  static let folder = "\(Fixtures.folder)/imaging"

  /// The JPEG and WebP files that have pixels beside them.
  static let files: [String] = {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.filter { $0.hasSuffix(".u8") }.map { String($0.dropLast(3)) }.sorted()
  }()

  static func bytes(_ file: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: "\(folder)/\(file)"))) }
  static func image(_ file: String) throws -> Image { try Image(contentsOf: "\(folder)/\(file)") }
  static func input(_ name: String) throws -> Image { try Image(contentsOf: "\(Fixtures.folder)/inputs/\(name).png") }
  static func infotext() throws -> String { String(decoding: try bytes("infotext.txt"), as: UTF8.self) }

  struct Numbers: Decodable { let ssim: [String: Double], dhash: [String: String], digest: [String: String] }
  static func numbers() throws -> Numbers { try JSONDecoder().decode(Numbers.self, from: Data(bytes("numbers.json"))) }
}

extension Image {
  /// The greatest difference between two values at the same place.
  func largestDifference(from other: Image) -> Int {
    zip(pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
  }
}
