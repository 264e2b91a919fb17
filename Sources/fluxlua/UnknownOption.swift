import ArgumentParser
import Scripting

/// What somebody may have meant by an option that a command does not have: what another tool calls it, or a parameter of the recipe.
enum UnknownOption {
  private static let takingParameters: Set = ["run", "plan", "check", "repl", "slurm"]

  /// The parser's complaint, with a sentence more on its first line where there is one to say.
  static func explained(_ complaint: String, _ arguments: [String]) -> String {
    guard let given = complaint.firstMatch(of: /Unknown option '--([A-Za-z][A-Za-z0-9_-]*)'/)?.1, let name = arguments.first,
          let command = Fluxlua.configuration.subcommands.first(where: { $0._commandName == name }) else { return complaint }
    let known = options(of: command), said = String(given.replacing("-", with: "_"))
    var lines = complaint.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if let here = Suggestion.flag(for: said, among: known) {
      lines[0] += "; here it is '--\(here)'"
    } else if takingParameters.contains(name), Suggestion.nearest(to: String(given), among: known) == nil {
      lines[0] += (lines[0].hasSuffix("?") ? " " : ". ") + "A recipe's own parameters are set so: --set \(said)=…"
    }
    return lines.joined(separator: "\n")
  }

  private static func options(of command: any ParsableCommand.Type) -> [String] {
    Fluxlua.helpMessage(for: command, columns: 200).matches(of: /--([a-z][a-z-]*)/).map { String($0.1) }
  }
}
