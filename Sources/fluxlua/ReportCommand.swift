import ArgumentParser
import Foundation
import Imaging
import Sweeps

/// `fluxlua report DIR`: the sheets and the page of a sweep, from its ledgers alone.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write the sheets and the page of a sweep again, also while it runs.",
    discussion: "fluxlua report out/harbour writes out/harbour/index.html, and the sheets that the recipe asked for; sheet.png where it asked for none.")

  @ArgumentParser.Argument(help: "The output folder of a recipe.", completion: .directory) var folder: String

  func run() throws {
    do {
      let ledgers = try Ledgers.found(in: folder)
      for sheet in ledgers.sheets {
        guard let sweep = ledgers.sweeps.first(where: { $0.name == sheet.sweep }) else { continue }
        try write(sweep.sheets(sheet.layout, ledgers), to: sheet.file, ledgers)
      }
      for (number, sweep) in ledgers.sweeps.enumerated() where !ledgers.sheets.contains(where: { $0.sweep == sweep.name }) {
        try write(sweep.sheets(SheetLayoutChoice(standardFor: sweep), ledgers), to: number == 0 ? "sheet.png" : "sheet \(sweep.name).png", ledgers)
      }
      let path = "\(folder)/index.html", recipe = ledgers.headers.last?.recipe ?? "a recipe"
      let title = recipe.hasSuffix(".lua") ? String(recipe.dropLast(4)) : recipe
      let page = try Report(ledgers.sweeps, ledgers, title: title).html()
      try AtomicFile.write(page + Array("<!-- Recipe: \(recipe.replacing("--", with: "__")) -->\n".utf8), to: path)
      print("wrote \(path)")
    } catch let exit as Exit { throw exit } catch { Exit.failed.leave(saying: "\(error)") }
  }

  private func write(_ sheets: [ContactSheet], to file: String, _ ledgers: Ledgers) throws {
    let recipe = ledgers.headers.last?.recipe ?? ""
    let written = try sheets.write(to: "\(folder)/\(file)") { image, path in
      var image = image
      image.text["Recipe"] = recipe
      try image.write(to: path)
    }
    for path in written { print("wrote \(path)") }
  }
}

extension Ledgers {
  /// The ledgers of a folder; the program ends where there are none.
  static func found(in folder: String) throws -> Ledgers {
    let trimmed = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    let ledgers = try Ledgers(in: trimmed)
    guard !ledgers.headers.isEmpty else {
      Exit.usage.leave(saying: FileManager.default.fileExists(atPath: trimmed)
        ? "\(trimmed): there is no ledger of a sweep in this folder; it is the one that a recipe writes to, such as out/harbour" : "\(trimmed): there is no such folder")
    }
    return ledgers
  }
}
