/// Where everything stands on a contact sheet, in pixels.
///
///     ┌───────────────────────────┐
///     │           title           │
///     │         column axis       │
///     │         1      2      3   │
///     │ r   a ┌────┐ ┌────┐ ┌────┐│
///     │ o     └────┘ └────┘ └────┘│
///     │ w     label  label  label │
///     └───────────────────────────┘
struct SheetLayout {
  let columns: Int, rows: Int
  let cellWidth: Int, cellHeight: Int
  let gap: Int
  /// The height of the letters.
  let letters: Double
  let titleHeight: Int
  /// Of the axis' name and of its values, each with the space beneath it.
  let columnNameHeight: Int, columnValueHeight: Int
  /// Of the axis' name and of its values, each with the space to its right.
  let rowNameWidth: Int, rowValueWidth: Int
  /// With the space above it; the same for every picture, so that pages look alike.
  let labelHeight: Int

  /// What stands to the left of the pictures, and above them, without the margin.
  var left: Int { rowNameWidth + rowValueWidth }
  var top: Int { titleHeight + columnNameHeight + columnValueHeight }
  var pitchX: Int { cellWidth + gap }
  var pitchY: Int { cellHeight + labelHeight + gap }
  var width: Int { gap + left + columns * pitchX }
  var height: Int { gap + top + rows * pitchY }

  func x(_ column: Int) -> Int { gap + left + column * pitchX }
  func y(_ row: Int) -> Int { gap + top + row * pitchY }

  init(_ sheet: ContactSheet) throws(ImagingError) {
    guard !sheet.cells.isEmpty else { throw .drawing("a contact sheet has at least one picture") }
    guard 0...1000 ~= sheet.gap else { throw .drawing("the gap of a contact sheet goes from 0 to 1000 pixels, not \(sheet.gap)") }
    columns = sheet.columnAxis?.values.count ?? sheet.columns ?? Int(Double(sheet.cells.count).squareRoot().rounded(.up))
    guard columns > 0 else { throw .drawing("a contact sheet has at least one column") }
    rows = (sheet.cells.count + columns - 1) / columns
    if let axis = sheet.rowAxis, axis.values.count != rows {
      throw .drawing("the row axis has \(axis.values.count) values, and there are \(rows) rows")
    }
    gap = sheet.gap
    (cellWidth, cellHeight) = try SheetLayout.cellSize(sheet)
    letters = sheet.letterSize ?? Image.letterSize(forWidth: cellWidth)
    guard 4...400 ~= letters else { throw .drawing("letters are from 4 to 400 pixels high") }
    let space = Int((letters / 2).rounded())
    func under(_ height: Int) -> Int { height == 0 ? 0 : height + space }

    let pens = SheetPens(letters: letters, cellWidth: cellWidth, background: sheet.background)
    columnNameHeight = under(try pens.axisName(sheet.columnAxis?.name ?? "").height())
    columnValueHeight = under(try SheetLayout.highest(sheet.columnAxis?.values ?? []) { (text) throws(ImagingError) in try pens.columnValue(text).height() })
    rowNameWidth = under(try pens.axisName(sheet.rowAxis?.name ?? "").height())
    rowValueWidth = under(try SheetLayout.widest(sheet.rowAxis?.values ?? [], pens))
    labelHeight = under(try SheetLayout.highest(Array(sheet.labels.prefix(sheet.cells.count))) { (text) throws(ImagingError) in
      try pens.label(text, lines: sheet.labelLines).height()
    })
    let inner = rowNameWidth + rowValueWidth + columns * (cellWidth + gap) - gap
    titleHeight = under(try pens.title(sheet.title, width: inner).height())
  }

  /// How many columns and rows a page can have.
  func cellsOfPage(longestSide: Int, mostPixels: Int) throws(ImagingError) -> (Int, Int) {
    if max(width, height) <= longestSide, width * height <= mostPixels { return (columns, rows) }
    // A page's title has a number, and may need up to three lines where the whole sheet's needs one.
    let titleRoom = Int(letters * (titleHeight == 0 ? 3 : 7.5))
    let top = top - titleHeight + max(titleHeight, titleRoom)
    var across = min(columns, (longestSide - gap - left) / pitchX)
    while across > 0 {
      let down = min(rows, (min(longestSide, mostPixels / (gap + left + across * pitchX)) - gap - top) / pitchY)
      if down > 0 { return (across, down) }
      across -= 1
    }
    throw .drawing(
      "one picture of \(cellWidth)×\(cellHeight) pixels with its headings is more than a page can hold; give the sheet a smaller cell size")
  }

  private static func cellSize(_ sheet: ContactSheet) throws(ImagingError) -> (Int, Int) {
    if let size = sheet.cellSize {
      try Image.check(size.width, size.height)
      return size
    }
    var largest = (width: 0, height: 0)
    for cell in sheet.cells {
      let size: (width: Int, height: Int)
      switch cell {
      case .image(let image): size = (image.width, image.height)
      case .file(let path): size = try Image.size(ofFile: path)
      case .missing: continue
      }
      largest = (max(largest.width, size.width), max(largest.height, size.height))
    }
    return largest.width > 0 ? largest : (emptyCell, emptyCell)
  }

  /// The side of a cell on a sheet that has no picture at all.
  private static let emptyCell = 256

  private static func highest(_ texts: [String], _ height: (String) throws(ImagingError) -> Int) throws(ImagingError) -> Int {
    var highest = 0
    for text in texts { highest = max(highest, try height(text)) }
    return highest
  }

  /// The width of the widest heading of a row, at most that of a cell.
  private static func widest(_ texts: [String], _ pens: SheetPens) throws(ImagingError) -> Int {
    let canvas = try Canvas(.colour, width: 1, height: 1)
    var widest = 0.0
    for text in texts { widest = max(widest, try canvas.size(of: text, TextStyle(size: pens.letters, bold: true)).width) }
    return widest == 0 ? 0 : min(Int(widest.rounded(.up)) + 1, max(pens.cellWidth, Int(8 * pens.letters)))
  }
}
