extension ContactSheet {
  func image(_ layout: SheetLayout) throws(ImagingError) -> Image {
    try Image.check(layout.width, layout.height)
    let pens = SheetPens(letters: layout.letters, cellWidth: layout.cellWidth, background: background)
    var page = Page(width: layout.width, height: layout.height, background: background)
    try drawHeadings(layout, pens, onto: &page)
    for (index, cell) in cells.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: layout.columns)
      let (x, y) = (layout.x(column), layout.y(row))
      try draw(cell, layout, pens, onto: &page, x, y)
      if index < labels.count, !labels[index].isEmpty {
        let space = layout.gap > 0 ? Int((layout.letters / 4).rounded()) : 0
        let label = try pens.label(labels[index], lines: labelLines).image(width: layout.cellWidth, height: layout.labelHeight - space)
        page.paste(label, x: x, y: y + layout.cellHeight + space)
      }
    }
    return Image(unchecked: (layout.width, layout.height, 3), pixels: page.pixels, text: [])
  }

  private func drawHeadings(_ layout: SheetLayout, _ pens: SheetPens, onto page: inout Page) throws(ImagingError) {
    let space = Int((layout.letters / 2).rounded())
    let inner = layout.width - 2 * layout.gap, grid = inner - layout.left
    var y = layout.gap
    if layout.titleHeight > 0 {
      page.paste(try pens.title(title, width: inner).image(width: min(inner, SheetPens.widest), height: layout.titleHeight), x: layout.gap, y: y)
      y += layout.titleHeight
    }
    if let axis = columnAxis {
      if layout.columnNameHeight > 0 {
        let name = try pens.axisName(axis.name, length: grid).image(width: min(grid, SheetPens.widest), height: layout.columnNameHeight)
        page.paste(name, x: layout.x(0), y: y)
        y += layout.columnNameHeight
      }
      for (column, value) in axis.values.enumerated() where layout.columnValueHeight > 0 {
        page.paste(try pens.columnValue(value).image(width: layout.cellWidth, height: layout.columnValueHeight), x: layout.x(column), y: y)
      }
    }
    guard let axis = rowAxis else { return }
    if layout.rowNameWidth > 0 {
      let length = min(layout.height - layout.y(0) - layout.gap, SheetPens.widest)
      page.paste(try pens.axisName(axis.name, length: length).standingImage(width: layout.rowNameWidth - space, height: length), x: layout.gap, y: layout.y(0))
    }
    for (row, value) in axis.values.enumerated() where layout.rowValueWidth > 0 {
      let width = layout.rowValueWidth - space
      let heading = try pens.rowValue(value, width: width).image(width: width, height: layout.cellHeight, centred: true)
      page.paste(heading, x: layout.gap + layout.rowNameWidth, y: layout.y(row))
    }
  }

  private func draw(
    _ cell: Cell, _ layout: SheetLayout, _ pens: SheetPens, onto page: inout Page, _ x: Int, _ y: Int
  ) throws(ImagingError) {
    let image: Image
    switch cell {
    case .image(let given): image = try given.fitted(layout.cellWidth, layout.cellHeight)
    case .file(let path): image = try Image(contentsOf: path).fitted(layout.cellWidth, layout.cellHeight)
    case .missing(let reason): image = try pens.missing(reason, width: layout.cellWidth, height: layout.cellHeight)
    }
    page.paste(image, x: x + (layout.cellWidth - image.width) / 2, y: y + (layout.cellHeight - image.height) / 2)
  }
}

extension SheetPens {
  /// An empty place: a frame and a cross, and the reason in the middle of it.
  fileprivate func missing(_ reason: String, width: Int, height: Int) throws(ImagingError) -> Image {
    let canvas = try Canvas(.colour, width: width, height: height)
    let (right, bottom) = (Double(width), Double(height))
    let line = background.mixed(with: ink, 0.18)
    canvas.fill(Box(x: 0, y: 0, width: right, height: bottom), background.mixed(with: ink, 0.04))
    canvas.line([(0, 0), (right, bottom)], line)
    canvas.line([(right, 0), (0, bottom)], line)
    canvas.line([(0.5, 0.5), (right - 0.5, 0.5), (right - 0.5, bottom - 0.5), (0.5, bottom - 0.5), (0.5, 0.5)], line)
    let text = reason.isEmpty ? "missing" : reason
    let style = TextStyle(size: letters, colour: paleInk, alignment: .centre, width: right * 0.8, lines: 4)
    let size = try canvas.size(of: text, style)
    let y = (bottom - size.height) / 2
    canvas.fill(Box(x: (right - size.width) / 2 - letters / 2, y: y - letters / 4, width: size.width + letters, height: size.height + letters / 2),
                background.mixed(with: ink, 0.04))
    try canvas.write(text, style, x: right * 0.1, y: y)
    return try canvas.image()
  }
}

extension Image {
  /// Shrunk into a box where it is larger; never enlarged.
  fileprivate func fitted(_ boxWidth: Int, _ boxHeight: Int) throws(ImagingError) -> Image {
    let scale = min(Double(boxWidth) / Double(width), Double(boxHeight) / Double(height))
    if scale >= 1 { return self }
    return try resized(width: max(1, Int((Double(width) * scale).rounded())), height: max(1, Int((Double(height) * scale).rounded())))
  }
}

/// The pixels of a sheet while it is made.
private struct Page {
  let width: Int, height: Int
  private(set) var pixels: [UInt8]

  init(width: Int, height: Int, background: Colour) {
    (self.width, self.height) = (width, height)
    let count = width * height * 3
    pixels = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
      for place in stride(from: 0, to: count, by: 3) {
        (out[place], out[place + 1], out[place + 2]) = (background.red, background.green, background.blue)
      }
      initialized = count
    }
  }

  /// Lays a picture onto the page in place; what reaches over the border is cut off.
  mutating func paste(_ image: Image, x: Int, y: Int) {
    let columns = min(image.width, width - x)
    guard columns > 0 else { return }
    for row in 0..<max(0, min(image.height, height - y)) {
      let from = row * image.width * image.channels, to = ((y + row) * width + x) * 3
      if image.channels == 3 {
        pixels.replaceSubrange(to..<to + columns * 3, with: image.pixels[from..<from + columns * 3])
      } else {
        for column in 0..<columns {
          let grey = image.pixels[from + column]
          (pixels[to + column * 3], pixels[to + column * 3 + 1], pixels[to + column * 3 + 2]) = (grey, grey, grey)
        }
      }
    }
  }
}
