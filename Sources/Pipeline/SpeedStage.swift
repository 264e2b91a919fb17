import Checkpoints
import Conditioning
import Foundation
import Models
import Tensors

/// Pieces of FLUX.1 at full width beside the slice of the transformer, each by itself, with weights made in memory.
public enum SpeedStage: String, CaseIterable, Sendable {
  /// One layer of T5-XXL: 64 heads of 64, a feed-forward of 10,240.
  case t5
  /// The autoencoder's decoder.
  case vae
  /// Attention of one block of the transformer: 24 heads of 128.
  case attention
  /// A ControlNet of as many blocks as the slice has, and adding what it says to the transformer.
  case controlnet

  public struct Result: Codable, Sendable {
    public let stage: String, encoding: String, isa: String
    /// Pixels along each side, of what has some.
    public let size: Int?
    public let tokens: Int?
    public let threads: Int, repeats: Int
    /// The least of all repeats.
    public let seconds: Double
    /// The products alone, and the ratio to them, of what has such a floor.
    public let floorSeconds: Double?, ratio: Double?
    public let gigaflopsPerSecond: Double
    public let peakBytes: Int
  }

  /// - Parameters:
  ///   - encoding: f32, bf16, int8 or, of T5, a block type of GGUF
  ///   - size: pixels along each side of what is decoded, or whose tokens attend
  ///   - text: T5 tokens
  public func piece(_ encoding: Encoding, size: Int, text: Int, tile: Int? = nil) throws -> SpeedPiece {
    switch self {
    case .t5: try t5(encoding, tokens: text)
    case .vae: try decoder(encoding, size: size, tile: tile)
    case .attention: try attention(encoding, tokens: size / 16 * (size / 16) + text)
    case .controlnet: try controlNet(encoding, size: size, text: text)
    }
  }

  /// The piece and its products alone, in turns, and the least of each.
  public func measure(_ encoding: Encoding, size: Int, text: Int, tile: Int? = nil, repeats: Int) throws -> Result {
    let piece = try piece(encoding, size: size, text: text, tile: tile)
    var floor = piece.floor, seconds = Double.infinity
    for _ in 0..<repeats {
      seconds = min(seconds, try piece.seconds())
      try floor?.measure()
    }
    return Result(stage: rawValue, encoding: piece.encoding.rawValue, isa: InstructionSet.full, size: piece.size, tokens: piece.tokens, threads: Team.threads, repeats: repeats, seconds: seconds,
                  floorSeconds: floor?.seconds, ratio: floor.map { seconds / $0.seconds }, gigaflopsPerSecond: piece.operations / seconds / 1e9, peakBytes: SpeedSlice.peak)
  }

  // Sizes of T5 v1.1 XXL, and how many layers are tried at once, so that a prompt's beginning and end weigh little.
  private static let published = (width: 4096, hidden: 10240, heads: 64, depth: 64), layers = 2

  private func t5(_ encoding: Encoding, tokens: Int) throws -> SpeedPiece {
    let (stored, precision) = SpeedSlice.kept(encoding), c = Self.published, inner = c.heads * c.depth
    var weights = BenchWeights()
    weights.add("shared.weight", [32, c.width], .bf16)
    weights.add("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", [32, c.heads], .bf16)
    weights.add("encoder.final_layer_norm.weight", [c.width], .bf16)
    for layer in 0..<Self.layers {
      let start = "encoder.block.\(layer).layer"
      for name in ["q", "k", "v"] { weights.linear("\(start).0.SelfAttention.\(name)", c.width, inner, stored, bias: false) }
      weights.linear("\(start).0.SelfAttention.o", inner, c.width, stored, bias: false)
      for name in ["wi_0", "wi_1"] { weights.linear("\(start).1.DenseReluDense.\(name)", c.width, c.hidden, stored, bias: false) }
      weights.linear("\(start).1.DenseReluDense.wo", c.hidden, c.width, stored, bias: false)
      for index in 0...1 { weights.add("\(start).\(index).layer_norm.weight", [c.width], .bf16) }
    }
    let sizes: [String: JSON] = ["vocab_size": .number(32), "d_model": .number(Double(c.width)), "d_kv": .number(Double(c.depth)), "num_heads": .number(Double(c.heads)),
                                 "num_layers": .number(Double(Self.layers)), "d_ff": .number(Double(c.hidden)), "feed_forward_proj": .text("gated-gelu")]
    let configuration = try T5Configuration(Settings(of: "bench", sizes))
    let model = try T5Encoder(Weights(weights.checkpoint, precision: precision), configuration)
    let products = [(c.width, 3 * inner), (inner, c.width), (c.width, 2 * c.hidden), (c.hidden, c.width)].map { ProductFloor.Shape(tokens, $0.0, $0.1, 1) }
    let floor = try ProductFloor(products, attentions: (c.heads, tokens, c.depth, 1), encoding), ids = (0..<tokens).map { $0 % 32 }
    return SpeedPiece(encoding, tokens: tokens, operations: configuration.operations(tokens: tokens, layers: 1), count: Self.layers, floor: floor) { _ = try model(ids) }
  }

  private func attention(_ encoding: Encoding, tokens: Int) throws -> SpeedPiece {
    let kept: Encoding = encoding == .f32 || !Product.multipliesBF16 ? .f32 : .bf16, heads = 24, depth = 128
    let rows = Tensor.varied([tokens, 3 * heads * depth])
    let cut = (0..<3).map { index in
      let made = Heads(heads: heads, tokens: tokens, depth: depth, encoding: kept)
      made.write(rows, column: index * heads * depth, first: 0)
      return made
    }
    let whole = Attention(scale: 1 / Float(depth).squareRoot()), floor = try ProductFloor([], attentions: (heads, tokens, depth, 1), kept)
    return SpeedPiece(kept, tokens: tokens, operations: 4 * Double(tokens) * Double(tokens) * Double(heads * depth), floor: floor) { _ = try whole(cut[0], cut[1], cut[2]) }
  }

  /// Channels of FLUX.1's autoencoder, the finest resolution first.
  private static let channels = [128, 256, 512, 512]

  private func decoder(_ encoding: Encoding, size: Int, tile: Int?) throws -> SpeedPiece {
    let kept: Encoding = encoding == .f32 ? .f32 : .bf16, channels = Self.channels, latents = 16
    var weights = BenchWeights()
    func block(_ name: String, _ inputs: Int, _ outputs: Int) {
      weights.norm("\(name).norm1", inputs)
      weights.convolution("\(name).conv1", inputs, outputs)
      weights.norm("\(name).norm2", outputs)
      weights.convolution("\(name).conv2", outputs, outputs)
      if inputs != outputs { weights.convolution("\(name).conv_shortcut", inputs, outputs, window: 1) }
    }
    let last = channels[channels.count - 1]
    weights.convolution("decoder.conv_in", latents, last)
    for index in 0...1 { block("decoder.mid_block.resnets.\(index)", last, last) }
    weights.norm("decoder.mid_block.attentions.0.group_norm", last)
    for name in ["to_q", "to_k", "to_v", "to_out.0"] { weights.linear("decoder.mid_block.attentions.0.\(name)", last, last, .bf16) }
    var inputs = last
    for (level, outputs) in channels.reversed().enumerated() {
      for index in 0...2 {
        block("decoder.up_blocks.\(level).resnets.\(index)", inputs, outputs)
        inputs = outputs
      }
      if level < channels.count - 1 { weights.convolution("decoder.up_blocks.\(level).upsamplers.0.conv", outputs, outputs) }
    }
    weights.norm("decoder.conv_norm_out", inputs)
    weights.convolution("decoder.conv_out", inputs, 3)
    let sizes: [String: JSON] = ["block_out_channels": .list(channels.map { .number(Double($0)) }), "layers_per_block": .number(2), "latent_channels": .number(Double(latents)),
                                 "norm_num_groups": .number(32), "scaling_factor": .number(0.3611), "shift_factor": .number(0.1159),
                                 "use_quant_conv": .flag(false), "use_post_quant_conv": .flag(false)]
    let configuration = try AutoEncoderConfiguration(Settings(of: "bench", sizes))
    let model = try AutoEncoder(Weights(weights.checkpoint, precision: kept), configuration)
    let x = Tensor.varied([latents, size / 8, size / 8])
    return SpeedPiece(kept, size: size, operations: configuration.decodingOperations(pixels: size * size)) { _ = try model.decode(x, tiling: tile.map { Tiling(side: $0) }) }
  }
}
