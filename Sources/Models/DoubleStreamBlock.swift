import Checkpoints
import Tensors

/// One stream's half of a double block: its own norms, projections and feed-forward.
struct Stream: Sendable {
  private(set) var modulation: Modulation
  private(set) var qkv: Linear
  private(set) var queryNorm: Gain, keyNorm: Gain      // [depth]
  private(set) var projection: Linear
  private(set) var up: Linear, down: Linear

  /// The names of one half in the checkpoint.
  struct Names: Sendable {
    let norm: String, q: String, k: String, v: String, queryNorm: String, keyNorm: String, out: String, feed: String
    static let img = Names(norm: "norm1", q: "attn.to_q", k: "attn.to_k", v: "attn.to_v", queryNorm: "attn.norm_q",
                           keyNorm: "attn.norm_k", out: "attn.to_out.0", feed: "ff.net")
    static let txt = Names(norm: "norm1_context", q: "attn.add_q_proj", k: "attn.add_k_proj", v: "attn.add_v_proj",
                           queryNorm: "attn.norm_added_q", keyNorm: "attn.norm_added_k", out: "attn.to_add_out",
                           feed: "ff_context.net")
  }

  init(_ weights: Weights, _ names: Names, _ configuration: FluxConfiguration) throws {
    let width = configuration.width
    modulation = try Modulation(weights[names.norm], width: width, count: 2)
    qkv = try weights.linear([(names.q, width), (names.k, width), (names.v, width)], inputs: width)
    queryNorm = try weights.gain(names.queryNorm, configuration.headDepth)
    keyNorm = try weights.gain(names.keyNorm, configuration.headDepth)
    projection = try weights.linear(names.out, inputs: width, outputs: width)
    let hidden = try weights.shape(of: "\(names.feed).0.proj.weight").first ?? 0
    up = try weights.linear("\(names.feed).0.proj", inputs: width, outputs: hidden)
    down = try weights.linear("\(names.feed).2", inputs: hidden, outputs: width)
  }

  /// q, k and v of this stream, written behind those of the streams before it.
  func project(_ x: Tensor, _ modulation: ModulationOut, into heads: JointHeads, first: Int, _ rotary: Rotary) throws {
    let made = try qkv(modulated(x, shift: modulation.shift, scale: modulation.scale, as: qkv.intake))
    heads.write(made, first: first, queryNorm: queryNorm.values, keyNorm: keyNorm.values, rotary)
  }

  /// What attention and the feed-forward add to the stream.
  func output(_ x: inout Tensor, attended: Tensor, _ attend: ModulationOut, _ feed: ModulationOut) throws {
    x.add(try projection(attended), gate: attend.gate)
    let normed = modulated(x, shift: feed.shift, scale: feed.scale, as: up.intake)
    x.add(try down(up(normed).geluTanh(as: down.intake)), gate: feed.gate)
  }
}

/// q, k and v of text and image together, text first.
struct JointHeads {
  let q: Heads, k: Heads, v: Heads

  init(_ configuration: FluxConfiguration, tokens: Int, encoding: Encoding) {
    func heads() -> Heads { Heads(heads: configuration.headCount, tokens: tokens, depth: configuration.headDepth, encoding: encoding) }
    (q, k, v) = (heads(), heads(), heads())
  }

  /// Cuts rows of [q | k | v | …] into heads, normalised and turned.
  func write(_ rows: Tensor, first: Int, queryNorm: Tensor, keyNorm: Tensor, _ rotary: Rotary) {
    let width = q.heads * q.depth, angles = rotary[first..<first + rows.rows]
    q.write(rows, column: 0, first: first, gain: queryNorm, cosines: angles.cosines, sines: angles.sines)
    k.write(rows, column: width, first: first, gain: keyNorm, cosines: angles.cosines, sines: angles.sines)
    v.write(rows, column: 2 * width, first: first)
  }

  /// [tokens, width]
  func attended() throws -> Tensor { try Attention(scale: 1 / Float(q.depth).squareRoot())(q, k, v) }
}

/// Text and image keep their own weights and meet only inside attention.
/// Reference: diffusers `FluxTransformerBlock`; BFL `DoubleStreamBlock`.
package struct DoubleStreamBlock: Sendable {
  private(set) var img: Stream, txt: Stream
  let configuration: FluxConfiguration

  init(_ weights: Weights, _ configuration: FluxConfiguration) throws {
    self.configuration = configuration
    img = try Stream(weights, .img, configuration)
    txt = try Stream(weights, .txt, configuration)
  }

  package func callAsFunction(img i: inout Tensor, txt t: inout Tensor, vec: Tensor, rotary: Rotary) throws {
    let (imgMod, txtMod) = (try img.modulation(vec), try txt.modulation(vec))

    // Text first: the checkpoint was trained on [txt, img].
    let heads = JointHeads(configuration, tokens: t.rows + i.rows, encoding: img.qkv.intake.heads)
    try txt.project(t, txtMod[0], into: heads, first: 0, rotary)
    try img.project(i, imgMod[0], into: heads, first: t.rows, rotary)
    let attended = try heads.attended()

    try img.output(&i, attended: attended[t.rows..<t.rows + i.rows], imgMod[0], imgMod[1])
    try txt.output(&t, attended: attended[0..<t.rows], txtMod[0], txtMod[1])
  }
}

extension Stream: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try modulation.changeLayers(change)
    try change(&qkv)
    try change(&projection)
    try change(&up)
    try change(&down)
  }

  package mutating func changeNorms(_ change: (String, inout Tensor) throws -> Void) rethrows {
    try change(queryNorm.name, &queryNorm.values)
    try change(keyNorm.name, &keyNorm.values)
  }
}

extension DoubleStreamBlock: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try img.changeLayers(change)
    try txt.changeLayers(change)
  }

  package mutating func changeNorms(_ change: (String, inout Tensor) throws -> Void) rethrows {
    try img.changeNorms(change)
    try txt.changeNorms(change)
  }
}
