import Checkpoints
import Foundation
import Tensors

/// An adapter from a file: for some layers of a model a small difference of their weights, in whatever dialect it was written.
///
/// Δ = alpha/rank · up·down (LoRA, Hu et al. 2021), (w1a·w1b) ⊙ (w2a·w2b) (LoHa), w1 ⊗ w2 (LoKr), or Δ itself; LyCORIS, Yeh et al. 2023.
/// With magnitudes m the weight becomes m · (W + Δ) / ‖W + Δ‖ for each output (DoRA, Liu et al. 2024).
public final class LoRA: Sendable {
  /// The file, as it was asked for.
  public let name: String
  public let sha256: String
  /// Whose way of writing it is in.
  public let dialect: String
  /// The difference of one layer, or of several that share a matrix in the file.
  package let modules: [Module]
  /// Tensors that belong to no layer that FLUX.1 has.
  public let unknown: [String]
  private let checkpoint: Checkpoint

  package struct Module: Sendable {
    /// As the file names it.
    package let name: String
    package let dialect: String
    package let part: ModelPart
    /// The layers, as Models name them; their outputs follow each other.
    package let layers: [String]
    let swapsHalves: Bool
    let tensors: [AdapterRole: String]
    /// What the product of the small matrices is multiplied by.
    package let scale: Float
    /// The inner width; nil for a whole difference.
    package let rank: Int?
    /// [outputs, inputs] of the layers together; nil for a bias alone.
    package let shape: [Int]?
    let outputs: Int
    /// Whether it is of a norm's gain, and not of a matrix.
    let isNorm: Bool
    /// Whether it is two small matrices.
    var hasHalves: Bool { tensors[.down] != nil }
  }

  /// - Throws: `CheckpointError` for a file that is damaged, or no adapter of FLUX.1
  package init(_ file: FileBytes, name: String) throws {
    self.name = name
    let entries = try Safetensors.entries(of: file)
    checkpoint = Checkpoint(name: name, entries: entries)
    let digest = Digest()
    file.withBytes(digest.update)
    sha256 = digest.finish()
    var found: [String: [AdapterRole: String]] = [:], strays: [String] = []
    for key in entries.keys.sorted() {
      guard let (layer, role) = AdapterRole.read(key) else { strays.append(key); continue }
      found[layer, default: [:]][role] = key
    }
    let reading = Reading(checkpoint, metadata: try Safetensors.metadata(of: file))
    var modules: [Module] = []
    for (layer, tensors) in found.sorted(by: { $0.key < $1.key }) {
      guard let (dialect, names, swaps) = Self.layers(of: layer) else { strays += tensors.values; continue }
      modules.append(try reading.module(layer, tensors, dialect, names, swapsHalves: swaps))
    }
    (self.modules, unknown) = (modules, strays.sorted())
    dialect = Set(modules.map(\.dialect)).sorted().joined(separator: " and ")
    if let family = Self.otherFamily(entries, placed: modules.count) {
      throw CheckpointError.malformed(name, "is an adapter for \(family), not for FLUX.1")
    }
    guard !modules.isEmpty else {
      throw CheckpointError.malformed(name, found.isEmpty ? "holds no adapter: none of its \(entries.count) tensors is named like half of a LoRA"
        : "is an adapter, but for no layer of FLUX.1: it changes '\(found.keys.sorted()[0])'\(found.count > 1 ? " and \(found.count - 1) more" : "")")
    }
  }

  private static func layers(of name: String) -> (Dialect, [String], Bool)? {
    for dialect in Dialect.all {
      if let (names, swaps) = dialect.layers(of: name) { return (dialect, names, swaps) }
    }
    return nil
  }

  /// The family that a file is for, where that is another one.
  private static func otherFamily(_ entries: [String: Checkpoint.Entry], placed: Int) -> String? {
    for (sign, family) in OtherFamily.signs where entries.keys.contains(where: { $0.contains(sign) }) { return family }
    guard placed == 0 || entries.keys.contains(where: { $0.hasPrefix("lora_unet_") || $0.hasPrefix("unet.") }),
          entries.keys.contains(where: { key in OtherFamily.unetSigns.contains { key.contains("unet_\($0)") || key.contains("unet.\($0)") } }) else { return nil }
    let text = entries.first { key, entry in
      (key.contains("attn2_to_k") || key.contains("attn2.to_k")) && entry.shape.count > 1 && [".lora_down.", ".lora.down.", ".lora_A."].contains { key.contains($0) }
    }
    // The width of the text that cross-attention reads.
    return switch text?.value.shape.dropFirst().first { case 2048: "SDXL"; case 1024: "Stable Diffusion 2"; case 768: "Stable Diffusion 1.5"; default: "Stable Diffusion or SDXL" }
  }

  /// Whether tensors of these names may be an adapter's.
  package static func isLikely(_ names: some Sequence<String>) -> Bool {
    names.contains { name in AdapterRole.read(name).map { $0.role != .gain } ?? false && !name.hasSuffix(".bias") }
  }

  /// Whether it changes this part of a model.
  package func changes(_ part: ModelPart) -> Bool { modules.contains { $0.part == part } }
  /// How many features of a token it reads of the pictures, where it says anything of that.
  package var pictureInputs: Int? { modules.first { $0.part == .transformer && $0.layers == ["x_embedder"] }?.shape?[1] }
  /// Whether it changes a text encoder.
  public var changesText: Bool { changes(.clip) || changes(.t5) }
}

/// The modules of one file.
private struct Reading {
  let checkpoint: Checkpoint
  /// What PEFT calls `lora_alpha`, where the file says it.
  private let alpha: Double?
  /// Whether ranks count by their root. Kalajdzievski 2023 (rsLoRA).
  private let takesRoot: Bool

  init(_ checkpoint: Checkpoint, metadata: [String: String]) {
    self.checkpoint = checkpoint
    let settings = metadata["lora_adapter_metadata"].flatMap { JSON(Data($0.utf8))?.map } ?? [:]
    alpha = settings["transformer.lora_alpha"]?.number
    takesRoot = settings["transformer.use_rslora"]?.flag ?? false
  }

  private func wrong(_ what: String) -> CheckpointError { .malformed(checkpoint.name, what) }

  /// The shape as a matrix: a 1×1 convolution is one.
  private func shape(_ key: String) throws -> [Int] {
    var shape = try checkpoint.entry(key).shape
    while shape.count > 2, shape.last == 1 { shape.removeLast() }
    guard shape.count == 2, shape[0] > 0, shape[1] > 0 else { throw wrong("tensor '\(key)' has shape \(try checkpoint.entry(key).shape), but a matrix is expected") }
    return shape
  }

  func module(_ name: String, _ tensors: [AdapterRole: String], _ dialect: Dialect, _ layers: [String], swapsHalves: Bool) throws -> LoRA.Module {
    if tensors[.gain] != nil || AdapterRole.norms.contains(where: { layers[0].hasSuffix($0) }) { return try norm(name, tensors, dialect, layers) }
    if tensors[.tucker] != nil { throw wrong("'\(name)' is in Tucker form, which is for convolutions; FLUX.1 has none") }
    if let key = tensors[.downBias] { throw wrong("'\(key)' is a bias between the two halves of an adapter, which this version does not apply") }
    var rank: Int?, shape: [Int]?
    if tensors[.down] != nil || tensors[.up] != nil {
      let down = try self.shape(half(tensors, .down, .up, name)), up = try self.shape(half(tensors, .up, .down, name))
      guard down[0] == up[1] else { throw wrong("'\(name)' has a down of rank \(down[0]) and an up of rank \(up[1]), but they must be equal; is the file damaged?") }
      (rank, shape) = (down[0], [up[0], down[1]])
    } else if let whole = tensors[.whole] {
      shape = try self.shape(whole)
    } else if tensors[.w1a] != nil || tensors[.w1] != nil || tensors[.w2a] != nil || tensors[.w2] != nil {
      let isHadamard = tensors.values.contains { $0.contains(".hada_") }
      let first = try factor(tensors, .w1, .w1a, .w1b, name), second = try factor(tensors, .w2, .w2a, .w2b, name)
      rank = second.rank ?? first.rank
      if isHadamard {
        guard first.shape == second.shape else { throw wrong("'\(name)' multiplies \(first.shape) with \(second.shape) number by number, but they must be equal; is the file damaged?") }
        shape = first.shape
      } else { shape = zip(first.shape, second.shape).map { $0 * $1 } }
    } else if tensors[.bias] == nil && tensors[.wholeBias] == nil {
      throw wrong("'\(name)' has only an alpha, and no matrices; is the file damaged?")
    }
    let bias = try (tensors[.bias] ?? tensors[.wholeBias]).map { try checkpoint.entry($0).parameterCount }
    if let bias, let shape, bias != shape[0] { throw wrong("'\(name)' has a bias of \(bias) for \(shape[0]) outputs; is the file damaged?") }
    if let key = tensors[.magnitude] {
      let magnitudes = try checkpoint.entry(key).shape
      guard let shape, magnitudes.reduce(1, *) == shape[0], magnitudes[0] == shape[0] else {
        throw wrong("'\(key)' has shape \(magnitudes), but this version applies magnitudes (DoRA) of outputs, one for each of \(shape.map { "\($0[0])" } ?? "the layer's")")
      }
    }
    return LoRA.Module(name: name, dialect: dialect.name, part: dialect.part, layers: layers, swapsHalves: swapsHalves, tensors: tensors,
                       scale: try scale(tensors, rank, dialect), rank: rank, shape: shape, outputs: shape?[0] ?? bias ?? 0, isNorm: false)
  }

  private func norm(_ name: String, _ tensors: [AdapterRole: String], _ dialect: Dialect, _ layers: [String]) throws -> LoRA.Module {
    guard tensors.count == 1, layers.count == 1, let key = tensors[.gain] ?? tensors[.whole], AdapterRole.norms.contains(where: { layers[0].hasSuffix($0) }) else {
      throw wrong("'\(tensors.values.sorted()[0])' is no gain of a norm that FLUX.1 has, nor the difference of one")
    }
    return LoRA.Module(name: name, dialect: dialect.name, part: dialect.part, layers: layers, swapsHalves: false, tensors: tensors, scale: 1, rank: nil, shape: nil,
                       outputs: try checkpoint.entry(key).parameterCount, isNorm: true)
  }

  private func half(_ tensors: [AdapterRole: String], _ wanted: AdapterRole, _ other: AdapterRole, _ name: String) throws -> String {
    guard let key = tensors[wanted] else { throw wrong("'\(tensors[other] ?? name)' has no other half: the adapter of '\(name)' lacks its \(wanted); is the file damaged?") }
    return key
  }

  /// A factor as it is, or as a product of two.
  private func factor(_ tensors: [AdapterRole: String], _ whole: AdapterRole, _ a: AdapterRole, _ b: AdapterRole, _ name: String) throws -> (shape: [Int], rank: Int?) {
    if let key = tensors[whole] { return (try shape(key), nil) }
    guard let first = tensors[a], let second = tensors[b] else { throw wrong("'\(name)' lacks one of its factors; is the file damaged?") }
    let left = try shape(first), right = try shape(second)
    guard left[1] == right[0] else { throw wrong("'\(name)' multiplies \(left) with \(right), which do not fit; is the file damaged?") }
    return ([left[0], right[1]], right[0])
  }

  private func scale(_ tensors: [AdapterRole: String], _ rank: Int?, _ dialect: Dialect) throws -> Float {
    guard let rank else { return 1 }
    var alpha = dialect.part == .transformer ? self.alpha : nil, ranks = takesRoot ? Double(rank).squareRoot() : Double(rank)
    if let key = tensors[.alpha] {
      let value = try checkpoint.tensor(key)
      guard value.count == 1, let number = value.values.first, number.isFinite else { throw wrong("'\(key)' must be one number") }
      (alpha, ranks) = (Double(number), Double(rank))
    }
    return alpha.map { Float($0 / ranks) } ?? 1
  }
}

extension LoRA {
  /// The matrices of a module: what goes down, what goes up again, and a bias. Without `up`, `down` is the whole difference.
  func matrices(of module: Module) throws -> (down: Tensor, up: Tensor?, bias: Tensor?) {
    func matrix(_ role: AdapterRole) throws -> Tensor? {
      try module.tensors[role].map { key in
        let made = try checkpoint.tensor(key)
        return made.reshaped([made.shape.first ?? 1, made.count / max(made.shape.first ?? 1, 1)])
      }
    }
    func factor(_ whole: AdapterRole, _ a: AdapterRole, _ b: AdapterRole) throws -> Tensor? {
      if let found = try matrix(whole) { return found }
      guard let first = try matrix(a), let second = try matrix(b) else { return nil }
      return try Tensor.matmul(first, second)
    }
    var bias = try (module.tensors[.bias] ?? module.tensors[.wholeBias]).map { key in
      let made = try checkpoint.tensor(key)
      return made.reshaped([made.count])
    }
    if module.swapsHalves { bias = bias?.withHalvesSwapped }
    func placed(_ x: Tensor) -> Tensor { module.swapsHalves ? x.withHalvesSwapped : x }
    if let down = try matrix(.down), let up = try matrix(.up) { return (down, placed(module.scale == 1 ? up : module.scale * up), bias) }
    if let whole = try matrix(.whole) { return (placed(whole), nil, bias) }
    if let first = try factor(.w1, .w1a, .w1b), let second = try factor(.w2, .w2a, .w2b) {
      let made = module.tensors.values.contains { $0.contains(".hada_") } ? first * second : Self.kronecker(first, second)
      return (placed(module.scale * made), nil, bias)
    }
    return (Tensor.zeros([module.outputs, 1]), nil, bias)
  }

  /// The whole difference of a module's weight, [outputs, inputs].
  func difference(of module: Module) throws -> Tensor {
    let (down, up, _) = try matrices(of: module)
    return try up.map { try Tensor.matmul($0, down) } ?? down
  }

  /// The magnitudes of a decomposed module (DoRA), one for each output; nil for others.
  func magnitudes(of module: Module) throws -> Tensor? {
    try module.tensors[.magnitude].map { key in
      let made = try checkpoint.tensor(key)
      let flat = made.reshaped([made.count])
      return module.swapsHalves ? flat.withHalvesSwapped : flat
    }
  }

  /// What takes the place of a norm's gain, or is added to it.
  func norm(of module: Module) throws -> (gain: Tensor, replaces: Bool) {
    let key = module.tensors[.gain] ?? module.tensors[.whole] ?? ""
    let made = try checkpoint.tensor(key)
    return (made.reshaped([made.count]), module.tensors[.gain] != nil)
  }

  /// a ⊗ b: b at every number of a, times it.
  private static func kronecker(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (rows, columns, height, width) = (a.rows, a.width, b.rows, b.width)
    var made = Tensor(uninitialized: [rows * height, columns * width])
    made.withMutableFloats { y in
      for row in 0..<rows * height { for column in 0..<columns {
        let factor = a.floats[row / height * columns + column], from = b.floats + row % height * width, to = row * columns * width + column * width
        for index in 0..<width { y[to + index] = factor * from[index] }
      } }
    }
    return made
  }
}

extension Tensor {
  /// The second half of the first axis before the first.
  fileprivate var withHalvesSwapped: Tensor {
    let half = (shape.first ?? 0) / 2
    return Tensor.concatenated([self[half..<2 * half], self[0..<half]].map { $0.reshaped([half] + shape.dropFirst()) })
  }
}
