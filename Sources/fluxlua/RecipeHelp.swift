import Foundation
import Scripting

/// `fluxlua run RECIPE --help`: the recipe's first comment and what it lets people set.
struct RecipeHelp {
  private let recipe: Recipe
  private let parameters: [DeclaredParameter]

  /// Nil where no recipe's help is asked for: then the command's own is printed.
  init?(_ arguments: [String]) throws {
    guard arguments.first == "run", arguments.contains("--help") || arguments.contains("-h"),
          let path = arguments.dropFirst().first(where: { !$0.hasPrefix("-") && $0.hasSuffix(".lua") }) else { return nil }
    do { recipe = try Recipe(contentsOf: path) } catch { Exit.usage.leave(saying: "\(error)") }
    switch recipe.declaredParameters() {
    case .success(let declared): parameters = declared
    case .failure(let failure): Exit.failed.leave(saying: failure.report)
    }
  }

  func print() {
    Swift.print(recipe.name)
    if !recipe.summary.isEmpty { Swift.print("\n" + recipe.summary) }
    guard !parameters.isEmpty else { return Swift.print("\nIt declares no parameters. All options: fluxlua run --help") }
    Swift.print("\nParameters, set by --set name=value:")
    let width = parameters.map(\.name.count).max() ?? 0
    for parameter in parameters {
      let about = [parameter.help, "\(parameter.expected), \(parameter.standardText) by default"].filter { !$0.isEmpty }.joined(separator: "; ")
      Swift.print("  " + parameter.name.padding(toLength: width, withPad: " ", startingAt: 0) + "  " + about)
    }
    Swift.print("\nAll options: fluxlua run --help")
  }
}
