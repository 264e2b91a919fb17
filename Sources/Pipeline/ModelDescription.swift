import Checkpoints
import Foundation
import Models

/// What a file or folder of weights holds, without running it.
public struct ModelDescription: Codable, Sendable {
  public struct Part: Codable, Sendable {
    /// transformer, t5, clip or vae.
    public let part: String
    /// Whose names the tensors have.
    public let layout: String
    public let tensors: Int, parameters: Int, bytes: Int
    /// The sizes, in words; why they are not known, where they are not.
    public let sizes: String
    /// dev, schnell, fill or control, of a transformer.
    public let kind: String?
  }
  public struct EncodingShare: Codable, Sendable { public let type: String, tensors: Int, bytes: Int }

  public let path: String
  /// safetensors, GGUF, or diffusers for a folder.
  public let format: String
  public let bytes: Int
  public let parts: [Part]
  public let encodings: [EncodingShare]
  /// Tensors that belong to no part of FLUX.1.
  public let strangers: Int
  public let metadata: [String: String]
  /// What the whole model still lacks after looking beside it and where models are kept; nil for what holds no transformer.
  public let missing: [String]?
  /// Why it could not be used, if so.
  public let complaint: String?

  /// Whether this looks like weights, and not like a picture.
  public static func describes(_ path: String) -> Bool { ModelFile.mayBe(path) || ModelShelf.isFolder(path) }

  /// - Throws: `CheckpointError` for a file that is damaged
  public init(_ path: String) throws {
    self.path = path
    var found: [ModelPart: (Checkpoint, String, Settings?)] = [:]
    if ModelShelf.isFolder(path) {
      let parts = try ModelParts(.named(path))
      for (part, weights) in parts.weights { found[part] = (weights.checkpoint, "diffusers", parts.settings[part]) }
      (format, strangers, metadata) = ("folder", 0, [:])
    } else {
      let file = try ModelFile(path: path)
      for (part, checkpoint) in file.parts { found[part] = (checkpoint, file.layouts[part] ?? "?", nil) }
      (format, strangers, metadata) = (file.format.rawValue, file.strangers.count, file.metadata)
    }
    bytes = found.values.reduce(0) { $0 + $1.0.byteCount }
    parts = ModelPart.allCases.compactMap { part in found[part].map { Self.part(part, $0.0, $0.1, $0.2) } }
    var shares: [String: EncodingShare] = [:]
    for (checkpoint, _, _) in found.values {
      for entry in checkpoint.entries.values {
        let share = shares[entry.type]
        shares[entry.type] = EncodingShare(type: entry.type, tensors: (share?.tensors ?? 0) + 1, bytes: (share?.bytes ?? 0) + entry.byteCount)
      }
    }
    encodings = shares.values.sorted { ($1.bytes, $0.type) < ($0.bytes, $1.type) }
    guard found[.transformer] != nil else { (missing, complaint) = (nil, nil); return }
    do {
      missing = try ModelParts(.named(path)).missing
      complaint = nil
    } catch { (missing, complaint) = (nil, "\(error)") }
  }

  private static func part(_ part: ModelPart, _ weights: Checkpoint, _ layout: String, _ settings: Settings?) -> Part {
    var sizes = "", kind: String?
    do {
      switch part {
      case .transformer:
        let known = try FluxConfiguration.sizes(of: weights), c = try FluxConfiguration(settings ?? known.shown(of: weights.name))
        sizes = "\(c.doubleBlocks) double and \(c.singleBlocks) single blocks, \(c.headCount) heads of \(c.headDepth)"
        kind = c.kind
      case .vae: sizes = "channels \(try AutoEncoderConfiguration(settings ?? AutoEncoderConfiguration.sizes(of: weights).shown(of: weights.name)).channels.map(String.init).joined(separator: ", "))"
      case .t5: sizes = "\(weights.count(of: "encoder.block")) blocks"
      case .clip: sizes = "\(weights.count(of: "text_model.encoder.layers")) layers"
      }
    } catch { sizes = "\(error)" }
    return Part(part: part.rawValue, layout: layout, tensors: weights.entries.count, parameters: weights.parameterCount, bytes: weights.byteCount, sizes: sizes, kind: kind)
  }

  /// For people.
  public var lines: [String] {
    func size(_ bytes: Int) -> String {
      bytes < 1_000_000 ? "\(bytes / 1000) kB" : bytes < 1_000_000_000 ? String(format: "%.1f MB", Double(bytes) / 1e6) : String(format: "%.2f GB", Double(bytes) / 1e9)
    }
    func line(_ name: String, _ text: String) -> String { (name + ":").padding(toLength: 13, withPad: " ", startingAt: 0) + text }
    var lines = ["\(path): \(format), \(size(bytes))"]
    for part in parts {
      let kind = part.kind.map { "\($0), " } ?? ""
      lines.append(line(part.part, "\(kind)\(part.sizes); \(part.tensors) tensors with names of \(part.layout), \(part.parameters) parameters, \(size(part.bytes))"))
    }
    if parts.isEmpty { lines.append("holds no part of FLUX.1") }
    for share in encodings { lines.append(line(share.type, "\(share.tensors) tensors, \(size(share.bytes))")) }
    if strangers > 0 { lines.append(line("others", "\(strangers) tensors that belong to no part of FLUX.1")) }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where value.count <= 200 { lines.append(line("metadata", "\(key) = \(value)")) }
    if let missing { lines.append(line("missing", missing.isEmpty ? "nothing" : missing.joined(separator: ", "))) }
    if let complaint { lines.append(line("unusable", complaint)) }
    return lines
  }
}
