import Foundation
import Testing

extension CommandTests {
@Suite struct ReleaseBinaryTests {
  @Test func theBinaryRunsAloneInAnotherFolder() throws {
    try #require(FileManager.default.fileExists(atPath: ReleaseBinary.url.path), "there is no release build; run Scripts/build")
    let folder = FileManager.default.temporaryDirectory.appending(path: "alone-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appending(path: "fluxlua")
    try FileManager.default.copyItem(at: ReleaseBinary.url, to: copy)
    let outcome = try ReleaseBinary.run(copy, ["--version"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors == "")
  }
}
}
