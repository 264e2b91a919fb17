import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct FileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func aWrittenPictureIsReadBack() throws {
    let image = try Pictures.noise(17, 3, text: [TextEntry("parameters", "狐")])
    try image.write(to: "\(folder.path)/fox.png")
    #expect(try Image(contentsOf: "\(folder.path)/fox.png") == image)
    #expect(try folder.files == ["fox.png"])
  }

  @Test func writingReplacesTheWholeFile() throws {
    let path = "\(folder.path)/file"
    try AtomicFile.write([UInt8](repeating: 7, count: 3_000_000), to: path)
    try AtomicFile.write([1, 2, 3], to: path)
    #expect(try Array(Data(contentsOf: URL(filePath: path))) == [1, 2, 3])
    #expect(try folder.files == ["file"])
  }

  @Test func anEmptyFileCanBeWritten() throws {
    try AtomicFile.write([], to: "\(folder.path)/empty")
    #expect(try folder.files == ["empty"])
  }

  @Test func aNameOfTheGreatestLengthCanBeWritten() throws {
    let name = String(repeating: "n", count: 255)
    try AtomicFile.write([1], to: "\(folder.path)/\(name)")
    #expect(try folder.files == [name])
  }

  @Test func manyWritersLeaveOneWholeFile() async throws {
    let path = "\(folder.path)/file"
    await withTaskGroup { group in
      for writer: UInt8 in 0..<16 {
        group.addTask { try? AtomicFile.write([UInt8](repeating: writer, count: 100_000), to: path) }
      }
    }
    let bytes = try Array(Data(contentsOf: URL(filePath: path)))
    #expect(bytes.count == 100_000)
    #expect(Set(bytes).count == 1)
    #expect(try folder.files == ["file"])
  }

  @Test(arguments: [
    ("missing/fox.png", ENOENT), ("", EISDIR), ("file/fox.png", ENOTDIR), (String(repeating: "n", count: 256), ENAMETOOLONG), ("full", EISDIR),
  ])
  func aFailedWriteNamesTheFileAndLeavesNothingBehind(name: String, code: Int32) throws {
    try FileManager.default.createDirectory(atPath: "\(folder.path)/full/inside", withIntermediateDirectories: true)
    try AtomicFile.write([1], to: "\(folder.path)/file")
    let path = "\(folder.path)/\(name)"
    let error = try #require(throws: ImagingError.self) { try AtomicFile.write([1, 2], to: path) }
    guard case .unwritable(path, let problem) = error else { Issue.record("\(error)"); return }
    #expect(name.isEmpty || problem.code == code, "\(error)")
    #expect("\(error)".hasPrefix("\(path) cannot be written: "))
    #expect(try folder.files == ["file", "full"])
  }

  @Test(arguments: [ENOSPC, EDQUOT, EROFS, EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, EFBIG, EMFILE, ELOOP])
  func everyCommonProblemHasAWayOut(code: Int32) {
    let sentence = "\(ImagingError.unwritable("out/fox.png", FileProblem(code)))"
    #expect(sentence.hasPrefix("out/fox.png cannot be written: "))
    #expect(sentence.contains(";") || sentence.contains("(see "))
    #expect(sentence.hasSuffix("."))
  }

  @Test func aMissingPictureIsNamed() throws {
    let path = "\(folder.path)/none.png"
    #expect(throws: ImagingError.unreadable(path, FileProblem(ENOENT))) { try Image(contentsOf: path) }
  }

  @Test func aFolderIsNoPicture() throws {
    let path = folder.path
    #expect(throws: ImagingError.unreadable(path, FileProblem(EISDIR))) { try Image(contentsOf: path) }
  }

  @Test func aDamagedPictureIsNamed() throws {
    let path = "\(folder.path)/bad.png"
    try AtomicFile.write(Array("hello".utf8), to: path)
    #expect(throws: ImagingError.inFile(path, .unknownFormat)) { try Image(contentsOf: path) }
  }
}
