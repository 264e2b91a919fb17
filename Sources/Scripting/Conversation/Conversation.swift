import CLua
import Tensors

/// A Lua state that outlives single evaluations: what a prompt talks to. Everything that is said makes one text, whose line numbers
/// errors give.
///
/// ```swift
/// let conversation = try Conversation(settings)
/// switch conversation.answer(to: "1 + 1") {
/// case .said(let text): print(text ?? "")
/// case .incomplete: break                          // ask for another line, and try again with both
/// case .failed(let failure): print(failure.report)
/// }
/// ```
/// It belongs to the thread that made it, as its Lua does.
package final class Conversation {
  package enum Answer {
    /// It was done, with what it gave as text.
    case said(String?)
    /// It is the beginning of something.
    case incomplete
    case failed(RecipeFailure)
  }

  package static let name = "repl"

  let lua: Lua
  lazy var schema = Schema()
  private let settings: Recipe.Settings
  private let flux: FluxModule
  /// Every line, failed ones too.
  private var lines: [String] = []
  private var isTight = false
  /// What went well, in the words of a recipe.
  private var kept: [String] = []

  package init(_ settings: Recipe.Settings) throws {
    self.settings = settings
    lua = try Lua(limits: settings.limits, cancellation: settings.cancellation, output: settings.output)
    lua.keepsFrames = settings.keepsFrames
    flux = FluxModule(recipe: Recipe(name: Self.name, folder: ".", source: ""), settings: settings)
    flux.install(in: lua)
    lua.declared = ["_"]
  }

  package func close() { lua.close() }

  /// The number of the next line.
  package var nextLine: Int { lines.count + 1 }

  /// Forgets that the last evaluation was stopped. Once memory was short, what nobody holds is let go of each time.
  package func renew() {
    if settings.cancellation.requested == .memoryLimit { isTight = true }
    lua.renew()
    if isTight { try? lua.run("collectgarbage()", named: Self.name) }
  }

  /// Runs a text, or gives the values of an expression.
  /// - Parameter isWhole: nothing will follow: what is incomplete is wrong
  package func answer(to text: String, isWhole: Bool = false) -> Answer {
    let phrase = Phrase(text)
    guard !phrase.isEmpty else {
      take(text)
      return .said(nil)
    }
    let reading: Phrase.Reading
    do { reading = try read(phrase) } catch {
      if !isWhole, !phrase.isBroken, "\(error)".hasSuffix("<eof>") { return .incomplete }
      take(text)
      return .failed(told(RecipeFailure(error, of: Self.name, in: lua)))
    }
    take(text)
    if reading == .statement { lua.declared.formUnion(phrase.locals) }
    flux.recipe = Recipe(name: Self.name, folder: ".", source: (kept + [phrase.sentence(for: reading)]).joined(separator: "\n") + "\n")
    return run(phrase, reading)
  }

  /// The session as a recipe: everything that went well.
  package var recipe: String { (["-- A session of fluxlua repl."] + kept).joined(separator: "\n") + "\n" }

  private func take(_ text: String) {
    lines += text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// Compiles it, as an expression where it is one, and leaves the function on the stack.
  private func read(_ phrase: Phrase) throws -> Phrase.Reading {
    let above = String(repeating: "\n", count: lines.count)
    var failures: [any Error] = []
    for reading in phrase.readings {
      do {
        try lua.load(above + phrase.code(for: reading), named: Self.name)
        return reading
      } catch { failures.append(error) }
    }
    if let open = failures.first(where: { "\($0)".hasSuffix("<eof>") }) { throw open }
    // As a statement it fails at its first word: then it was meant as an expression.
    let stumbles = phrase.first.map { first in failures.last.map { "\($0)".hasSuffix("near '\(first)'") } ?? false } ?? false
    throw (stumbles ? failures.first : failures.last) ?? LuaStopped()
  }

  private func run(_ phrase: Phrase, _ reading: Phrase.Reading) -> Answer {
    let deadline = settings.limits.time.map { Deadline(after: $0.seconds, settings.cancellation) }
    defer { deadline?.disarm() }
    let (unusable, misuse) = (flux.unusable.count, flux.misuse.count)
    do {
      let said = try lua.call(arguments: 0, results: -1) { values(after: reading == .expression ? $0 + 1 : $0) }
      if lua.cancellation.requested != nil { throw LuaStopped() }
      kept.append(said == nil ? phrase.text : phrase.sentence(for: reading))
      return .said(said)
    } catch {
      let failure = RecipeFailure(error, of: Self.name, in: lua)
      return .failed(told(failure.classified(unusable: Array(flux.unusable[unusable...]), usage: Array(flux.misuse[misuse...]))))
    }
  }

  /// The values from an index on as text; the first of them becomes `_`.
  private func values(after index: Int32) -> String? {
    guard lua.top > index else { return nil }
    clua_reserve(lua.current, 16)
    if clua_type(lua.current, index + 1) != CLUA_NIL { lua.setGlobal("_", LuaReference(lua, at: index + 1)) }
    let texts = (index + 1...lua.top).map { Shown(lua).text(of: $0) }
    return texts.joined(separator: texts.contains { $0.contains("\n") } ? "\n" : "\t")
  }

  private func told(_ failure: RecipeFailure) -> RecipeFailure { failure.quoting(lines.joined(separator: "\n")) }
}
