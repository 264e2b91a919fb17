import Foundation

/// A folder for one test, removed when nobody holds it any more.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "fluxlua-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// A copy of another folder, to be spoilt.
  public init(copying folder: String) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "fluxlua-\(UUID().uuidString)").path
    try FileManager.default.copyItem(atPath: folder, toPath: path)
  }

  public func write(_ bytes: [UInt8], to file: String) throws { try Data(bytes).write(to: URL(filePath: "\(path)/\(file)")) }
  public func write(_ text: String, to file: String) throws { try write(Array(text.utf8), to: file) }
  public func bytes(of file: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: "\(path)/\(file)"))) }
  public var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
  public func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A folder for as long as `body`.
public func withTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
  let folder = try TemporaryFolder()
  return try withExtendedLifetime(folder) { try body(URL(filePath: folder.path)) }
}
