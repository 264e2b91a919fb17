import Checkpoints
import Conditioning
import Foundation
import Models
import Tensors

/// What work comes to on this machine.
public struct Estimate: Sendable, Equatable {
  public var seconds: Double
  /// The most memory of the process's own at any time, and the most of the model's files that is mapped beside it.
  public var bytes: Int, mapped: Int
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
    let memory = memory(for: workload)
    return Estimate(seconds: try calibration.seconds(workload), bytes: memory.own, mapped: memory.mapped)
  }

  /// The most memory of its own that work takes under the pipeline's limit: the parts that are there at once, and the largest of their steps.
  public func bytes(for workload: Workload) -> Int { memory(for: workload).own }

  /// The same without buffers that are kept only where there is room for them: a limit that leaves all parts where they are.
  package func neededBytes(for workload: Workload) -> Int { memory(for: workload, keepsBuffers: false).own }

  /// The same, and the pages of the model's files beside it: what would be at once when the work goes round, and round again with all that
  /// is done more than once. Text encoders whose only prompt was read do not come back.
  func memory(for workload: Workload, keepsBuffers: Bool = true) -> (own: Int, mapped: Int) {
    let trial = Residency(residency.footprint, limit: residency.limit, memory: ModelFiles.room)
    trial.keepsBuffers = keepsBuffers
    trial.beside = besideBytes(nets: Array(openedNets.values), isMerged: hasMerged)
    let sorted = workload.keys.sorted { (Self.order($0), trial.footprint.activations($0)) < (Self.order($1), trial.footprint.activations($1)) }
    var turns: [Work.Part: Int] = [:]
    for (work, count) in workload { turns[work.part, default: 0] += count }
    for work in sorted + sorted.filter({ turns[$0.part, default: 0] > 1 }) {
      if case .decode(let size) = work { trial.admit(work, tile: side(of: .auto, for: size)) } else { trial.admit(work) }
    }
    return (max(trial.peak, Footprint.program) + openedRedux.values.reduce(0) { $0 + $1.bytes(precision) }, trial.mappedPeak)
  }

  /// When a kind of work has its turn.
  private static func order(_ work: Work) -> Int {
    switch work { case .text: 0; case .encode: 1; case .velocity, .network: 2; case .preview: 3; case .decode: 4 }
  }
}
