import Checkpoints
import Foundation
import Models
import Tensors

/// A slice of FLUX.1 at full width, with weights made in memory: what speed is measured by. 2 double and 4 single blocks, 24 heads
/// of 128, a picture's tokens and a text's.
///
/// The floor is every product of the slice by itself, attention's two included, timed through oneDNN in the same run.
public final class SpeedSlice {
  public struct Result: Codable, Sendable {
    public let encoding: String, isa: String
    public let size: Int, imageTokens: Int, textTokens: Int, threads: Int, repeats: Int
    /// The least of all repeats.
    public let secondsPerStep: Double, floorSeconds: Double
    /// The step over the products alone.
    public let ratio: Double
    public let gigaflopsPerSecond: Double
    /// Parts of the step's floor: linear layers, attention, modulations.
    public let floorParts: [String: Double]
    public let peakBytes: Int
    /// A step with a LoRA beside every weight of the blocks, over the one without just before it; the middle of all repeats.
    public let adapterRatio: Double?
    /// What it takes once to make it part of the weights.
    public let mergeSeconds: Double?
  }

  static let width = 3072, heads = 24, depth = 128, doubles = 2, singles = 4, axes = [16, 56, 56]
  private let encoding: Encoding
  private let size: Int, text: Int
  private let model: FluxTransformer
  private let checkpoint: Checkpoint, precision: Encoding
  private let rotary: Rotary, img: Tensor, txt: Tensor, vec: Tensor
  private var image: Int { size / 16 * (size / 16) }

  /// - Parameters:
  ///   - encoding: of the weights: f32, bf16, int8 or a block type of GGUF
  ///   - size: pixels along each side
  ///   - text: T5 tokens
  public init(_ encoding: Encoding, size: Int, text: Int) throws {
    (self.encoding, self.size, self.text) = (encoding, size, text)
    let config: [String: JSON] = ["num_layers": .number(Double(Self.doubles)), "num_single_layers": .number(Double(Self.singles)), "guidance_embeds": .flag(true)]
    let (stored, precision) = Self.kept(encoding)
    (self.precision, checkpoint) = (precision, try Self.weights(stored).checkpoint)
    model = try FluxTransformer(Weights(checkpoint, precision: precision), FluxConfiguration(Settings(of: "bench", config)))
    rotary = Rotary(text: text, rows: size / 16, columns: size / 16, axes: Self.axes)
    (img, txt, vec) = (.varied([size / 16 * (size / 16), Self.width]), .varied([text, Self.width]), .varied([1, Self.width]))
  }

  /// Tensors of the slice, under diffusers' names; each its own bytes.
  static func weights(_ encoding: Encoding) throws -> BenchWeights {
    var weights = BenchWeights()
    let w = width
    weights.linear("x_embedder", 64, w, .bf16)
    weights.linear("context_embedder", 4096, w, .bf16)
    for (name, inputs) in [("timestep", 256), ("guidance", 256), ("text", 768)] {
      weights.linear("time_text_embed.\(name)_embedder.linear_1", inputs, w, .bf16)
      weights.linear("time_text_embed.\(name)_embedder.linear_2", w, w, .bf16)
    }
    weights.linear("norm_out.linear", w, 2 * w, .bf16)
    weights.linear("proj_out", w, 64, .bf16)
    for block in 0..<doubles {
      let start = "transformer_blocks.\(block)"
      for (norm, projections, out, feed) in [("norm1", ["to_q", "to_k", "to_v"], "to_out.0", "ff"), ("norm1_context", ["add_q_proj", "add_k_proj", "add_v_proj"], "to_add_out", "ff_context")] {
        weights.linear("\(start).\(norm).linear", w, 6 * w, encoding)
        for name in projections { weights.linear("\(start).attn.\(name)", w, w, encoding) }
        weights.linear("\(start).attn.\(out)", w, w, encoding)
        weights.linear("\(start).\(feed).net.0.proj", w, 4 * w, encoding)
        weights.linear("\(start).\(feed).net.2", 4 * w, w, encoding)
      }
      for name in ["norm_q", "norm_k", "norm_added_q", "norm_added_k"] { weights.add("\(start).attn.\(name).weight", [depth], .bf16) }
    }
    for block in 0..<singles {
      let start = "single_transformer_blocks.\(block)"
      weights.linear("\(start).norm.linear", w, 3 * w, encoding)
      for name in ["attn.to_q", "attn.to_k", "attn.to_v"] { weights.linear("\(start).\(name)", w, w, encoding) }
      weights.linear("\(start).proj_mlp", w, 4 * w, encoding)
      weights.linear("\(start).proj_out", 5 * w, w, encoding)
      for name in ["norm_q", "norm_k"] { weights.add("\(start).attn.\(name).weight", [depth], .bf16) }
    }
    return weights
  }

  /// Each linear layer's product in a step of so many tokens.
  static func products(image: Int, text: Int) -> [ProductFloor.Shape] {
    let w = width, all = image + text
    return [image, text].flatMap { rows in [(rows, w, 3 * w, doubles), (rows, w, w, doubles), (rows, w, 4 * w, doubles), (rows, 4 * w, w, doubles)] }
      + [(all, w, 7 * w, singles), (all, 5 * w, w, singles)]
  }
  static func attentions(tokens: Int) -> (heads: Int, tokens: Int, depth: Int, count: Int) { (heads, tokens, depth, doubles + singles) }
  static let modulations: [ProductFloor.Shape] = [(1, width, 6 * width, 2 * doubles), (1, width, 3 * width, singles)]

  /// How weights are stored for an encoding, and how they are kept.
  static func kept(_ encoding: Encoding) -> (stored: Encoding, precision: Encoding) {
    (encoding.isFloat || encoding == .int8 ? .bf16 : encoding, encoding == .f32 || encoding == .int8 ? encoding : .bf16)
  }

  private var operations: Double {
    let linear = Self.products(image: image, text: text).reduce(0.0) { $0 + 2 * Double($1.rows) * Double($1.inputs) * Double($1.outputs) * Double($1.count) }
    let tokens = Double(image + text)
    return linear + Double(Self.doubles + Self.singles) * 4 * tokens * tokens * Double(Self.width)
  }

  /// Steps and products alone, in turns, and the least of each.
  /// - Parameter rank: of a LoRA beside every weight of the blocks, to be measured too
  public func measure(repeats: Int, rank: Int? = nil, progress: (String) -> Void = { _ in }) throws -> Result {
    let lora = try rank.map(lora), adapted = try lora.map { model.adapted(by: [(try $0.fitted(to: model, .transformer, of: checkpoint), 0.5)]) }
    let piece = piece
    var step = Double.infinity, ratios: [Double] = []
    var floor = try ProductFloor(Self.products(image: image, text: text), modulations: Self.modulations, attentions: Self.attentions(tokens: image + text), encoding)
    for turn in 0..<repeats {
      progress("\(turn + 1)/\(repeats)")
      let time = try piece.seconds()
      step = min(step, time)
      if let adapted { ratios.append(try ProductFloor.seconds { try run(adapted) } / time) }
      try floor.measure()
    }
    let merging = try lora.map { lora in try ProductFloor.seconds { _ = try model.merged(with: [(lora, 0.5)], .transformer, of: checkpoint, precision: precision) } }
    return Result(encoding: encoding.rawValue, isa: InstructionSet.full, size: size, imageTokens: image, textTokens: text, threads: Team.threads, repeats: repeats,
                  secondsPerStep: step, floorSeconds: floor.seconds, ratio: step / floor.seconds, gigaflopsPerSecond: operations / step / 1e9, floorParts: floor.parts, peakBytes: Self.peak, adapterRatio: ratios.isEmpty ? nil : ratios.sorted()[ratios.count / 2], mergeSeconds: merging)
  }

  /// An adapter of this rank for every weight of the blocks.
  private func lora(rank: Int) throws -> LoRA {
    var halves: [String: Tensor] = [:]
    for (name, entry) in checkpoint.entries where name.contains("transformer_blocks.") && entry.shape.count == 2 {
      let layer = name.dropLast(".weight".count)
      halves["\(layer).lora_A.weight"] = Tensor(repeating: 1e-3, [rank, entry.shape[1]])
      halves["\(layer).lora_B.weight"] = Tensor(repeating: 1e-3, [entry.shape[0], rank])
    }
    let bytes = try Safetensors.file(halves), storage = Storage(count: bytes.count)
    bytes.withUnsafeBytes { storage.start.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    return try LoRA(FileBytes(name: "bench", storage: storage), name: "bench")
  }

  /// To be timed by itself.
  public var piece: SpeedPiece { SpeedPiece(encoding, size: size, tokens: image + text, operations: operations) { [self] in try run(model) } }

  /// All blocks once.
  private func run(_ model: FluxTransformer) throws {
    var i = img, t = txt
    for block in model.doubleBlocks { try block(img: &i, txt: &t, vec: vec, rotary: rotary) }
    var x = Tensor.concatenated([t, i])
    for block in model.singleBlocks { try block(&x, vec: vec, rotary: rotary) }
  }

  /// The most that the process held so far.
  static var peak: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .ascii)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
  }
}
