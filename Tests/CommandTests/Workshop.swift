import Foundation
import TestSupport
import Testing

/// A folder in which a test runs the command; gone when the test is.
final class Workshop {
  let folder: URL

  init(_ files: [String: String] = [:]) throws {
    try #require(FileManager.default.fileExists(atPath: ReleaseBinary.url.path), "there is no release build; run Scripts/build")
    folder = FileManager.default.temporaryDirectory.appending(path: "fluxlua-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files { try write(text, to: name) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ text: String, to name: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder.appending(path: name).path) }
  func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appending(path: name)) }

  /// Every file below the folder, hidden ones too.
  var files: [String] { (FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []).sorted() }

  /// A copy of a small model to be broken.
  func model(_ name: String = "model", from fixture: String = "tiny-dev") throws -> URL {
    let place = folder.appending(path: name)
    try FileManager.default.copyItem(atPath: "\(Fixtures.folder)/\(fixture)", toPath: place.path)
    return place
  }

  @discardableResult
  func fluxlua(_ arguments: String..., environment: [String: String] = [:]) throws -> ReleaseBinary.Outcome {
    try fluxlua(arguments, environment: environment)
  }

  @discardableResult
  func fluxlua(_ arguments: [String], environment: [String: String] = [:]) throws -> ReleaseBinary.Outcome {
    try ReleaseBinary.run(ReleaseBinary.url, arguments, in: folder, environment: environment)
  }

  /// Starts the command, waits until it has written this to its stderr, and sends a signal: how it ended, what it said, and
  /// the seconds that it took.
  func interrupted(_ signal: Int32, once text: String, _ arguments: String...) throws -> (status: Int32, errors: String, seconds: Double) {
    let errors = folder.appending(path: ".errors")
    try Data().write(to: errors)
    let process = Process()
    (process.executableURL, process.arguments, process.currentDirectoryURL, process.environment) = (ReleaseBinary.url, arguments, folder, [:])
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    func said() throws -> String { String(decoding: try Data(contentsOf: errors), as: UTF8.self) }
    let patience = ContinuousClock.now + .seconds(120)
    while try !said().contains(text), process.isRunning, ContinuousClock.now < patience { usleep(10_000) }
    usleep(200_000)
    let sent = ContinuousClock.now
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return (process.terminationStatus, try said(), (ContinuousClock.now - sent) / .seconds(1))
  }
}

extension Fixtures {
  static let tinyDev = "\(folder)/tiny-dev"
}
