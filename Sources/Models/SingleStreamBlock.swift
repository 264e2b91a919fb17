import Checkpoints
import Tensors

/// Text and image as one sequence, attention and feed-forward side by side.
/// Reference: diffusers `FluxSingleTransformerBlock`; BFL `SingleStreamBlock`.
package struct SingleStreamBlock: Sendable {
  private(set) var modulation: Modulation
  private(set) var linear1: Linear         // → [q | k | v | hidden]
  private(set) var linear2: Linear         // [attended | hidden] →
  private(set) var queryNorm: Gain, keyNorm: Gain
  let configuration: FluxConfiguration

  init(_ weights: Weights, _ configuration: FluxConfiguration) throws {
    let width = configuration.width
    self.configuration = configuration
    modulation = try Modulation(weights["norm"], width: width, count: 1)
    let hidden = try weights.shape(of: "proj_mlp.weight").first ?? 0
    linear1 = try weights.linear([("attn.to_q", width), ("attn.to_k", width), ("attn.to_v", width), ("proj_mlp", hidden)], inputs: width)
    linear2 = try weights.linear("proj_out", inputs: width + hidden, outputs: width)
    queryNorm = try weights.gain("attn.norm_q", configuration.headDepth)
    keyNorm = try weights.gain("attn.norm_k", configuration.headDepth)
  }

  /// - Parameter x: [text + image tokens, width]
  package func callAsFunction(_ x: inout Tensor, vec: Tensor, rotary: Rotary) throws {
    let modulation = try modulation(vec)[0]
    x.add(try linear2(attendedAndHidden(x, modulation, rotary)), gate: modulation.gate)
  }

  /// [attended | hidden]: by itself, so that all that it is made of is gone when `linear2` begins. A step holds the most here.
  private func attendedAndHidden(_ x: Tensor, _ modulation: ModulationOut, _ rotary: Rotary) throws -> Operand {
    let made = try linear1(modulated(x, shift: modulation.shift, scale: modulation.scale, as: linear1.intake))
    let heads = JointHeads(configuration, tokens: x.rows, encoding: linear1.intake.heads)
    heads.write(made, first: 0, queryNorm: queryNorm.values, keyNorm: keyNorm.values, rotary)
    return try heads.attended().joined(withGELUOf: made, columns: 3 * configuration.width..<made.width, as: linear2.intake)
  }
}

extension SingleStreamBlock: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try modulation.changeLayers(change)
    try change(&linear1)
    try change(&linear2)
  }

  package mutating func changeNorms(_ change: (String, inout Tensor) throws -> Void) rethrows {
    try change(queryNorm.name, &queryNorm.values)
    try change(keyNorm.name, &keyNorm.values)
  }
}
