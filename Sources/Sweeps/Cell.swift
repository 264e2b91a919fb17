import Checkpoints

/// One combination of a sweep's values: one picture.
public struct Cell: Sendable, Equatable {
  /// A hash of the sweep's name, the axes' names and the values: the same on every machine, whatever else the sweep holds.
  public let id: String
  /// From 1, in written order.
  public let index: Int
  /// One for each axis of the sweep.
  public let values: [AxisValue]

  init(index: Int, values: [AxisValue], of sweep: String, _ axes: [String]) {
    (self.index, self.values) = (index, values)
    id = Self.id(of: sweep, zip(axes, values).map { ($0, $1) })
  }

  /// Figures of the hash that a name has: two of a million cells share one with a chance of 1 in 37 million.
  private static let figures = 16

  /// Axes are taken by name, so that a cell is the same however they are ordered.
  private static func id(of sweep: String, _ values: [(axis: String, value: AxisValue)]) -> String {
    let digest = Digest()
    digest.update(AxisValue.quoted(sweep) + "\n")
    for (axis, value) in values.sorted(by: { Array($0.axis.utf8).lexicographicallyPrecedes(Array($1.axis.utf8)) }) {
      digest.update(AxisValue.quoted(axis) + "=" + value.canonical + "\n")
    }
    return String(digest.finish().prefix(figures))
  }
}
