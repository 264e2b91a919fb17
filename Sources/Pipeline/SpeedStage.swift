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
  public func measure(_ encoding: Encoding, size: Int, text: Int, tile: Int? = nil, repeats: Int) throws -> Result {
    switch self {
    case .t5: try measuredT5(encoding, tokens: text, repeats)
    case .vae: try measuredDecoder(encoding, size: size, tile: tile, repeats)
    case .attention: try measuredAttention(encoding, tokens: size / 16 * (size / 16) + text, repeats)
    case .controlnet: try measuredControlNet(encoding, size: size, text: text, repeats)
    }
  }

  func result(_ encoding: Encoding, size: Int? = nil, tokens: Int? = nil, _ repeats: Int, _ seconds: Double, floor: Double? = nil, operations: Double) -> Result {
    Result(stage: rawValue, encoding: encoding.rawValue, isa: InstructionSet.full, size: size, tokens: tokens, threads: Team.threads, repeats: repeats, seconds: seconds,
           floorSeconds: floor, ratio: floor.map { seconds / $0 }, gigaflopsPerSecond: operations / seconds / 1e9, peakBytes: SpeedSlice.peak)
  }

  // Sizes of T5 v1.1 XXL, and how many layers are tried at once, so that a prompt's beginning and end weigh little.
  private static let published = (width: 4096, hidden: 10240, heads: 64, depth: 64), layers = 2

  private func measuredT5(_ encoding: Encoding, tokens: Int, _ repeats: Int) throws -> Result {
    let (stored, precision) = SpeedSlice.kept(encoding), multiplied = ProductFloor.multiplied(encoding), c = Self.published, inner = c.heads * c.depth
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
    let products = try [(c.width, 3 * inner), (inner, c.width), (c.width, 2 * c.hidden), (c.hidden, c.width)].map {
      try LoneProduct(rows: tokens, inputs: $0.0, outputs: $0.1, encoding: multiplied)
    }
    let heads = try LoneAttention(heads: c.heads, tokens: tokens, depth: c.depth, encoding: multiplied == .f32 ? .f32 : .bf16)
    let ids = (0..<tokens).map { $0 % 32 }
    var time = Double.infinity, floor = [Double](repeating: .infinity, count: products.count + 1)
    for _ in 0..<repeats {
      time = min(time, try ProductFloor.seconds { _ = try model(ids) } / Double(Self.layers))
      for (index, product) in products.enumerated() { floor[index] = min(floor[index], try ProductFloor.seconds { try product.run() }) }
      floor[products.count] = min(floor[products.count], try ProductFloor.seconds { try heads.run() })
    }
    return result(encoding, tokens: tokens, repeats, time, floor: floor.reduce(0, +), operations: configuration.operations(tokens: tokens, layers: 1))
  }

  private func measuredAttention(_ encoding: Encoding, tokens: Int, _ repeats: Int) throws -> Result {
    let kept: Encoding = encoding == .f32 || !Product.multipliesBF16 ? .f32 : .bf16, heads = 24, depth = 128
    let rows = Tensor.varied([tokens, 3 * heads * depth])
    let cut = (0..<3).map { index in
      let made = Heads(heads: heads, tokens: tokens, depth: depth, encoding: kept)
      made.write(rows, column: index * heads * depth, first: 0)
      return made
    }
    let whole = Attention(scale: 1 / Float(depth).squareRoot()), lone = try LoneAttention(heads: heads, tokens: tokens, depth: depth, encoding: kept)
    var time = Double.infinity, floor = Double.infinity
    for _ in 0..<repeats {
      time = min(time, try ProductFloor.seconds { _ = try whole(cut[0], cut[1], cut[2]) })
      floor = min(floor, try ProductFloor.seconds { try lone.run() })
    }
    return result(kept, tokens: tokens, repeats, time, floor: floor, operations: 4 * Double(tokens) * Double(tokens) * Double(heads * depth))
  }

  /// Channels of FLUX.1's autoencoder, the finest resolution first.
  private static let channels = [128, 256, 512, 512]

  private func measuredDecoder(_ encoding: Encoding, size: Int, tile: Int?, _ repeats: Int) throws -> Result {
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
    var time = Double.infinity
    for _ in 0..<repeats { time = min(time, try ProductFloor.seconds { _ = try model.decode(x, tiling: tile.map { Tiling(side: $0) }) }) }
    return result(kept, size: size, repeats, time, operations: configuration.decodingOperations(pixels: size * size))
  }
}
