import Tensors
import Foundation

/// The files of a model: a folder on disk, or an archive in memory that is read as one.
package struct ModelFolder: Sendable {
  /// How messages call it.
  package let name: String
  private let source: Source

  private enum Source: Sendable {
    case disk(String)
    case archive(Archive, String)       // and the folder inside it
  }

  package init(path: String) throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard exists else { throw CheckpointError.unreadable(path, "there is no such folder") }
    guard isFolder.boolValue else { throw CheckpointError.malformed(path, "is a file, but a folder is expected") }
    (name, source) = (path, .disk(path))
  }

  package init(_ archive: Archive) {
    (name, source) = (archive.name, .archive(archive, ""))
  }

  private init(name: String, source: Source) { (self.name, self.source) = (name, source) }

  /// A folder inside this one; it need not exist.
  package subscript(_ folder: String) -> ModelFolder {
    switch source {
    case .disk(let path): ModelFolder(name: "\(name)/\(folder)", source: .disk("\(path)/\(folder)"))
    case .archive(let archive, let prefix): ModelFolder(name: "\(name)/\(folder)", source: .archive(archive, "\(prefix)\(folder)/"))
    }
  }

  package var exists: Bool {
    switch source {
    case .disk(let path): FileManager.default.fileExists(atPath: path)
    case .archive(let archive, let prefix): archive.files.keys.contains { $0.hasPrefix(prefix) }
    }
  }

  package func has(_ file: String) -> Bool {
    switch source {
    case .disk(let path): FileManager.default.fileExists(atPath: "\(path)/\(file)")
    case .archive(let archive, let prefix): archive.files[prefix + file] != nil
    }
  }

  /// The bytes of a file, or nil where there is none by this name.
  package func file(_ file: String) throws -> FileBytes? {
    guard has(file) else { return nil }
    switch source {
    case .disk(let path): return try FileBytes(mapping: "\(path)/\(file)")
    case .archive(let archive, let prefix): return archive.files[prefix + file]
    }
  }

  /// The bytes of a file that must be there; `hint` says what to do about it when it is not.
  package func required(_ file: String, hint: String) throws -> FileBytes {
    guard let bytes = try self.file(file) else { throw CheckpointError.missingFile(name, file, hint: hint) }
    return bytes
  }
}
