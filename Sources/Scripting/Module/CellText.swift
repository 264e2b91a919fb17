import Foundation
import Sweeps

/// What a cell's picture says of its place in the sweep.
struct CellText: Codable {
  static let key = "Cell"
  var sweep: String, id: String, index: Int
  var cell: [String: AxisValue]
  var extra: AxisValue?

  init(_ cell: Cell, of sweep: Sweep, extra: AxisValue?) {
    (self.sweep, id, index, self.cell, self.extra) = (sweep.name, cell.id, cell.index, sweep.named(cell), extra)
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
