/// How a recipe wants its cells on a sheet.
public struct SheetLayoutChoice: Codable, Sendable, Equatable {
  /// The axes that go across and down; where neither is given, cells follow each other.
  public var columns: String?, rows: String?
  /// The axes of which each combination of values has a sheet of its own, in the order that pages have; all others where it is nil.
  public var pages: [String]?
  /// Whether each picture has its values below it; by itself where no axis says them.
  public var isLabelled: Bool?
  /// Texts below pictures, by the ids of cells.
  public var labels: [String: String]?
  public var title: String?
  /// The longest side of a picture on the sheet, in pixels; its own where nil.
  public var cellSize: Int?

  public init() {}

  /// The last two axes that were written down and across; cells one after the other where values were drawn.
  public init(standardFor sweep: Sweep) {
    let axes = sweep.axes.filter { $0.values.count > 1 }
    guard !axes.isEmpty, axes.reduce(1, { $0 * $1.values.count }) == sweep.cells.count else { return }
    columns = axes.last?.name
    rows = axes.dropLast().last?.name
  }
}
