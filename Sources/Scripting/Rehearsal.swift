import Foundation
import Synchronization

/// Files that a recipe would have written: kept as promises, and made only where the recipe reads them again.
final class Rehearsal: Sendable {
  typealias Promise = @Sendable () throws -> [UInt8]

  /// For what is read again; gone with the rehearsal.
  let folder = FileManager.default.temporaryDirectory.appending(path: "fluxlua-\(UUID().uuidString)").path
  private let promises = Mutex<[String: Promise]>([:])

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func remember(_ bytes: @escaping Promise, as place: String) { promises.withLock { $0[place] = bytes } }

  /// A real file with what was to be written at `place`; nil where nothing was.
  func file(_ place: String) throws -> String? {
    guard let promise = promises.withLock({ $0[place] }) else { return nil }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/\(URL(filePath: place).lastPathComponent)"
    try Data(promise()).write(to: URL(filePath: path))
    return path
  }
}
