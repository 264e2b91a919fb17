import ArgumentParser
import Foundation
import Pipeline
import Scripting
import Tensors

/// `fluxlua run RECIPE`.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a recipe.", discussion: "fluxlua run RECIPE --help shows what the recipe is for and what can be set.")

  @ArgumentParser.Argument(help: "A Lua file.", completion: .file(extensions: ["lua"])) var recipe: String
  @OptionGroup(title: "Recipe") var recipeOptions: RecipeOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func run() throws {
    let recipe: Recipe
    do { recipe = try Recipe(contentsOf: self.recipe) } catch { Exit.usage.leave(saying: "\(error)") }
    let name = URL(filePath: self.recipe).deletingPathExtension().lastPathComponent
    let job = try Job(recipe, out: recipeOptions.out ?? "out/\(name)", recipeOptions, engine)
    throw job.run()
  }
}

/// One run of a recipe with everything that the command line says.
struct Job: Sendable {
  private let recipe: Recipe
  private let settings: Recipe.Settings
  private let cancellation = Cancellation()
  private let display: ProgressDisplay
  private let memoryLimit: Int?
  private let memoryText: String?
  private let out: String

  init(_ recipe: Recipe, out: String, _ options: RecipeOptions, _ engine: EngineOptions) throws {
    try engine.useThreads()
    let display = ProgressDisplay(quiet: engine.quiet)
    let limits = try engine.limits(), memory = try engine.memoryBytes(), source = try engine.source()
    let models: [String] = if case .named(let path) = source { [path] } else { [] }
    let files = FileAccess(recipeFolder: recipe.folder, out: out, recipe: recipe.name, readable: options.allowRead + models + ModelPlaces().all,
                           writable: options.allowWrite)
    let session = Session(model: source, precision: engine.precision, memoryLimit: memory, files: files, observer: display.show)
    let output = Output { text, stream in
      switch stream {
      case .print: display.say(text, to: .standardOutput)
      case .warning: display.say("warning: \(text)")
      case .log: display.say(text)
      }
    }
    settings = Recipe.Settings(parameters: try options.settings(), limits: limits, cancellation: cancellation, output: output, session: session)
    (self.recipe, self.display, memoryLimit, memoryText, self.out) = (recipe, display, memory, engine.memoryLimit, out)
  }

  /// - Parameter file: known before to be written; that it can be is looked at first.
  func run(writing file: String? = nil) -> Exit {
    if let file {
      do { try settings.session.files.check(file) } catch { Exit.failed.leave(saying: "\(error)") }
    }
    return EngineThread.run(cancellation, memoryLimit: memoryLimit) {
      switch recipe.run(settings) {
      case .success: return finished()
      case .failure(let failure): return failed(failure)
      }
    }
  }

  /// Says where the pictures are.
  private func finished() -> Exit {
    let saved = settings.session.files.saved
    if let last = saved.last { display.note(saved.count == 1 ? "saved \(last)" : "saved \(saved.count) files in \(out), the last one \(last)") }
    return .done
  }

  private func failed(_ failure: RecipeFailure) -> Exit {
    let saved = settings.session.files.saved
    let kept = saved.isEmpty ? "" : "\n\(saved.count == 1 ? "1 file" : "\(saved.count) files") saved before that: \(saved.prefix(3).joined(separator: ", "))\(saved.count > 3 ? ", …" : "")"
    if cancellation.requested == .memoryLimit {
      display.say("fluxlua: stopped by --memory-limit \(memoryText ?? "")" + kept)
      return .failed
    }
    display.say("fluxlua: \(failure.report)\(kept)")
    return switch failure.kind {
    case .interrupted: .interrupted
    case .terminated: .terminated
    case .unusable: .unusable
    case .usage: .usage
    case .failed, .timeLimit, .memoryLimit: .failed
    }
  }
}
