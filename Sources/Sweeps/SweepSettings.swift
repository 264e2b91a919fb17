/// What the command line says of a run's sweeps.
public struct SweepSettings: Sendable {
  /// What becomes of cells.
  public enum Mode: Sendable, Equatable {
    case make
    /// None is made: only sheets and reports are.
    case collect
    /// Every cell is gone through that would be made, and nothing is written.
    case plan
    /// Only the cell of this id, whether it is there or not, and nothing is written.
    case only(String)
  }

  /// What becomes of cells that are there already but belong to another state of the recipe.
  public enum Others: Sendable {
    case refuse, keep
    /// Everything that is there is thrown away first, whatever it belongs to.
    case discard
  }

  public var shard = Shard.whole
  public var mode = Mode.make
  public var others = Others.refuse
  /// Whether cells that failed in earlier runs are tried again.
  public var retriesFailed = false
  /// Whether the first failing cell ends the run.
  public var stopsOnError = false

  public init() {}
}
