import Conditioning
import Denoising
import Foundation
import Imaging
import Tensors

/// Counts the work and gives values of the right shapes: what a recipe runs against while it is checked or planned.
///
/// Pictures come out as a soft pattern, and latents drift to the same one, so that recipes which measure what they made meet
/// numbers of the usual size.
final class StandInEngine: Engine {
  private(set) var workload: Workload = [:]
  private let files: ModelFiles
  private let cancellation: Cancellation
  private var patterns: [[Int]: Tensor] = [:]
  private var pictures: [Size: Image] = [:]

  init(_ files: ModelFiles, cancellation: Cancellation) { (self.files, self.cancellation) = (files, cancellation) }

  private func count(_ work: Work) throws {
    try cancellation.check()
    workload[work, default: 0] += 1
  }

  func encode(t5: [Int], clip: [Int]) throws -> (sequence: Tensor, pooled: Tensor) {
    try count(.text(tokens: t5.count))
    return (pattern([t5.count, files.configuration.sequenceWidth]), pattern([files.configuration.pooledWidth]))
  }

  /// Straight to the pattern: v = (x − D)/σ.
  func velocity(_ latents: Tensor, _ sigma: Float, _ conditioning: Conditioning, guidance: Float?) throws -> Tensor {
    try count(.velocity(text: conditioning.tokens, size: size(of: latents)))
    let scale = 1 / max(sigma, 1e-3)
    return latents.zipped(with: pattern(latents.shape)) { scale * ($0 - $1) }
  }

  func decode(_ latents: Tensor) throws -> Tensor {
    let size = size(of: latents)
    try count(.decode(size))
    return pattern([size.height, size.width, files.vaeConfiguration.imageChannels])
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
    if let found = pictures[size] { return found }
    let made = try Image(decoded: pattern([size.height, size.width, files.vaeConfiguration.imageChannels]))
    pictures[size] = made
    return made
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
