import Imaging

// Cells side by side.

extension Sweep {
  /// One sheet for each combination of values of the axes that are neither columns nor rows.
  /// - Throws: `SweepError.axis` for an axis that there is not.
  public func sheets(_ choice: SheetLayoutChoice, _ ledgers: Ledgers) throws -> [ContactSheet] {
    let columns = try choice.columns.map(place), rows = try choice.rows.map(place)
    if let columns, columns == rows { throw SweepError.axis(axes[columns].name, "cannot be both columns and rows") }
    guard columns != nil || rows != nil else { return [strip(cells, choice, ledgers)] }
    let named = try (choice.pages ?? []).map(place)
    if let odd = named.first(where: { $0 == columns || $0 == rows }) { throw SweepError.axis(axes[odd].name, "is on the sheet and cannot be what pages differ in") }
    let others = named + axes.indices.filter { $0 != columns && $0 != rows && !named.contains($0) && axes[$0].values.count > 1 }
    return pages(by: others).map { values, cells in
      var sheet = grid(cells, columns, rows, choice, ledgers)
      let page = zip(others, values).map { "\(axes[$0].name): \($1.label)" }.joined(separator: ", ")
      sheet.title = [choice.title ?? "", page].filter { !$0.isEmpty }.joined(separator: " · ")
      return sheet
    }
  }

  private func place(_ name: String) throws -> Int {
    guard let place = axes.firstIndex(where: { $0.name == name }) else {
      throw SweepError.axis(name, "is not one of this sweep's: \(axes.map(\.name).joined(separator: ", "))")
    }
    return place
  }

  /// Cells by their values of some axes, in the order of the axes' values.
  private func pages(by axes: [Int]) -> [(values: [AxisValue], cells: [Cell])] {
    var pages: [(values: [AxisValue], cells: [Cell])] = [], known: [String: Int] = [:]
    for cell in cells {
      let values = axes.map { cell.values[$0] }, key = values.map(\.canonical).joined(separator: "\n")
      if let page = known[key] { pages[page].cells.append(cell) } else {
        known[key] = pages.count
        pages.append((values, [cell]))
      }
    }
    let ranks = axes.map { axis in Dictionary(uniqueKeysWithValues: self.axes[axis].values.enumerated().map { ($0.element.canonical, $0.offset) }) }
    func rank(_ values: [AxisValue]) -> [Int] { zip(ranks, values).map { $0[$1.canonical] ?? 0 } }
    return pages.sorted { rank($0.values).lexicographicallyPrecedes(rank($1.values)) }
  }

  private func grid(_ cells: [Cell], _ columns: Int?, _ rows: Int?, _ choice: SheetLayoutChoice, _ ledgers: Ledgers) -> ContactSheet {
    let across = columns.map { axes[$0].values }, down = rows.map { axes[$0].values }
    var places: [String: Cell] = [:]
    func key(_ column: AxisValue?, _ row: AxisValue?) -> String { "\(column?.canonical ?? "")\n\(row?.canonical ?? "")" }
    for cell in cells {
      let place = key(columns.map { cell.values[$0] }, rows.map { cell.values[$0] })
      if places[place] == nil { places[place] = cell }
    }
    let ordered = (down?.map(Optional.some) ?? [nil]).flatMap { row in (across?.map(Optional.some) ?? [nil]).map { places[key($0, row)] } }
    var sheet = ContactSheet(ordered.map { content(of: $0, ledgers) }, columns: across?.count ?? 1)
    sheet.columnAxis = columns.map { .init(axes[$0].name, axes[$0].values.map(\.label)) }
    sheet.rowAxis = rows.map { .init(axes[$0].name, axes[$0].values.map(\.label)) }
    sheet.labels = ordered.map { $0.map { text(below: $0, choice, standard: false) } ?? "" }
    sheet.cellSize = size(choice, ledgers)
    return sheet
  }

  private func strip(_ cells: [Cell], _ choice: SheetLayoutChoice, _ ledgers: Ledgers) -> ContactSheet {
    var sheet = ContactSheet(cells.map { content(of: $0, ledgers) })
    sheet.labels = cells.map { text(below: $0, choice, standard: true) }
    sheet.title = choice.title ?? ""
    sheet.cellSize = size(choice, ledgers)
    return sheet
  }

  private func text(below cell: Cell, _ choice: SheetLayoutChoice, standard: Bool) -> String {
    choice.labels?[cell.id] ?? (choice.isLabelled ?? (standard && choice.labels == nil) ? label(of: cell) : "")
  }

  private func content(of cell: Cell?, _ ledgers: Ledgers) -> ContactSheet.Cell {
    guard let cell else { return .missing("not in the sweep") }
    if ledgers.isMade(cell.id), let file = ledgers.records[cell.id]?.file { return .file("\(ledgers.folder)/\(file)") }
    guard let record = ledgers.records[cell.id], record.state != .done else { return .missing("") }
    return .missing(record.state == .skipped ? record.reason ?? "skipped" : "failed")
  }

  /// Of the largest picture, shrunk to what was asked for.
  private func size(_ choice: SheetLayoutChoice, _ ledgers: Ledgers) -> (width: Int, height: Int)? {
    let sizes = cells.compactMap { cell in ledgers.records[cell.id].flatMap { record in record.width.flatMap { width in record.height.map { (width, $0) } } } }
    guard let width = sizes.map(\.0).max(), let height = sizes.map(\.1).max() else { return choice.cellSize.map { ($0, $0) } }
    guard let most = choice.cellSize, most < max(width, height) else { return (width, height) }
    let scale = Double(most) / Double(max(width, height))
    return (max(1, Int((Double(width) * scale).rounded())), max(1, Int((Double(height) * scale).rounded())))
  }
}

extension [ContactSheet] {
  /// Writes the sheets and gives the paths: `sheet.png`, or `sheet-1.png` and so on where they are several, or more than one file can hold.
  public func write(to path: String, quality: Int? = nil, through write: (Image, _ path: String) throws -> Void) throws -> [String] {
    let format = try PictureFormat(endingOf: path)
    let pages = try flatMap { try $0.pages(for: format) }
    guard pages.count > 1 else {
      for page in pages { try write(page.image(), path) }
      return [path]
    }
    let dot = path.lastIndex(of: ".") ?? path.endIndex, figures = "\(pages.count)".count
    return try pages.enumerated().map { index, page in
      let number = String(repeating: "0", count: figures - "\(index + 1)".count) + "\(index + 1)"
      let place = "\(path[..<dot])-\(number)\(path[dot...])"
      try write(page.image(), place)
      return place
    }
  }
}
