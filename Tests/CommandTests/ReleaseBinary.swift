import Foundation

/// The fluxlua that is shipped: $FLUXLUA_BINARY, which Scripts/test sets, or the release build of this package.
enum ReleaseBinary {
  static let url: URL = {
    if let path = ProcessInfo.processInfo.environment["FLUXLUA_BINARY"], !path.isEmpty { return URL(filePath: path) }
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return package.appending(path: ".build/release/fluxlua")
  }()

  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Runs a binary to its end with nothing in its environment but what is given.
  static func run(
    _ binary: URL = url, _ arguments: [String], in folder: URL, environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = binary
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    // Files and not pipes: a full pipe would stop the process for ever.
    let files = try ["output", "errors"].map { name in
      let file = FileManager.default.temporaryDirectory.appending(path: "fluxlua-\(UUID().uuidString)-\(name)")
      try Data().write(to: file)
      return file
    }
    defer { files.forEach { try? FileManager.default.removeItem(at: $0) } }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
  }
}
