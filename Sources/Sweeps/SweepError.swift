import Imaging

/// Why a sweep cannot be made, or cannot go on.
public enum SweepError: Error, CustomStringConvertible {
  case noAxes
  case axis(String, String)
  case noSamples(String)
  case nothingToDraw
  case tooMany(Int)
  case empty(String)
  case shard(String)
  case slurm(String)
  case changed(folder: String, [String])
  case locked(folder: String, shard: Shard, LockHolder)
  case otherShards(folder: String, shard: Shard, LockHolder)
  case takenOver(folder: String, shard: Shard)
  case vanished(String)
  case ledger(String, FileProblem)

  public var description: String {
    switch self {
    case .noAxes: "has no axes: flux.sweep { seed = flux.range(1, 8) }"
    case .axis(let name, let what): "axis '\(name)' \(what)"
    case .noSamples(let name): "'samples' says how many values are drawn of '\(name)': give it"
    case .nothingToDraw: "'samples' is for axes of flux.uniform or flux.choice, and there is none"
    case .tooMany(let count): "makes \(count) cells; there can be \(Sweep.mostCells)"
    case .empty(let name): "'\(name)' has no cells: 'where' left out all of them"
    case .shard(let text): "a shard is written i/n with i from 1 to n, such as 3/16; got '\(text)'"
    case .slurm(let what): what
    case .changed(let folder, let differences):
      "\(folder) holds cells of another state of this recipe: \(differences.joined(separator: "; ")). --keep goes on and keeps them, --fresh throws them away, --out makes them elsewhere"
    case .locked(let folder, let shard, let holder):
      "\(shard.isWhole ? "this sweep" : "shard \(shard)") is being made by another process (\(holder)); wait for it, or take another --out than \(folder)"
    case .otherShards(let folder, let shard, let holder):
      "\(folder) is being filled in \(shard.count == 1 ? "one piece" : "\(shard.count) shards") (\(holder)); wait for that, or start with the same number of shards"
    case .takenOver(let folder, let shard):
      "another process took over shard \(shard) in \(folder), as this one gave no sign of life for \(Int(ShardLock.patience / 60)) minutes; it stops here, and what it made is kept"
    case .vanished(let folder): "\(folder) is gone: it was moved, deleted or unmounted while the sweep was being made; put it back, and the next run goes on from there"
    case .ledger(let path, let problem): "\(path): \(problem); everything recorded so far is kept, and the next run goes on from there"
    }
  }
}
