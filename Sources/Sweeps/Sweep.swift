/// Cells over some axes, in the order written, and in the order in which they are best made.
///
/// ```swift
/// let sweep = try Sweep("harbour", [Dimension("seed", .values([.whole(1), .whole(2)])), Dimension("prompt", .values([.text("a fox"), .text("an owl")]))])
/// sweep.cells.map(\.values)          // 1 a fox, 1 an owl, 2 a fox, 2 an owl
/// sweep.order.map { sweep.cells[$0].index }   // 1, 3, 2, 4: every prompt is encoded once
/// ```
public struct Sweep: Sendable {
  public let name: String
  /// In written order, each with the values that cells have.
  public let axes: [Axis]
  /// In written order: as nested loops over the axes would make them, the first axis outermost.
  public let cells: [Cell]
  /// Places in `cells`, as work goes.
  public let order: [Int]

  /// More cells than anybody paints are a mistake in the recipe.
  public static let mostCells = 1_000_000

  /// - Parameters:
  ///   - samples: how many points are drawn, where dimensions are; each is made with every combination of the others
  ///   - keep: which cells there are, by their values in the order of the dimensions
  public init(_ name: String, _ dimensions: [Dimension], samples: Int? = nil, sampling: Sampling = .halton(seed: 0),
              where keep: ([AxisValue]) throws -> Bool = { _ in true }) throws {
    try Self.check(dimensions, samples)
    let names = dimensions.map(\.name)
    var cells: [Cell] = [], seen: Set<String> = []
    for values in try Self.combinations(of: dimensions, samples, sampling) {
      let cell = Cell(index: cells.count + 1, values: values, of: name, names)
      // Samples that came out alike are one cell.
      guard !seen.contains(cell.id), try keep(values) else { continue }
      seen.insert(cell.id)
      cells.append(cell)
    }
    guard !cells.isEmpty else { throw SweepError.empty(name) }
    let axes = dimensions.enumerated().map { place, dimension in Axis(dimension.name, dimension.source.ordered(cells.map { $0.values[place] })) }
    self.init(name: name, axes: axes, cells: cells)
  }

  init(name: String, axes: [Axis], cells: [Cell]) {
    (self.name, self.axes, self.cells) = (name, axes, cells)
    order = Self.order(of: cells, axes)
  }

  /// The values of a cell, by their axes' names.
  public func named(_ cell: Cell) -> [String: AxisValue] {
    Dictionary(zip(axes.map(\.name), cell.values)) { first, _ in first }
  }

  /// `seed 1003, guidance 3.5`
  public func label(of cell: Cell) -> String {
    zip(axes, cell.values).map { "\($0.name) \($1.label)" }.joined(separator: ", ")
  }

  /// The cells that a shard makes: a stretch of the order of work, so that what is dear to change changes in as few shards as can be.
  public func share(of shard: Shard) -> [Cell] {
    let from = cells.count * (shard.index - 1) / shard.count, to = cells.count * shard.index / shard.count
    return order[from..<to].map { cells[$0] }
  }

  private static func check(_ dimensions: [Dimension], _ samples: Int?) throws {
    guard !dimensions.isEmpty else { throw SweepError.noAxes }
    for (place, dimension) in dimensions.enumerated() {
      if dimensions[..<place].contains(where: { $0.name == dimension.name }) { throw SweepError.axis(dimension.name, "is there twice") }
      switch dimension.source {
      case .values(let values), .choice(let values):
        if values.isEmpty { throw SweepError.axis(dimension.name, "has no values") }
        if let odd = values.first(where: { !$0.isFinite }) { throw SweepError.axis(dimension.name, "has the value \(odd.canonical); numbers must be finite") }
        var seen: Set<String> = []
        if let twice = values.first(where: { !seen.insert($0.canonical).inserted }) { throw SweepError.axis(dimension.name, "has the value \(twice.canonical) twice") }
      case .uniform(let from, let to, let step):
        guard from.isFinite, to.isFinite, from < to else { throw SweepError.axis(dimension.name, "must go from a number to a greater one, got \(from) and \(to)") }
        if let step, !(step > 0 && step <= to - from) { throw SweepError.axis(dimension.name, "has a step of \(step), which must be above 0 and at most \(to - from)") }
      }
    }
    let drawn = dimensions.filter(\.source.isDrawn)
    if let first = drawn.first, samples == nil { throw SweepError.noSamples(first.name) }
    if drawn.isEmpty, samples != nil { throw SweepError.nothingToDraw }
    guard drawn.count <= Sampling.mostAxes else { throw SweepError.axis(drawn[Sampling.mostAxes].name, "is one drawn axis too many: there can be \(Sampling.mostAxes)") }
  }

  /// Every combination in written order. Drawn axes go together, at the place of the first of them.
  private static func combinations(of dimensions: [Dimension], _ samples: Int?, _ sampling: Sampling) throws -> [[AxisValue]] {
    let drawn = dimensions.indices.filter { dimensions[$0].source.isDrawn }
    let points = sampling.points(drawn.isEmpty ? 0 : samples ?? 0, axes: drawn.count).map { point in
      zip(drawn, point).map { dimensions[$0].source.value(at: $1) }
    }
    var all: [[AxisValue?]] = [Array(repeating: nil, count: dimensions.count)]
    for (place, dimension) in dimensions.enumerated() {
      let choices: [[(Int, AxisValue)]]
      if case .values(let values) = dimension.source { choices = values.map { [(place, $0)] } }
      else if place == drawn.first { choices = points.map { Array(zip(drawn, $0)) } }
      else { continue }
      guard all.count * choices.count <= mostCells else { throw SweepError.tooMany(all.count * choices.count) }
      all = all.flatMap { begun in
        choices.map { choice in
          var combination = begun
          for (place, value) in choice { combination[place] = value }
          return combination
        }
      }
    }
    return all.map { $0.compactMap { $0 } }
  }

  /// Stable, by the places of the dear values in their axes, dearest first.
  private static func order(of cells: [Cell], _ axes: [Axis]) -> [Int] {
    let dear = Axis.dear.compactMap { name in axes.firstIndex { $0.name == name } }
    guard !dear.isEmpty else { return Array(cells.indices) }
    let places = dear.map { axis in
      Dictionary(uniqueKeysWithValues: axes[axis].values.enumerated().map { ($0.element.canonical, $0.offset) })
    }
    let keys = cells.map { cell in zip(dear, places).map { $1[cell.values[$0].canonical] ?? 0 } }
    return cells.indices.sorted { a, b in
      keys[a] == keys[b] ? a < b : keys[a].lexicographicallyPrecedes(keys[b])
    }
  }
}
