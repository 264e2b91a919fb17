import Checkpoints
import Conditioning
import Foundation
import Models
import Tensors

/// What work comes to on this machine.
public struct Estimate: Sendable, Equatable {
  public var seconds: Double
  /// The most memory at any time.
  public var bytes: Int
}

extension FluxPipeline {
  /// A pipeline that checks everything that is asked of it and counts what it would take, but computes nothing.
  public static func standingIn(for source: ModelSource = .embedded, precision: Precision = .auto, memoryLimit: Int? = nil,
                                cancellation: Cancellation = Cancellation()) throws -> FluxPipeline {
    let pipeline = try FluxPipeline(source, precision: precision, memoryLimit: memoryLimit, cancellation: cancellation)
    pipeline.standIn()
    return pipeline
  }

  /// What a stand-in was asked to do; empty for a pipeline that works.
  public var workload: Workload { (engine as? StandInEngine)?.workload ?? [:] }

  /// What work would take, from about a second of trying.
  public func estimate(_ workload: Workload) throws -> Estimate { try estimate(workload, fromPartOfIt: nil) }

  /// - Parameter isPartial: whether only a few blocks are tried; by the model's size where nil
  package func estimate(_ workload: Workload, fromPartOfIt isPartial: Bool?) throws -> Estimate {
    var calibration = Calibration(files, precision, isPartial: isPartial, cancellation: cancellation)
    return Estimate(seconds: try calibration.seconds(workload), bytes: bytes(for: workload))
  }

  /// The most memory that work takes: the parts that it needs, and the largest of its steps.
  public func bytes(for workload: Workload) -> Int {
    let used = Set(workload.keys.map(\.part))
    func bytes(_ part: Work.Part, _ models: [ModelPart]) -> Int { used.contains(part) ? models.reduce(0) { $0 + files.bytes(of: $1, precision) } : 0 }
    let text = bytes(.text, [.t5, .clip]), transformer = bytes(.transformer, [.transformer])
    let weights = (takesTurns ? max(text, transformer) : text + transformer) + bytes(.autoEncoder, [.vae])
      + openedNets.values.reduce(0) { $0 + $1.bytes(precision) } + openedRedux.values.reduce(0) { $0 + $1.bytes(precision) }
    return Self.programBytes + weights + (workload.keys.map(activationBytes).max() ?? 0)
  }

  /// The program itself, Lua and the libraries.
  private static let programBytes = 60 << 20

  /// What a piece of work holds at its largest moment: rows of f32, and those that go into products.
  private func activationBytes(_ work: Work) -> Int {
    switch work {
    case .text(let tokens): return 4 * tokens * files.t5Configuration.width * 16
    case .network: return 0
    case .velocity(let text, let size, let beside):
      // x, what goes in, [q | k | v | hidden], heads, attended, both: 25 widths in a single block.
      return 4 * 25 * configuration.width * (text + tokens(of: size) + beside)
    case .decode(let size), .encode(let size), .preview(let size):
      // Input, what goes into the product, output and the sum of the last block; its input has twice the channels.
      return 4 * size.width * size.height * (files.vaeConfiguration.channels[0] * 6)
    }
  }
}
