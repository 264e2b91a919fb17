import Checkpoints
import Foundation
import Models

/// A ControlNet, opened: its sizes are known, its weights are read when they are first needed.
public final class ControlNetFile: Sendable {
  /// The file or folder, as it was asked for.
  public let name: String
  /// SHA-256 that names the weights.
  public let hash: String
  let configuration: ControlNetConfiguration
  let checkpoint: Checkpoint

  /// - Parameters:
  ///   - path: a folder with config.json and diffusion_pytorch_model.safetensors, or a file with or without a config.json beside it
  ///   - name: what messages and records call it
  /// - Throws: `CheckpointError` for what is no ControlNet
  public convenience init(_ path: String) throws { try self.init(path, named: path) }

  init(_ path: String, named name: String) throws {
    let isFolder = ModelShelf.isFolder(path), folder = try ModelFolder(path: isFolder ? path : ModelParts.folder(of: path))
    let found = isFolder ? try Checkpoint(in: folder, stem: "diffusion_pytorch_model") : try Checkpoint(safetensors: FileBytes(mapping: path))
    checkpoint = found.entries["input_hint_block.0.weight"] == nil ? found : try found.renamed(by: .xlabsControlNet)
    self.name = name
    let names = checkpoint.entries.keys
    guard names.contains("controlnet_x_embedder.weight"), names.contains("x_embedder.weight") else {
      throw CheckpointError.malformed(name, Self.complaint(of: names))
    }
    configuration = try ControlNetConfiguration(ControlNetConfiguration.sizes(of: checkpoint).settings(of: name, besides: folder.file("config.json").map(Settings.init)))
    _ = try ControlNet(Weights(surveying: checkpoint), configuration)
    let digest = Digest()
    checkpoint.addFingerprint(to: digest)
    hash = digest.finish()
  }

  /// What a file is that is no ControlNet of FLUX.1.
  private static func complaint(of names: some Collection<String>) -> String {
    func some(_ pieces: String...) -> Bool { names.contains { name in pieces.contains { name.contains($0) } } }
    if some("controlnet_down_blocks", "controlnet_cond_embedding", "input_blocks", "down_blocks") { return "is a ControlNet of Stable Diffusion or SDXL, not of FLUX.1" }
    if some("pos_embed_input", "joint_blocks") { return "is a ControlNet of Stable Diffusion 3, not of FLUX.1" }
    if LoRA.isLikely(names) { return "is a LoRA, and no ControlNet: it belongs in 'lora'" }
    if some("double_blocks.", "transformer_blocks.") { return "is a whole transformer, and no ControlNet: it belongs in flux.load" }
    return "holds no ControlNet of FLUX.1: none of its \(names.count) tensors is called controlnet_x_embedder.weight"
  }

  /// Refuses to go with a transformer of other widths.
  func check(fits model: FluxConfiguration, latentChannels: Int) throws {
    let own = configuration.flux
    for (what, mine, theirs) in [("blocks", own.width, model.width), ("text tokens", own.sequenceWidth, model.sequenceWidth), ("pooled text", own.pooledWidth, model.pooledWidth),
                                 ("picture tokens", own.inputs, 4 * latentChannels)] where mine != theirs {
      throw CheckpointError.malformed(name, "is a ControlNet for a model whose \(what) are \(mine) wide, but this model's are \(theirs); is it for another model?")
    }
    guard own.axes == model.axes else {
      throw CheckpointError.malformed(name, "shares a head's channels as \(own.axes) between the axes, but this model as \(model.axes); is it for another model?")
    }
  }

  /// Bytes of its weights in memory.
  func bytes(_ precision: Precision) -> Int { checkpoint.parameterCount * (precision == .f32 ? 4 : precision == .int8 ? 1 : 2) }
}

extension FluxPipeline {
  /// A ControlNet from a folder or file, checked against this model; opened once, as long as the file stays as it is.
  /// - Parameter name: what messages and records call it; the path where nil
  /// - Throws: `CheckpointError` for what is no ControlNet of this model
  public func controlNet(_ path: String, named name: String? = nil) throws -> ControlNetFile {
    let file = ModelShelf.isFolder(path) ? "\(path)/diffusion_pytorch_model.safetensors" : path
    let stamp = FileStamp.of(file) + " \(path) \(name ?? "")"
    let net = try openedNets[stamp] ?? ControlNetFile(path, named: name ?? path)
    try net.check(fits: configuration, latentChannels: latentChannels)
    openedNets[stamp] = net
    return net
  }
}

/// Tells a file from what it was before it was written anew.
enum FileStamp {
  static func of(_ path: String) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return "\(path) \(attributes?[.size] ?? 0) \((attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0) \(attributes?[.systemFileNumber] ?? 0)"
  }
}

extension ControlNetFile {
  /// What it is, for people and programs.
  public struct Description: Codable, Sendable {
    public let path: String, sha256: String
    public let doubleBlocks: Int, singleBlocks: Int, width: Int
    /// The kinds of pictures that it tells apart; nil for one kind only.
    public let modes: [String]?
    /// What it looks at: "latents" (InstantX, Shakker) or "pixels" (XLabs).
    public let sees: String
    /// Whether it is told the guidance.
    public let hasGuidance: Bool
    public let parameters: Int

    public var lines: [String] {
      func line(_ name: String, _ text: String) -> String { (name + ":").padding(toLength: 13, withPad: " ", startingAt: 0) + text }
      return ["\(path): ControlNet for FLUX.1, \(parameters) parameters", line("blocks", "\(doubleBlocks) double and \(singleBlocks) single, \(width) wide"),
              line("modes", modes?.joined(separator: ", ") ?? "none: it knows one kind of pictures"), line("looks at", sees), line("guidance", hasGuidance ? "is told to it" : "is not told to it"), line("sha256", sha256)]
    }
  }

  public var description: Description {
    let flux = configuration.flux
    return Description(path: name, sha256: hash, doubleBlocks: flux.doubleBlocks, singleBlocks: flux.singleBlocks, width: flux.width,
                       modes: configuration.modes.map { count in (0..<count).map { ControlMode(rawValue: $0)?.name ?? "\($0)" } }, sees: configuration.hint == nil ? "latents" : "pixels", hasGuidance: flux.hasGuidance, parameters: checkpoint.parameterCount)
  }

  /// Whether a path is a ControlNet, by the names of its tensors.
  public static func describes(_ path: String) -> Bool {
    let file = ModelShelf.isFolder(path) ? "\(path)/diffusion_pytorch_model.safetensors" : path
    guard file.hasSuffix(".safetensors"), let bytes = try? FileBytes(mapping: file), let entries = try? Safetensors.entries(of: bytes) else { return false }
    return entries.keys.contains { $0.hasPrefix("controlnet_") }
  }
}
