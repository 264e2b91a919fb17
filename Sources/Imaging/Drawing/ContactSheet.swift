/// Many pictures side by side, with what each of them is.
///
///     var sheet = ContactSheet(images, columns: 4)
///     sheet.labels = ["seed 1", "seed 2", …]
///     sheet.columnAxis = .init("seed", ["1", "2"])           // headings, and with them the number of columns
///     sheet.rowAxis = .init("guidance", ["2", "3.5"])
///     try sheet.image().write(to: "sheet.png")
///     for (n, page) in try sheet.pages(for: .webp).enumerated() { try page.image().write(to: "sheet-\(n + 1).webp") }
///
/// The sheet is drawn straight into its own pixels, one picture after the other: beside them there is never more in memory than
/// one picture that is read from a file.
public struct ContactSheet: Sendable {
  /// What stands in one place of the grid.
  public enum Cell: Sendable {
    case image(Image)
    /// A picture file, read when it is drawn.
    case file(String)
    /// Nothing yet: a marked, empty place, and why.
    case missing(String)
  }

  /// What changes along a side of the sheet.
  public struct Axis: Equatable, Sendable {
    public var name: String
    /// One for each column or row.
    public var values: [String]

    public init(_ name: String, _ values: [String]) {
      (self.name, self.values) = (name, values)
    }
  }

  /// Row by row.
  public var cells: [Cell]
  /// How many stand side by side; as many as rows, about, where there is no number. A column axis says it itself.
  public var columns: Int?
  public var title = ""
  /// What stands under each picture; fewer than pictures leave the rest without.
  public var labels: [String] = []
  public var columnAxis: Axis?
  public var rowAxis: Axis?
  /// Pixels between pictures, and around the sheet.
  public var gap = 12
  public var background = Colour.white
  /// The box that larger pictures are shrunk into; the largest picture's own size where there is none.
  public var cellSize: (width: Int, height: Int)?
  /// The height of the letters; from the cells' width where there is none.
  public var letterSize: Double?
  /// The most lines of a label.
  public var labelLines = 3

  public init(_ cells: [Cell], columns: Int? = nil) {
    (self.cells, self.columns) = (cells, columns)
  }

  public init(_ images: [Image], columns: Int? = nil) {
    self.init(images.map { .image($0) }, columns: columns)
  }

  /// The whole sheet as one picture.
  public func image() throws(ImagingError) -> Image {
    try image(SheetLayout(self))
  }

  /// The sheet in pages, of which none is larger than a format can hold: rows are dealt out first, then columns too where they
  /// must. A sheet that fits is one page.
  public func pages(for format: PictureFormat = .png, mostPixels: Int = 100_000_000) throws(ImagingError) -> [ContactSheet] {
    let layout = try SheetLayout(self)
    let (across, down) = try layout.cellsOfPage(longestSide: format.longestSide, mostPixels: mostPixels)
    if across >= layout.columns, down >= layout.rows { return [self] }
    var pages: [ContactSheet] = []
    for top in stride(from: 0, to: layout.rows, by: down) {
      for left in stride(from: 0, to: layout.columns, by: across) {
        let page = page(layout, left..<min(left + across, layout.columns), top..<min(top + down, layout.rows))
        if !page.cells.isEmpty { pages.append(page) }  // the last row may end before these columns
      }
    }
    for index in pages.indices {
      pages[index].title = "\(title.isEmpty ? "" : title + " ")(\(index + 1) of \(pages.count))"
    }
    return pages
  }

  /// A part of the sheet with cells and letters of the same size.
  private func page(_ layout: SheetLayout, _ columns: Range<Int>, _ rows: Range<Int>) -> ContactSheet {
    let places = rows.flatMap { row in columns.map { row * layout.columns + $0 } }.filter { $0 < cells.count }
    let rows = rows.prefix((places.count + columns.count - 1) / columns.count)
    var page = self
    page.cells = places.map { cells[$0] }
    page.labels = places.map { $0 < labels.count ? labels[$0] : "" }
    page.columns = columns.count
    page.columnAxis = columnAxis.map { Axis($0.name, Array($0.values[columns])) }
    page.rowAxis = rowAxis.map { axis in Axis(axis.name, Array(axis.values[rows])) }
    page.cellSize = (layout.cellWidth, layout.cellHeight)
    page.letterSize = layout.letters
    return page
  }
}
