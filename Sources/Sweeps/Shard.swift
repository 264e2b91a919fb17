/// Which part of the cells a process makes: one of several, counted from 1.
public struct Shard: Sendable, Hashable, CustomStringConvertible {
  public let index: Int, count: Int

  public static let whole = Shard(unchecked: 1, of: 1)
  /// As many as a Slurm array may be configured for.
  public static let most = 1_000_000

  private init(unchecked index: Int, of count: Int) { (self.index, self.count) = (index, count) }

  public init(_ index: Int, of count: Int) throws {
    guard 1...Self.most ~= count, 1...count ~= index else { throw SweepError.shard("\(index)/\(count)") }
    self.init(unchecked: index, of: count)
  }

  /// `3/16`
  public init(_ text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], 1...Self.most ~= count, 1...count ~= index else { throw SweepError.shard(text) }
    self.init(unchecked: index, of: count)
  }

  /// The task of a Slurm array that this process is; nil where it is none.
  public init?(slurm environment: [String: String]) throws {
    guard let id = environment["SLURM_ARRAY_TASK_ID"] else { return nil }
    func number(_ name: String, _ standard: Int? = nil) throws -> Int {
      guard let text = environment[name] else {
        if let standard { return standard }
        throw SweepError.slurm("$\(name) is not set, although $SLURM_ARRAY_TASK_ID is; give --shard i/n")
      }
      guard let number = Int(text) else { throw SweepError.slurm("$\(name) must be a whole number, got '\(text)'") }
      return number
    }
    let first = try number("SLURM_ARRAY_TASK_MIN"), step = try number("SLURM_ARRAY_TASK_STEP", 1), count = try number("SLURM_ARRAY_TASK_COUNT")
    let offset = try number("SLURM_ARRAY_TASK_ID") - first
    guard step > 0, count > 0, offset >= 0, offset % step == 0, offset / step < count else {
      throw SweepError.slurm("the array's numbers (task \(id), \(count) tasks from \(first) in steps of \(step)) are not evenly spaced; use --array=1-N, or give --shard i/n")
    }
    self.init(unchecked: offset / step + 1, of: count)
  }

  public var isWhole: Bool { count == 1 }
  public var description: String { "\(index)/\(count)" }
  /// As file names have it.
  var fileName: String { "\(index)-of-\(count)" }
}
