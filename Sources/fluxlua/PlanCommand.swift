import ArgumentParser
import Foundation
import Pipeline
import Scripting
import Sweeps

/// `fluxlua plan RECIPE`: what a recipe would take, before anything is spent.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what a recipe would take: pictures, steps, time and memory.",
    discussion: """
      The recipe runs against a stand-in for the model, and a second is spent on trying how fast this machine is. What a recipe decides by
      looking at its pictures is decided otherwise here.
      """)

  @ArgumentParser.Argument(help: "A Lua file.", completion: .file(extensions: ["lua"])) var recipe: String
  @OptionGroup(title: "Recipe") var recipeOptions: RecipeOptions
  @OptionGroup(title: "Sweeps") var sweeps: SweepOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  @Flag(help: "Write one JSON object to stdout.") var json = false
  @Flag(name: .shortAndLong, help: "Show what the recipe prints, too.") var verbose = false

  func run() throws { try Self.plan(recipe, recipeOptions, engine, sweeps.settings(), RunReport.Style(json: json, verbose: verbose)) }

  static func plan(_ path: String, _ options: RecipeOptions, _ engine: EngineOptions, _ sweeps: SweepSettings, _ style: RunReport.Style) throws {
    let job = try Job(contentsOf: path, options, engine, sweeps: sweeps, for: .plan, style: RunReport.Style(json: false, verbose: style.verbose)), limits = job.settings.limits
    throw job.perform {
      switch job.recipe.plan(job.settings) {
      case .success(let plan) where style.json:
        job.display.say(plan.json, to: .standardOutput)
        return .done
      case .success(let plan):
        job.display.say(plan.report, to: .standardOutput)
        if let limit = limits.time, plan.seconds > limit.seconds { job.display.say("That is longer than --time-limit \(limit.written).", to: .standardOutput) }
        if let limit = job.memoryLimit, plan.bytes > limit {
          job.display.say("That is more than --memory-limit \(engine.memoryLimit ?? ""): at least \(Plan.memory(plan.bytes)) is needed.", to: .standardOutput)
        }
        return .done
      case .failure(let failure): return job.failed(failure)
      }
    }
  }
}
