import Checkpoints
import Foundation
import Tensors
import Testing

/// What diffusers computes with tiny models of the true architecture: inputs, results, and how far a result may be off.
/// Made by `Scripts/make_reference.py`.
public enum Fixtures {
  /// The folder with the models and `cases.json`.
  public static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures").path

  package static func model(_ name: String) throws -> ModelFolder { try ModelFolder(path: "\(folder)/\(name)") }

  /// Every case whose name begins so, in the order of the file.
  package static func cases(_ prefix: String) -> [Case] {
    guard let data = FileManager.default.contents(atPath: "\(folder)/cases.json"), let map = JSON(data)?.map,
          case .list(let list)? = map["cases"] else { return [] }
    return list.compactMap { Case($0) }.filter { $0.name.hasPrefix(prefix) }
  }

  package static func named(_ name: String) throws -> Case {
    try #require(cases(name).first { $0.name == name }, "no case \(name)")
  }
}

/// One case of `cases.json`.
package struct Case: Sendable, CustomTestStringConvertible {
  package let name: String
  package let params: [String: JSON]
  private let file: String
  private let rows: [String: JSON]

  init?(_ json: JSON) {
    guard let map = json.map, let name = map["id"]?.text, let tensors = map["tensors"]?.map else { return nil }
    self.name = name
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
    let checkpoint = try Checkpoint(safetensors: FileBytes(mapping: "\(Fixtures.folder)/\(file)"))
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
    let expected = try tensor(name)
    let shape = expected.shape.filter { $0 != 1 }
    guard got.shape.filter({ $0 != 1 }) == shape else {
      Issue.record("\(self.name)/\(name): shape \(got.shape), expected \(expected.shape)", sourceLocation: sourceLocation)
      return
    }
    let worst = got.reshaped(expected.shape).largestDifference(from: expected)
    #expect(worst <= tolerance(name), "\(self.name)/\(name): off by \(worst), allowed \(tolerance(name))", sourceLocation: sourceLocation)
  }

  /// Pictures: every byte within one level more than float32 and float64 differ in the reference.
  package func checkPicture(_ name: String, _ got: Tensor, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let expected = try tensor(name)
    let levels = 1 + Float(rows[name]?.map?["f32_vs_f64_max_level"]?.number ?? 0)
    let worst = got.reshaped(expected.shape).largestDifference(from: expected)
    #expect(worst <= levels, "\(self.name)/\(name): off by \(worst) levels, allowed \(levels)", sourceLocation: sourceLocation)
  }
}
