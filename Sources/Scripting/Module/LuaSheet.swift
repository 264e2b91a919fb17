import Imaging
import Sweeps

/// A sheet of a sweep's cells, drawn when it is saved.
final class LuaSheet: LuaObject {
  static let luaName = "Sheet"
  let layout: SheetLayoutChoice
  let sweep: LuaSweep

  init(_ layout: SheetLayoutChoice, of sweep: LuaSweep) { (self.layout, self.sweep) = (layout, sweep) }

  static var type: LuaType<LuaSheet> {
    LuaType<LuaSheet>("A sweep's cells side by side.")
      .method("save", "Writes a PNG, JPEG or WebP file; sheet.png becomes sheet-1.png and so on where there are pages, or more than one file can hold. "
                + "Under a shard it is written once all cells are there.",
              .required("path", .string, "where to, in the output folder"), .options(SheetSaveOptions.options)) { sheet, _, path, options in
        try sheet.save(to: path, options.quality)
      }
      .text { sheet in "Sheet of \(sheet.sweep.sweep.name)" }
  }

  private struct SheetSaveOptions {
    var quality: Int?
    static var options: Options<SheetSaveOptions> { Options(SheetSaveOptions(), [Field("quality", .integer(in: 1...100), \.quality, "of JPEG and WebP")]) }
  }

  private func save(to path: String, _ quality: Int?) throws {
    let format = try PictureFormat(endingOf: path), work = sweep.flux.work, files = sweep.flux.session.files
    if quality != nil, format.defaultQuality == nil { throw LuaError("'quality' is for .jpg and .webp; a PNG loses nothing") }
    if !path.hasPrefix("/") { try work.record(SheetRecord(sweep: sweep.sweep.name, file: path, layout: layout)) }
    if work.isPlanning { try work.rehearse(sweep.sweep, into: format, longestSide: layout.cellSize ?? .max) }
    guard try work.isComplete(sweep.sweep, for: path) else { return }
    let written = try sweep.sweep.sheets(layout, work.ledgers()).write(to: path, quality: quality) { image, path in
      var image = image
      image.text[FileAccess.Mark.key] = files.recipe
      try files.write(to: path) { try image.write(to: $0, quality: quality) }
    }
    if written.count > 1 { sweep.flux.session.observer(.notice("\(path) is \(written.count) files, from \(written[0]) to \(written[written.count - 1])")) }
  }
}

/// What `sweep:sheet` takes.
struct SheetChoice {
  var columns: String?, rows: String?, pages: [String]?
  var label: Label?
  var title: String?, size: Int?

  enum Label { case flag(Bool), function(LuaReference) }

  private static var label: Reader<Label> {
    Reader<Bool>.boolean.map { Label.flag($0) }.or(Reader<LuaReference>.function.map { Label.function($0) })
      .described("true, false or a function of the cell", annotation: "boolean|fun(cell: flux.Cell, made: table): string?")
  }

  static var options: Options<SheetChoice> {
    Options(SheetChoice(), [
      Field("columns", .string, \.columns, "the axis that goes across; without columns and rows cells follow each other"),
      Field("rows", .string, \.rows, "the axis that goes down"),
      Field("pages", Reader<String>.string.map { [$0] }.or(.list(of: .string)), \.pages, "axes whose values have pages of their own; all others by default"),
      Field("label", label, \.label, "whether values stand below pictures, or a function that gives the text"),
      Field("title", .string, \.title, "a text above all"),
      Field("cell_size", .integer(in: 16...16384), \.size, "the longest side of a picture on it, in pixels; its own by default"),
    ])
  }

  func layout(of sweep: LuaSweep, _ lua: Lua) throws -> SheetLayoutChoice {
    var layout = SheetLayoutChoice()
    (layout.columns, layout.rows, layout.pages, layout.title, layout.cellSize) = (columns, rows, pages, title, size)
    // An axis that there is not is told here, where the recipe names it.
    _ = try sweep.sweep.sheets(layout, Ledgers(in: ""))
    switch label {
    case .flag(let flag)?: layout.isLabelled = flag
    case .function(let f)?: layout.labels = try labels(f, sweep, lua)
    case nil: break
    }
    return layout
  }

  private func labels(_ f: LuaReference, _ sweep: LuaSweep, _ lua: Lua) throws -> [String: String] {
    let ledgers = try sweep.flux.work.ledgers()
    let text = Reader<String?>("a text or nil", "string?") { argument in argument.isAbsent ? nil : try Reader<String>.string.described("a text or nil").read(argument) }
    var labels: [String: String] = [:]
    for cell in sweep.sweep.cells {
      guard let record = ledgers.records[cell.id], record.state == .done else { continue }
      labels[cell.id] = try lua.call(f, sweep.handle(cell), LuaCell.table(record), result: text, of: "label") ?? ""
    }
    return labels
  }
}
