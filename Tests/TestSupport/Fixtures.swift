import Checkpoints
import Foundation
import Synchronization
import Tensors
import Testing

/// What diffusers computes with tiny models of the true architecture: inputs, results, and how far a result may be off.
/// Made by `Scripts/make_reference.py`.
public enum Fixtures {
  /// The folder with the models and `cases.json`.
  public static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures").path

  package static func model(_ name: String) throws -> ModelFolder { try ModelFolder(path: "\(folder)/\(name)") }

  private static let all = cases(in: folder)

  /// Every case whose name begins so, in the order of the file.
  package static func cases(_ prefix: String) -> [Case] { all.filter { $0.name.hasPrefix(prefix) } }

  /// Every case of a folder of this kind.
  package static func cases(in folder: String) -> [Case] {
    guard let data = FileManager.default.contents(atPath: "\(folder)/cases.json"), let map = JSON(data)?.map,
          case .list(let list)? = map["cases"] else { return [] }
    return list.compactMap { Case($0, in: folder) }
  }

  package static func named(_ name: String) throws -> Case {
    try #require(all.first { $0.name == name }, "no case \(name)")
  }

  /// A file of tensors, opened once for all tests.
  package static func checkpoint(_ path: String) throws -> Checkpoint {
    try opened.withLock { opened in
      if let found = opened[path] { return found }
      let fresh = try Checkpoint(safetensors: FileBytes(mapping: path))
      opened[path] = fresh
      return fresh
    }
  }
  private static let opened = Mutex<[String: Checkpoint]>([:])
}

/// One case of `cases.json`.
package struct Case: Sendable, CustomTestStringConvertible {
  package let name: String
  package let params: [String: JSON]
  /// The folder that the case's model and files are in.
  package let folder: String
  private let file: String
  private let rows: [String: JSON]

  init?(_ json: JSON, in folder: String) {
    guard let map = json.map, let name = map["id"]?.text, let tensors = map["tensors"]?.map else { return nil }
    (self.name, self.folder) = (name, folder)
    params = map["params"]?.map ?? [:]
    file = map["file"]?.text ?? ""
    rows = tensors
  }

  package var testDescription: String { name }
  package var tensorNames: [String] { rows.keys.sorted() }
  package func has(_ tensor: String) -> Bool { rows[tensor] != nil }

  /// The reference's tensor, in f32 (integers and bytes too).
  package func tensor(_ name: String) throws -> Tensor {
    let key = try #require(rows[name]?.map?["key"]?.text, "\(self.name) has no \(name)")
    let checkpoint = try Fixtures.checkpoint("\(folder)/\(file)")
    let entry = try checkpoint.entry(key)
    switch entry.type {
    case "U8": return Tensor(entry.shape, entry.array.map { Float($0) })
    case "I64": return Tensor(entry.shape, entry.array.withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { Float(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
    })
    default: return try checkpoint.tensor(key)
    }
  }

  package func tolerance(_ name: String) -> Float { Float(rows[name]?.map?["atol"]?.number ?? 0) }

  /// Checks a result against the reference's tensor, within its tolerance.
  package func check(_ name: String, _ got: Tensor, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try check(name, got, within: tolerance(name), sourceLocation)
  }

  /// Pictures: every byte within one level more than float32 and float64 differ in the reference.
  package func checkPicture(_ name: String, _ got: Tensor, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try check(name, got, within: 1 + Float(rows[name]?.map?["f32_vs_f64_max_level"]?.number ?? 0), sourceLocation)
  }

  private func check(_ name: String, _ got: Tensor, within tolerance: Float, _ location: SourceLocation) throws {
    let expected = try tensor(name)
    guard got.shape.filter({ $0 != 1 }) == expected.shape.filter({ $0 != 1 }) else {
      Issue.record("\(self.name)/\(name): shape \(got.shape), expected \(expected.shape)", sourceLocation: location)
      return
    }
    let worst = got.reshaped(expected.shape).largestDifference(from: expected)
    #expect(worst <= tolerance, "\(self.name)/\(name): off by \(worst), allowed \(tolerance)", sourceLocation: location)
  }
}
