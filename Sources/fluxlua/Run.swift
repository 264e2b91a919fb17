import ArgumentParser
import Foundation
import Pipeline
import Scripting
import Sweeps
import Tensors

/// `fluxlua run RECIPE`.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a recipe.", discussion: "fluxlua run RECIPE --help shows what the recipe is for and what can be set.")

  @ArgumentParser.Argument(help: "A Lua file.", completion: .file(extensions: ["lua"])) var recipe: String
  @OptionGroup(title: "Recipe") var recipeOptions: RecipeOptions
  @OptionGroup(title: "Sweeps") var sweeps: SweepOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions
  @OptionGroup(title: "Report") var report: ReportOptions
  @Flag(help: "Only say what it would take: the same as fluxlua plan RECIPE.") var dryRun = false

  func run() throws {
    if dryRun { return try PlanCommand.plan(recipe, recipeOptions, engine, sweeps.settings(), report.style) }
    throw try Job(contentsOf: recipe, recipeOptions, engine, sweeps: sweeps.settings(), style: report.style).run()
  }
}

/// One run of a recipe with everything that the command line says.
struct Job: Sendable {
  let recipe: Recipe
  let settings: Recipe.Settings
  let cancellation = Cancellation()
  let display: ProgressDisplay
  private let report: RunReport
  let memoryLimit: Int?
  private let memoryText: String?
  private let out: String

  init(contentsOf path: String, _ options: RecipeOptions, _ engine: EngineOptions, sweeps: SweepSettings = SweepSettings(),
       for purpose: Session.Purpose = .pictures, style: RunReport.Style = .init()) throws {
    let recipe: Recipe
    do { recipe = try Recipe(contentsOf: path) } catch { Exit.usage.leave(saying: "\(error)") }
    let name = URL(filePath: path).deletingPathExtension().lastPathComponent
    try self.init(recipe, out: options.out ?? "out/\(name)", options, engine, sweeps: sweeps, for: purpose, style: style)
  }

  init(_ recipe: Recipe, out: String, _ options: RecipeOptions, _ engine: EngineOptions, sweeps: SweepSettings = SweepSettings(),
       for purpose: Session.Purpose = .pictures, style: RunReport.Style = .init()) throws {
    try engine.useThreads()
    let display = ProgressDisplay(quiet: engine.quiet), report = RunReport(style, display)
    let limits = try engine.limits(), memory = try engine.memoryBytes(), source = try engine.source()
    let models: [String] = if case .named(let path) = source { [path] } else { [] }
    let files = FileAccess(recipeFolder: recipe.folder, out: out, recipe: recipe.name, readable: options.allowRead + models + ModelPlaces().all,
                           writable: options.allowWrite, rehearses: purpose != .pictures, whenSaved: report.saved)
    var session = Session(model: source, precision: engine.precision, memoryLimit: memory, files: files,
                          embeddings: engine.embeddings(isReadOnly: purpose != .pictures), sweeps: sweeps, purpose: purpose, observer: report.show)
    session.whenLoaded = report.loaded
    if purpose == .pictures { session.packed = engine.packed() }
    let isSilent = purpose != .pictures && !style.verbose
    let output = Output({ text, stream in
      switch stream {
      case .print where isSilent, .log where isSilent, .progress where isSilent: break
      case .print: display.say(text, to: purpose == .pictures ? report.printed : .standardError)
      case .warning: display.say("warning: \(text)")
      case .log: display.say(text)
      case .progress: display.busy(text)
      }
    }, show: { purpose == .pictures ? display.draw($0) : nil })
    var settings = Recipe.Settings(parameters: try options.settings(), limits: limits, cancellation: cancellation, output: output, session: session)
    settings.keepsFrames = style.verbose
    (self.recipe, self.settings, self.report) = (recipe, settings, report)
    (self.display, memoryLimit, memoryText, self.out) = (display, memory, engine.memoryLimit, out)
  }

  /// - Parameter file: known before to be written; that it can be is looked at first.
  func run(writing file: String? = nil) -> Exit {
    if let file {
      do { try settings.session.files.check(file) } catch { Exit.failed.leave(saying: "\(error)") }
    }
    return perform {
      switch recipe.run(settings) {
      case .success: return finished()
      case .failure(let failure): return failed(failure)
      }
    }
  }

  /// Works on the engine's thread, under the limits of the command line.
  func perform(_ body: @escaping @Sendable () -> Exit) -> Exit {
    EngineThread.run(cancellation, memoryLimit: settings.session.purpose == .pictures ? memoryLimit : nil, body)
  }

  /// Says where the pictures are.
  private func finished() -> Exit {
    let saved = settings.session.files.saved
    if let last = saved.last { display.note(saved.count == 1 ? "saved \(last)" : "saved \(saved.count) files in \(out), the last one \(last)") }
    report.done(saved)
    return .done
  }

  func failed(_ failure: RecipeFailure) -> Exit {
    let saved = settings.session.purpose == .pictures ? settings.session.files.saved : [], exit = Exit(failure.kind)
    let kept = saved.isEmpty ? "" : "\n\(saved.count == 1 ? "1 file" : "\(saved.count) files") saved before that: \(saved.prefix(3).joined(separator: ", "))\(saved.count > 3 ? ", …" : "")"
    display.say("fluxlua: \(words(for: failure))\(kept)")
    report.failed(failure, saved, exit)
    return exit
  }

  /// What the person reads of a failure.
  func words(for failure: RecipeFailure) -> String {
    failure.kind == .memoryLimit && cancellation.requested == .memoryLimit
      ? "stopped by --memory-limit \(memoryText ?? "")" : failure.report(coloured: Terminal.coloursErrors, allFrames: report.style.verbose)
  }
}
