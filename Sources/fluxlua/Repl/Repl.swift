import ArgumentParser
import Foundation
import Scripting

/// `fluxlua repl`: a prompt for Lua with everything that recipes have.
struct Repl: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try Lua and the model at a prompt.",
    discussion: """
      Values print themselves, Tab completes, Ctrl-C stops what runs, Ctrl-D leaves; help explains it there, and fluxlua manual repl here. Without a \
      terminal the lines of stdin are run one after the other, up to the first error: echo 'flux.load()' | fluxlua repl
      """)

  @OptionGroup(title: "Lua") var options: RecipeOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func run() throws {
    let recipe = Recipe(name: Conversation.name, folder: ".", source: "")
    throw Dialogue(try Job(recipe, out: options.out ?? "out/\(Conversation.name)", options, engine), isQuiet: engine.quiet).run()
  }
}
