import Checkpoints
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// What every block's modulation starts from: time, guidance and pooled text, each through its own two layers, added up.
/// Reference: diffusers `CombinedTimestepGuidanceTextProjEmbeddings`.
package struct TimestepEmbedding: Sendable {
  private var time: TwoLayers
  private var guidance: TwoLayers?
  private var text: TwoLayers

  static let channels = 256

  init(_ weights: Weights, _ configuration: FluxConfiguration) throws {
    let weights = weights.unquantised
    time = try TwoLayers(weights["timestep_embedder"], inputs: Self.channels, width: configuration.width)
    guidance = configuration.hasGuidance ? try TwoLayers(weights["guidance_embedder"], inputs: Self.channels, width: configuration.width) : nil
    text = try TwoLayers(weights["text_embedder"], inputs: configuration.pooledWidth, width: configuration.width)
  }

  /// - Parameter timestep: in [0, 1].
  /// - Returns: [1, width]
  package func callAsFunction(timestep: Float, guidance scale: Float?, pooled: Tensor) throws -> Tensor {
    var sum = try time(Self.sinusoid(timestep * 1000))
    if let guidance, let scale { sum.add(try guidance(Self.sinusoid(scale * 1000))) }
    sum.add(try text(pooled.reshaped([1, pooled.count])))
    return sum
  }

  /// Cosines, then sines, of the value at 128 frequencies from 1 to 1/10,000; in f32, as the reference.
  package static func sinusoid(_ value: Float) -> Tensor {
    let half = channels / 2
    let angles = (0..<half).map { value * expf(Float(-log(10_000.0)) * Float($0) / Float(half)) }
    return Tensor([1, channels], angles.map { cosf($0) } + angles.map { sinf($0) })
  }
}

/// linear_1, SiLU, linear_2.
struct TwoLayers: Sendable {
  private var first: Linear, second: Linear

  init(_ weights: Weights, inputs: Int, width: Int) throws {
    first = try weights.linear("linear_1", inputs: inputs, outputs: width)
    second = try weights.linear("linear_2", inputs: width, outputs: width)
  }

  package func callAsFunction(_ x: Tensor) throws -> Tensor { try second(first(x).silu(as: second.intake)) }
}

extension TimestepEmbedding: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try time.changeLayers(change)
    try guidance?.changeLayers(change)
    try text.changeLayers(change)
  }
}

extension TwoLayers: Layered {
  package mutating func changeLayers(_ change: (inout Linear) throws -> Void) rethrows {
    try change(&first)
    try change(&second)
  }
}
