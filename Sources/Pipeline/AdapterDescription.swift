import Checkpoints
import Foundation
import Models

/// What an adapter's file holds, and what of a model it would change.
public struct AdapterDescription: Codable, Sendable {
  /// Layers of one kind that it changes.
  public struct Kind: Codable, Sendable {
    /// transformer, t5 or clip.
    public let part: String
    /// `transformer_blocks.*.attn.to_q`
    public let layers: String
    public let count: Int
    public let ranks: [Int]
  }

  public let path: String
  public let sha256: String
  public let bytes: Int
  public let dialect: String
  public let ranks: [Int]
  public let kinds: [Kind]
  /// Tensors that belong to no layer of FLUX.1.
  public let unknown: [String]
  /// The model that it was held against.
  public let model: String?
  /// Layers that it changes and that model does not have; nil where it was held against none.
  public let unplaced: [String]?

  /// Whether the file is named like an adapter inside: halves of layers, and no model.
  public static func describes(_ path: String) -> Bool {
    guard path.lowercased().hasSuffix(".safetensors"), let file = try? ModelFile(path: path), file.parts.isEmpty else { return false }
    return LoRA.isLikely(file.entries.keys)
  }

  /// - Parameter model: what to hold it against
  /// - Throws: `CheckpointError` for a file that is damaged, for another family, or does not fit the model
  public init(_ path: String, on model: ModelSource? = nil) throws {
    let file = try FileBytes(mapping: path), lora = try LoRA(file, name: path)
    (self.path, bytes, sha256, dialect, unknown) = (path, file.count, lora.sha256, lora.dialect, lora.unknown)
    ranks = Set(lora.modules.compactMap(\.rank)).sorted()
    var found: [String: (part: String, count: Int, ranks: Set<Int>)] = [:]
    for module in lora.modules {
      for layer in module.layers {
        let kind = layer.split(separator: ".").map { $0.allSatisfy(\.isNumber) && layer.contains("locks.\($0).") || layer.contains("layers.\($0).self") ? "*" : String($0) }.joined(separator: ".")
        let known = found[kind]
        found[kind] = (module.part.rawValue, (known?.count ?? 0) + 1, (known?.ranks ?? []).union([module.rank].compactMap { $0 }))
      }
    }
    kinds = found.map { Kind(part: $1.part, layers: $0, count: $1.count, ranks: $1.ranks.sorted()) }.sorted { ($1.part, $0.layers) < ($0.part, $1.layers) }
    let files = try model.map(ModelFiles.init)
    self.model = files?.name
    unplaced = try files.map { try lora.unplaced(in: [.transformer: $0.transformer, .clip: $0.clip, .t5: $0.t5]) }
  }

  /// For people.
  public var lines: [String] {
    func line(_ name: String, _ text: String) -> String { (name + ":").padding(toLength: 13, withPad: " ", startingAt: 0) + text }
    func text(_ ranks: [Int]) -> String { ranks.isEmpty ? "whole differences" : "rank " + ranks.map(String.init).joined(separator: ", ") }
    let size = bytes < 1000 ? "\(bytes) bytes" : bytes < 1_000_000 ? "\(bytes / 1000) kB" : String(format: "%.1f MB", Double(bytes) / 1e6)
    var lines = ["\(path): LoRA, \(size)", line("dialect", dialect), line("rank", ranks.isEmpty ? "none: differences as they are" : ranks.map(String.init).joined(separator: ", ")), line("sha256", sha256)]
    for part in ["transformer", "clip", "t5"] {
      let own = kinds.filter { $0.part == part }
      if own.isEmpty { continue }
      let count = own.reduce(0) { $0 + $1.count }
      lines.append(line(part, "changes \(count) \(count == 1 ? "layer" : "layers")"))
      for kind in own { lines.append("  \(kind.count) × \(kind.layers)" + (kind.ranks == ranks ? "" : ", \(text(kind.ranks))")) }
    }
    if !unknown.isEmpty { lines.append(line("no place", "\(unknown.count) tensors that belong to no layer of FLUX.1: \(Self.shown(unknown))")) }
    if let model, let unplaced {
      lines.append(line("on", "\(model): " + (unplaced.isEmpty ? "everything has a place" : "\(unplaced.count) layers have no place: \(Self.shown(unplaced))")))
    }
    return lines
  }

  private static func shown(_ names: [String]) -> String { names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "") }
}
