import Checkpoints
import Tensors

/// The layers that encoder and decoder are made of. Pictures are rows of channels, one a pixel.
extension Weights {
  /// A convolution `name.weight` [outputs, inputs, k, k] with `name.bias`.
  func convolution(_ name: String, _ inputs: Int, _ outputs: Int, window: Int = 3, stride: Int = 1,
                   padding: (Int, Int) = (1, 1)) throws -> Convolution {
    let rows = try rows("\(name).weight", [outputs, inputs, window, window])
    return try Convolution(weight: rows, inputs: inputs, window: window, bias: tensor("\(name).bias", [outputs]), stride: stride,
                           padding: padding, precision: precision, isRead: !isSurvey)
  }
}

/// Group norm followed by SiLU.
struct GroupNorm: Sendable {
  let gain: Tensor, offset: Tensor
  let groups: Int

  init(_ weights: Weights, _ channels: Int, groups: Int) throws {
    gain = try weights.tensor("weight", [channels])
    offset = try weights.tensor("bias", [channels])
    self.groups = groups
  }

  /// - Parameter shared: what tiles of one picture know of each other
  func callAsFunction(_ x: Tensor, silu: Bool = true, as encoding: Encoding, _ shared: SharedNorms? = nil) -> Operand {
    x.groupNorm(groups: groups, gain: gain, offset: offset, epsilon: 1e-6, silu: silu, as: encoding, sums: shared?.sums(x))
  }
}

/// Two normalised convolutions beside a shortcut. Reference: diffusers `ResnetBlock2D`.
struct ResidualBlock: Sendable {
  private let norm1: GroupNorm, norm2: GroupNorm
  private let conv1: Convolution, conv2: Convolution
  private let shortcut: Convolution?

  init(_ weights: Weights, _ inputs: Int, _ outputs: Int, groups: Int) throws {
    norm1 = try GroupNorm(weights["norm1"], inputs, groups: groups)
    conv1 = try weights.convolution("conv1", inputs, outputs)
    norm2 = try GroupNorm(weights["norm2"], outputs, groups: groups)
    conv2 = try weights.convolution("conv2", outputs, outputs)
    shortcut = inputs == outputs ? nil : try weights.convolution("conv_shortcut", inputs, outputs, window: 1, padding: (0, 0))
  }

  func callAsFunction(_ x: Tensor, _ extent: Extent, _ shared: SharedNorms? = nil) throws -> Tensor {
    let hidden = try conv1(norm1(x, as: conv1.encoding, shared), extent)
    var y = try conv2(norm2(hidden, as: conv2.encoding, shared), extent)
    y.add(try shortcut.map { try $0(Operand(x, $0.encoding), extent) } ?? x)
    return y
  }
}

/// Every pixel looks at every other, in one head. Reference: diffusers `Attention` as `AutoencoderKL` uses it.
struct PixelAttention: Sendable {
  private let norm: GroupNorm
  private let qkv: Linear, out: Linear
  private let channels: Int

  init(_ weights: Weights, _ channels: Int, groups: Int) throws {
    self.channels = channels
    norm = try GroupNorm(weights["group_norm"], channels, groups: groups)
    qkv = try weights.linear([("to_q", channels), ("to_k", channels), ("to_v", channels)], inputs: channels)
    out = try weights.linear("to_out.0", inputs: channels, outputs: channels)
  }

  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let made = try qkv(norm(x, silu: false, as: qkv.intake.encoding))
    let heads = (0..<3).map { index in
      let heads = Heads(heads: 1, tokens: x.rows, depth: channels, encoding: qkv.intake.heads)
      heads.write(made, column: index * channels, first: 0)
      return heads
    }
    var y = try out(Attention(scale: 1 / Float(channels).squareRoot())(heads[0], heads[1], heads[2]))
    y.add(x)
    return y
  }
}

/// The coarsest resolution: a block, attention, a block.
struct MiddleBlock: Sendable {
  private let first: ResidualBlock, second: ResidualBlock
  private let attention: PixelAttention?

  init(_ weights: Weights, _ configuration: AutoEncoderConfiguration) throws {
    let channels = configuration.channels[configuration.channels.count - 1], groups = configuration.groups
    try weights.expect(configuration.attends ? 1 : 0, of: "attentions", "mid_block_add_attention")
    first = try ResidualBlock(weights["resnets", 0], channels, channels, groups: groups)
    attention = configuration.attends ? try PixelAttention(weights["attentions", 0], channels, groups: groups) : nil
    second = try ResidualBlock(weights["resnets", 1], channels, channels, groups: groups)
  }

  func callAsFunction(_ x: Tensor, _ extent: Extent) throws -> Tensor {
    let hidden = try first(x, extent)
    return try second(attention?(hidden) ?? hidden, extent)
  }
}

/// Every pixel four times (nearest-neighbour doubling), as a convolution takes it.
func doubled(_ x: Tensor, _ extent: Extent, as encoding: Encoding) -> Operand {
  let (given, width) = (Operand(x, encoding), extent.width), bytes = x.width * encoding.width
  let y = Operand(rows: extent.area * 4, width: x.width, encoding: encoding)
  Team.forEach(extent.height) { row, _ in
    let line = y.at(row * 4 * width)
    for column in 0..<2 * width { (line + column * bytes).copyMemory(from: given.at(row * width + column / 2), byteCount: bytes) }
    (line + 2 * width * bytes).copyMemory(from: line, byteCount: 2 * width * bytes)
  }
  withExtendedLifetime((given, y)) {}
  return y
}
