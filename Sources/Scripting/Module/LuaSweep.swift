import CLua
import Imaging
import Sweeps

/// A sweep as recipes hold it: its cells, those to make and those that are made.
final class LuaSweep: LuaObject {
  static let luaName = "Sweep"
  let sweep: Sweep
  unowned let flux: FluxModule
  private var work: SweepWork { flux.work }

  init(_ sweep: Sweep, _ flux: FluxModule) { (self.sweep, self.flux) = (sweep, flux) }

  func handle(_ cell: Cell) -> LuaCell { LuaCell(cell, of: self) }

  static var type: LuaType<LuaSweep> {
    LuaType<LuaSweep>("Cells over some axes: one picture for each combination of values.")
      .property("name", "string", "What tells it from other sweeps of the recipe.") { $0.sweep.name }
      .property("planned", "integer", "How many cells this run has to make: its share of what is missing.") { try $0.work.planned($0.sweep) }
      .method("cells", "The cells that are to be made, for a loop; those that are made already are left out, and under Slurm those of other tasks.",
              returns: "fun(): flux.Cell?") { sweep, _ in
        // A loop hands over its state and the last cell, too.
        LuaFunction(name: "cells", summary: "", parameters: [], returns: "") { call in call.give(try sweep.work.next(of: sweep.sweep, sweep.flux).map(sweep.handle)) }
      }
      .method("each", "Calls a function with each of them; what it returns is saved. When it fails, the others go on.",
              .required("f", Reader<LuaReference>.function.described("a function", annotation: "fun(cell: flux.Cell): flux.Image?"), "makes the picture of a cell")) { sweep, call, f in
        try sweep.each(f, call.lua)
      }
      .method("cell", "A cell by its number in written order.", .required("index", .integer(in: 1...), "from 1"), returns: "flux.Cell") { sweep, _, index in
        guard index <= sweep.sweep.cells.count else { throw LuaError("there is no cell \(index): the sweep has \(sweep.sweep.cells.count)") }
        return sweep.handle(sweep.sweep.cells[index - 1])
      }
      .method("done", "The cells whose pictures are there, whoever made them, as a list in written order.", returns: "flux.Cell[]") { sweep, _ in
        let ledgers = try sweep.work.ledgers()
        return sweep.sweep.cells.filter { ledgers.isMade($0.id) }.map(sweep.handle)
      }
      .method("best", "The cell for which a function gives the greatest number, and the number; nil while none is done. It sees each cell with what is recorded of it.",
              .required("f", Reader<LuaReference>.function.described("a function", annotation: "fun(cell: flux.Cell, made: table): number?"), "scores a cell; nil leaves it out"),
              returns: "flux.Cell?, number?") { sweep, call, f in try sweep.best(f, call.lua) }
      .method("sheet", "The cells side by side, by one or two axes; further axes make further pages.", .options(SheetChoice.options), returns: "flux.Sheet") { sweep, call, choice in
        LuaSheet(try choice.layout(of: sweep, call.lua), of: sweep)
      }
      .method("report", "Writes a page to look at: the cells by any two axes, with filters, a closer look and comparisons. One file that needs no network; "
                + "full pictures are linked. Under a shard it is written once all cells are there.",
              .required("path", .string, "where to, in the output folder; ends in .html")) { sweep, _, path in try sweep.report(to: path) }
      .unary("len") { $0.sweep.cells.count }
      .text { sweep in "Sweep \(sweep.sweep.name): \(sweep.sweep.axes.map { "\($0.values.count) \($0.name)" }.joined(separator: " × ")), \(sweep.sweep.cells.count) cells" }
  }

  /// Errors of the function are the cell's own.
  private func each(_ f: LuaReference, _ lua: Lua) throws {
    let result = Reader<Image>.object.described("an Image to save, or nothing")
    while let cell = try work.next(of: sweep, flux) {
      do {
        let image = try lua.call(f, [handle(cell)]) { before -> Image? in
          let argument = Argument(lua: lua, index: before + 1)
          if argument.isAbsent { return nil }
          do { return try result.read(argument) } catch let mismatch as Mismatch {
            throw LuaError("each: the function \(mismatch.predicate.replacing("must be ", with: "must return "))")
          }
        }
        if let image { try work.save(image, of: cell, sweep, extra: nil) }
      } catch let error where error is LuaFailure || error is LuaError {
        guard let opened = work.opened(cell), !work.isHopeless, lua.cancellation.requested == nil, work.settings.mode == .make else { throw error }
        try work.fail(opened, "\(error)")
        if work.isHopeless || work.settings.stopsOnError { throw error }
      }
    }
  }

  private func report(to path: String) throws {
    guard path.lowercased().hasSuffix(".html") else { throw LuaError("'\(path)' must end in .html") }
    if work.isPlanning { try work.rehearse(sweep, into: .webp, longestSide: Report.thumbSide(cells: sweep.cells.count)) }
    guard try work.isComplete(sweep, for: path) else { return }
    let files = flux.session.files, ledgers = try work.ledgers()
    let pictures = path.hasPrefix("/") ? (TextFile.resolved(ledgers.folder) ?? ledgers.folder) + "/" : Report.way(from: path)
    let page = try Report([sweep], ledgers, title: sweep.name == "sweep" ? files.recipe.replacing(".lua", with: "") : sweep.name, pictures: pictures).html()
    try files.write(page + FileAccess.Mark.comment(files.recipe), to: path)
  }

  private func best(_ f: LuaReference, _ lua: Lua) throws -> Several {
    let ledgers = try work.ledgers()
    let score = Reader<Double?>("a number or nil", "number?") { argument in argument.isAbsent ? nil : try Reader<Double>.number.read(argument) }
    var best: (cell: Cell, score: Double)?
    for cell in sweep.cells where ledgers.isMade(cell.id) {
      guard let record = ledgers.records[cell.id],
            let value = try lua.call(f, handle(cell), LuaCell.table(record), result: score.described("a number or nil"), of: "best"), !value.isNaN else { continue }
      if value > best?.score ?? -.infinity { best = (cell, value) }
    }
    guard let best else { return Several(LuaValue.nil) }
    return Several(handle(best.cell), best.score)
  }
}
