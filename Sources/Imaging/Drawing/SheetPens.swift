/// How the texts of a sheet look.
struct SheetPens {
  let letters: Double
  let cellWidth: Int
  let background: Colour

  /// Black on light, white on dark.
  var ink: Colour { background.luma > 127 ? .black : .white }
  var paleInk: Colour { ink.mixed(with: background, 0.4) }

  func title(_ text: String, width: Int) -> Label {
    label(text, TextStyle(size: letters * 1.5, colour: ink, bold: true, alignment: .centre, width: Double(min(width, SheetPens.widest)), lines: 3))
  }

  func axisName(_ text: String, length: Int = SheetPens.widest) -> Label {
    label(text, TextStyle(size: letters, colour: paleInk, alignment: .centre, width: Double(min(length, SheetPens.widest)), lines: 1))
  }

  func columnValue(_ text: String) -> Label {
    label(text, TextStyle(size: letters, colour: ink, bold: true, alignment: .centre, width: Double(cellWidth), lines: 3))
  }

  func rowValue(_ text: String, width: Int) -> Label {
    label(text, TextStyle(size: letters, colour: ink, bold: true, alignment: .right, width: Double(width), lines: 4))
  }

  func label(_ text: String, lines: Int) -> Label {
    label(text, TextStyle(size: letters, colour: ink, alignment: .centre, width: Double(cellWidth), lines: lines))
  }

  func label(_ text: String, _ style: TextStyle) -> Label {
    Label(text: text, style: style, background: background)
  }

  /// A canvas is no wider.
  static let widest = 30_000
}
