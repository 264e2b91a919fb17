import ArgumentParser
import Foundation
import Sweeps

/// What becomes of a recipe's sweeps.
struct SweepOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Make one of n shares of the cells, from 1: 3/16; under a Slurm array it is known.", valueName: "i/n"))
  var shard: String?

  @Flag(help: "Make no cells: only write sheets and reports of those that are there.")
  var collect = false

  @Flag(help: "Throw away the cells that are there, and begin anew.")
  var fresh = false

  @Flag(help: "Go on although the recipe, its parameters or the model have changed, and keep the cells that are there.")
  var keep = false

  @Flag(help: "Try cells again that failed in earlier runs.")
  var retryFailed = false

  @Flag(help: "End with the first cell that fails.")
  var stopOnError = false

  func validate() throws {
    let settings = try settings()
    if fresh, keep { throw ValidationError("--fresh throws away what --keep keeps: give one of them.") }
    if fresh, !settings.shard.isWhole {
      throw ValidationError("--fresh with shard \(settings.shard) would throw away what other shards make; run the recipe once with --fresh --collect before them.")
    }
  }

  func settings() throws -> SweepSettings {
    var settings = SweepSettings()
    do { settings.shard = try shard.map { try Shard($0) } ?? Shard(slurm: ProcessInfo.processInfo.environment) ?? .whole } catch let error as SweepError {
      throw ValidationError(shard == nil ? "\(error)." : "--shard: \(error).")
    }
    settings.mode = collect ? .collect : .make
    settings.others = fresh ? .discard : keep ? .keep : .refuse
    (settings.retriesFailed, settings.stopsOnError) = (retryFailed, stopOnError)
    return settings
  }
}
