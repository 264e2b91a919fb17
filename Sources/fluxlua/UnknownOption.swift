import ArgumentParser
import Scripting

/// What somebody may have meant by an option that a command does not have: what another tool calls it, or a parameter of the recipe.
enum UnknownOption {
  private static let takingParameters: [String: any ParsableCommand.Type] = ["run": Run.self, "plan": PlanCommand.self, "check": Check.self, "repl": Repl.self, "slurm": SlurmCommand.self]

  /// The parser's complaint, with a sentence more on its first line where there is one to say.
  static func explained(_ complaint: String, _ arguments: [String]) -> String {
    guard let given = complaint.firstMatch(of: /Unknown option '--([A-Za-z][A-Za-z0-9_-]*)'/)?.1, let name = arguments.first else { return complaint }
    let said = String(given.replacing("-", with: "_"))
    var lines = complaint.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if name == "paint", let here = Suggestion.flag(for: said, among: options(of: Paint.self)) {
      lines[0] += "; here it is '--\(here)'"
    } else if let command = takingParameters[name], Suggestion.nearest(to: String(given), among: options(of: command)) == nil {
      lines[0] += (lines[0].hasSuffix("?") ? " " : ". ") + "A recipe's own parameters are set so: --set \(said)=…"
    }
    return lines.joined(separator: "\n")
  }

  private static func options(of command: any ParsableCommand.Type) -> [String] {
    Fluxlua.helpMessage(for: command, columns: 200).matches(of: /--([a-z][a-z-]*)/).map { String($0.1) }
  }
}
