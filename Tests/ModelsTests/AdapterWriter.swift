import Checkpoints
import Models
import Tensors
import TestSupport

/// One random adapter for every layer of a transformer, written in any dialect.
struct AdapterWriter {
  /// A layer as Black Forest Labs name it: what it is called elsewhere, and its small matrices. Layers that they fuse share one `down`.
  struct Layer {
    let bfl: String, diffusers: [String], outputs: [Int]
    let down: Tensor, up: Tensor
  }

  let layers: [Layer]
  static let rank = 3, alpha: Float = 2

  init(for checkpoint: Checkpoint, seed: UInt64 = 7, scale: Float = 0.3, where isWanted: (String) -> Bool = { _ in true }) throws {
    var random = Random(seed: seed), made: [Layer] = []
    for rule in KeyMap.transformer.rules {
      for block in 0..<64 {
        let isNumbered = rule.to[0].contains("#")
        if !isNumbered && block > 0 { break }
        func name(_ parts: [Substring]) -> String { parts.map { $0 == "#" ? "\(block)" : String($0) }.joined(separator: ".") }
        let names = rule.to.map(name), shapes = names.compactMap { checkpoint.entries["\($0).weight"]?.shape }
        guard shapes.count == names.count, shapes.allSatisfy({ $0.count == 2 }), isWanted(name(rule.from)) else { continue }
        let outputs = shapes.map { $0[0] }
        made.append(Layer(bfl: name(rule.from), diffusers: names, outputs: outputs, down: random.tensor([Self.rank, shapes[0][1]], scale: scale),
                          up: random.tensor([outputs.reduce(0, +), Self.rank], scale: scale)))
      }
    }
    layers = made
  }

  /// Rows of `up` for each of the fused layers, as diffusers keeps them; Δ = alpha/rank · up·down.
  private func parts(_ layer: Layer) -> [Tensor] {
    var first = 0
    let parts = layer.outputs.map { count in
      defer { first += count }
      return layer.up[first..<first + count]
    }
    guard layer.bfl == "final_layer.adaLN_modulation.1" else { return parts }
    let half = layer.up.rows / 2      // BFL keeps (shift, scale), diffusers (scale, shift)
    return [Tensor.concatenated([layer.up[half..<2 * half], layer.up[0..<half]])]
  }

  /// Differences of the weights, by diffusers' names.
  func differences() throws -> [String: Tensor] {
    var made: [String: Tensor] = [:]
    for layer in layers {
      for (name, up) in zip(layer.diffusers, parts(layer)) { made["\(name).weight"] = try Self.alpha / Float(Self.rank) * Tensor.matmul(up, layer.down) }
    }
    return made
  }

  /// With BFL's names: what stands before and after them, and whether dots are underscores.
  func bfl(prefix: String, flat: Bool = false, _ down: String, _ up: String, alpha: Bool) -> [String: Tensor] {
    var made: [String: Tensor] = [:]
    for layer in layers {
      let name = prefix + (flat ? layer.bfl.replacing(".", with: "_") : layer.bfl)
      made[name + down] = layer.down
      made[name + up] = alpha ? layer.up : Self.alpha / Float(Self.rank) * layer.up
      if alpha { made["\(name).alpha"] = Tensor([], [Self.alpha]) }
    }
    return made
  }

  /// With diffusers' names.
  func diffusers(prefix: String, flat: Bool = false, _ down: String, _ up: String, alpha: Bool) -> [String: Tensor] {
    var made: [String: Tensor] = [:]
    for layer in layers {
      for (own, part) in zip(layer.diffusers, parts(layer)) {
        let name = prefix + (flat ? own.replacing(".", with: "_") : own)
        made[name + down] = layer.down
        made[name + up] = alpha ? part : Self.alpha / Float(Self.rank) * part
        if alpha { made["\(name).alpha"] = Tensor([], [Self.alpha]) }
      }
    }
    return made
  }

  /// XLabs' names, which only attention has.
  var xlabs: [String: Tensor] {
    let names = ["img_attn.qkv": "qkv_lora1", "txt_attn.qkv": "qkv_lora2", "img_attn.proj": "proj_lora1", "txt_attn.proj": "proj_lora2", "linear2": "proj_lora"]
    var made: [String: Tensor] = [:]
    for layer in layers {
      guard let (end, own) = names.first(where: { layer.bfl.hasSuffix($0.key) }) else { continue }
      let name = layer.bfl.dropLast(end.count) + "processor.\(own)"
      made["\(name).down.weight"] = layer.down
      made["\(name).up.weight"] = Self.alpha / Float(Self.rank) * layer.up
    }
    return made
  }

  /// Every dialect that can say all of it.
  var dialects: [String: [String: Tensor]] {
    [
      "PEFT": diffusers(prefix: "transformer.", ".lora_A.weight", ".lora_B.weight", alpha: false),
      "PEFT, named": diffusers(prefix: "transformer.", ".lora_A.default.weight", ".lora_B.default.weight", alpha: false),
      "ai-toolkit": diffusers(prefix: "transformer.", ".lora_A.weight", ".lora_B.weight", alpha: true),
      "kohya": bfl(prefix: "lora_unet_", flat: true, ".lora_down.weight", ".lora_up.weight", alpha: true),
      "OneTrainer": diffusers(prefix: "lora_transformer_", flat: true, ".lora_down.weight", ".lora_up.weight", alpha: true),
      "SimpleTuner": diffusers(prefix: "lycoris_", flat: true, ".lora_down.weight", ".lora_up.weight", alpha: true),
      "ComfyUI": bfl(prefix: "diffusion_model.", ".lora_down.weight", ".lora_up.weight", alpha: true),
      "fal": bfl(prefix: "base_model.model.", ".lora_A.weight", ".lora_B.weight", alpha: false),
      "BFL": bfl(prefix: "", ".lora_A.weight", ".lora_B.weight", alpha: false),
      "bare": diffusers(prefix: "", ".lora_A.weight", ".lora_B.weight", alpha: false),
    ]
  }
}
