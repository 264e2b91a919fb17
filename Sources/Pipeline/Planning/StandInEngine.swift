import Conditioning
import Denoising
import Foundation
import Imaging
import Models
import Tensors

/// Counts the work and gives values of the right shapes: what a recipe runs against while it is checked or planned.
///
/// Latents drift to a soft pattern, whose strength depends a little on the noise, the way and the prompt, and pictures show it: recipes
/// that measure and compare what they made meet numbers of the usual kind.
final class StandInEngine: Engine {
  private(set) var workload: Workload = [:]
  private let files: ModelFiles
  private let cancellation: Cancellation
  private var patterns: [[Int]: Tensor] = [:]

  init(_ files: ModelFiles, cancellation: Cancellation) { (self.files, self.cancellation) = (files, cancellation) }

  private func count(_ work: Work) throws {
    try cancellation.check()
    workload[work, default: 0] += 1
  }

  func encode(t5: [Int], clip: [Int], adapters: [Adaptation.Share]) throws -> (sequence: Tensor, pooled: Tensor) {
    try count(.text(tokens: t5.count))
    let strength = 1 + Float(t5.enumerated().reduce(0) { ($0 + $1.element * ($1.offset + 1)) % 997 }) / 9970
    return (pattern([t5.count, files.configuration.sequenceWidth]) * strength, pattern([files.configuration.pooledWidth]))
  }

  /// Straight to the pattern D: v = (x − D)/σ. What a cache would spare depends on what the blocks say: every evaluation counts in full.
  func velocity(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?, aside: Aside, adapters: [Adaptation.Share],
                cache: inout FirstBlockCache?) throws -> Tensor {
    let beside = aside.references.reduce(0) { $0 + Rotary.Grid($1).count }, tokens = Rotary.Grid(latents).count + beside + conditioning.tokens
    try count(.velocity(text: conditioning.tokens, size: size(of: latents), beside: beside))
    let added = adapters.reduce(0) { $0 + ($1.scale == 0 || $1.isMerged ? 0 : $1.lora.operations(of: .transformer, rows: tokens)) }
    if added > 0 { try count(.network(operations: added)) }
    let scale = 1 / max(sigma, 1e-3), strength = strength(of: latents) + strength(of: conditioning.sequence)
    return latents.zipped(with: pattern(latents.shape)) { scale * ($0 - strength * $1) }
  }

  func residuals(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, _ view: ControlView) throws -> Residuals? {
    try count(.network(operations: Int(view.net.configuration.operations(text: conditioning.tokens, image: Rotary.Grid(latents).count))))
    return nil
  }

  func hint(of picture: Tensor, by net: ControlNetFile) throws -> Tensor {
    try cancellation.check()
    let reduction = files.vaeConfiguration.reduction
    return pattern([files.vaeConfiguration.latentChannels, picture.shape[0] / reduction, picture.shape[1] / reduction])
  }

  func tokens(of picture: Tensor, by file: ReduxFile) throws -> Tensor {
    try count(.network(operations: Int(file.configuration.operations)))
    return pattern([file.configuration.tokens, file.outputs]) * strength(of: picture)
  }

  func decode(_ latents: Tensor, tile: Int?) throws -> Tensor {
    let size = size(of: latents)
    try count(.decode(size))
    return pattern([size.height, size.width, files.vaeConfiguration.imageChannels]) * strength(of: latents)
  }

  func encode(_ picture: Tensor) throws -> (mean: Tensor, logVariance: Tensor) {
    let size = Size(width: picture.shape[1], height: picture.shape[0]), reduction = files.vaeConfiguration.reduction
    try count(.encode(size))
    let shape = [files.vaeConfiguration.latentChannels, size.height / reduction, size.width / reduction]
    return (pattern(shape), Tensor(repeating: -10, shape))
  }

  func preview(_ latents: Tensor) throws -> Image {
    let size = size(of: latents)
    try count(.preview(size))
    return try Image(decoded: pattern([size.height, size.width, files.vaeConfiguration.imageChannels]) * strength(of: latents))
  }

  /// Between 0.4 and 0.6, by a few of the elements.
  private func strength(of x: Tensor) -> Float {
    0.5 + 0.1 * sin(x.withFloats { floats in (0..<min(64, floats.count)).reduce(0) { $0 + floats[$1 * floats.count / 64 % floats.count] } })
  }

  private func size(of latents: Tensor) -> Size {
    Size(width: latents.shape[2] * files.vaeConfiguration.reduction, height: latents.shape[1] * files.vaeConfiguration.reduction)
  }

  /// Waves between −1 and 1 along every axis.
  private func pattern(_ shape: [Int]) -> Tensor {
    if let found = patterns[shape] { return found }
    let waves = shape.enumerated().map { axis, length in (0..<length).map { sin(Float($0 * (axis + 2)) * 0.37 + Float(axis)) } }
    var values: [Float] = [1]
    for wave in waves { values = values.flatMap { value in wave.map { value * (0.5 + 0.5 * $0) } } }
    let made = Tensor(shape, values.map { 2 * $0 - 0.5 })
    if patterns.count > 64 { patterns = [:] }
    patterns[shape] = made
    return made
  }
}
