import Foundation
import Imaging
import Pipeline
import ReportPage

/// A page that shows the cells of sweeps: one file that needs no network. Small pictures are inside, full ones linked.
///
/// ```swift
/// let ledgers = try Ledgers(in: "out/harbour")
/// let html = try Report(ledgers.sweeps, ledgers, title: "harbour").html()
/// ```
public struct Report {
  private let sweeps: [Sweep], ledgers: Ledgers
  private let title: String
  /// What leads from the page to the output folder, as a link has it: empty where the page is in it.
  private let pictures: String

  public init(_ sweeps: [Sweep], _ ledgers: Ledgers, title: String, pictures: String = "") {
    (self.sweeps, self.ledgers, self.title) = (sweeps, ledgers, title)
    self.pictures = pictures.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? pictures
  }

  /// What leads from a page at this place below the output folder back to it.
  public static func way(from path: String) -> String {
    String(repeating: "../", count: path.split(separator: "/").filter { $0 != "." }.count - 1)
  }

  public func html() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Within a page, what looks like the end of the script would be it.
    let data = String(decoding: try encoder.encode(try content()), as: UTF8.self).replacing("<", with: "\\u003c")
    let parts = ["title": Self.escaped(title), "style": Self.text(page_style()), "script": Self.text(page_script()), "data": data]
    var html = "", rest = Self.text(page_skeleton())[...]
    while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
      html += rest[..<start.lowerBound] + (parts[String(rest[start.upperBound..<end.lowerBound])] ?? "")
      rest = rest[end.upperBound...]
    }
    return Array((html + rest).utf8)
  }

  private static func text(_ part: page_part) -> String { String(decoding: UnsafeBufferPointer(start: part.bytes, count: part.count), as: UTF8.self) }

  private static func escaped(_ text: String) -> String { text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;") }
}

/// What the page's script reads.
private struct Content: Encodable {
  struct Axis: Encodable { let name: String, values: [String] }
  struct Curves: Encodable, Hashable { let sigmas: [Float], guidance: [Float?] }

  struct Cell: Encodable {
    let id: String, index: Int, at: [Int]
    var state: String?, file: String?, thumb: String?, width: Int?, height: Int?
    var seconds: Double?, steps: Int?, memory: Int?, host: String?, sampler: String?, extra: AxisValue?, reason: String?
    var curves: Int?
  }

  struct Sweep: Encodable {
    let name: String, axes: [Axis], cells: [Cell]
    let columns: Int?, rows: Int?
    /// Whether cells fill so little of the grid of their axes that a grid shows nothing.
    let drawn: Bool
  }

  let title: String, model: String, made: String, folder: String, pictures: String
  var sweeps: [Sweep] = [], curves: [Curves] = []
}

extension Report {
  private func content() throws -> Content {
    let header = ledgers.headers.last
    let models = header?.models.map(\.name).joined(separator: ", ") ?? ""
    var content = Content(title: title, model: models, made: header.map { "fluxlua \($0.fluxlua), \($0.isa)" } ?? "", folder: ledgers.folder == "." ? "" : ledgers.folder + "/", pictures: pictures)
    let running = Set(Ledger.locks(in: ledgers.folder).filter { !$0.file.isStale(in: ledgers.folder) }.compactMap(\.file.holder.cell))
    var known: [Content.Curves: Int] = [:]
    for sweep in sweeps {
      let places = sweep.axes.map { axis in Dictionary(uniqueKeysWithValues: axis.values.enumerated().map { ($0.element.canonical, $0.offset) }) }
      let cells = try sweep.cells.map { cell in
        var shown = Content.Cell(id: cell.id, index: cell.index, at: zip(places, cell.values).map { $0[$1.canonical] ?? 0 })
        guard let record = ledgers.records[cell.id] else {
          if running.contains(cell.id) { shown.state = "running" }
          return shown
        }
        (shown.reason, shown.seconds, shown.steps, shown.memory, shown.host, shown.extra) = (record.reason, record.seconds, record.steps, record.memory, record.host, record.extra)
        guard record.state == .done, let file = record.file, ledgers.isMade(cell.id) else {
          shown.state = record.state == .done ? nil : record.state.rawValue
          return shown
        }
        (shown.state, shown.file) = ("done", file)
        try add("\(ledgers.folder)/\(file)", Self.thumbSide(cells: sweep.cells.count), to: &shown, &content, &known)
        return shown
      }
      let grid = sweep.axes.reduce(1.0) { $0 * Double($1.values.count) }
      let layout = ledgers.sheets.first { $0.sweep == sweep.name }?.layout
      func axis(_ name: String?) -> Int? { name.flatMap { name in sweep.axes.firstIndex { $0.name == name } } }
      content.sweeps.append(Content.Sweep(
        name: sweep.name, axes: sweep.axes.map { Content.Axis(name: $0.name, values: $0.values.map(\.label)) }, cells: cells,
        columns: axis(layout?.columns), rows: axis(layout?.rows), drawn: Double(cells.count) < grid * Self.leastFill))
    }
    return content
  }

  /// A grid that is emptier than this shows nothing.
  private static let leastFill = 0.4
  /// The longest side of the pictures inside a page of so many cells: a page of a thousand is to open in a moment.
  package static func thumbSide(cells: Int) -> Int { cells > 400 ? 160 : 256 }
  /// The quality of those pictures.
  private static let quality = 82

  /// The picture itself, small, and what it says of the steps that made it.
  private func add(_ path: String, _ side: Int, to cell: inout Content.Cell, _ content: inout Content, _ known: inout [Content.Curves: Int]) throws {
    guard let image = try? Image(contentsOf: path) else { return cell.state = "failed" }
    (cell.width, cell.height) = (image.width, image.height)
    let scale = min(1, Double(side) / Double(max(image.width, image.height)))
    var small = scale < 1 ? try image.resized(width: max(1, Int(Double(image.width) * scale)), height: max(1, Int(Double(image.height) * scale))) : image
    small.text = []
    cell.thumb = "data:image/webp;base64," + Data(try small.encoded(as: .webp, quality: Self.quality)).base64EncodedString()
    guard let record = image.text["fluxlua"].flatMap({ try? JSONDecoder().decode(PictureRecord.self, from: Data($0.utf8)) }) else { return }
    cell.sampler = record.sampler
    let curves = Content.Curves(sigmas: record.sigmas, guidance: record.guidance.contains { $0 != nil } ? record.guidance : [])
    if known[curves] == nil {
      known[curves] = content.curves.count
      content.curves.append(curves)
    }
    cell.curves = known[curves]
  }
}
