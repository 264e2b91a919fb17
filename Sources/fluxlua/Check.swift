import ArgumentParser
import Pipeline
import Scripting

/// `fluxlua check RECIPE...`: mistakes, found without a model.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look for mistakes in recipes, without a model.",
    discussion: """
      Syntax, names that nobody has set, and every option: each recipe runs against a stand-in that paints nothing and writes nothing. Exit
      code 1 where something was found. A model that is not there is stood in for by the one inside the program.
      """)

  @ArgumentParser.Argument(help: "Lua files.", completion: .file(extensions: ["lua"])) var recipes: [String]
  @OptionGroup(title: "Recipe") var recipeOptions: RecipeOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func run() throws {
    var clean = true
    for path in recipes {
      let job = try Job(contentsOf: path, recipeOptions, engine, for: .check)
      let exit = job.perform {
        let findings = job.recipe.findings(job.settings)
        for finding in findings { job.display.say(job.words(for: finding)) }
        if findings.isEmpty { job.display.note("\(path): ok") }
        return findings.isEmpty ? .done : findings.contains { $0.kind == .interrupted } ? .interrupted : .failed
      }
      if exit == .interrupted { throw exit }
      if exit != .done { clean = false }
    }
    throw clean ? Exit.done : Exit.failed
  }
}
