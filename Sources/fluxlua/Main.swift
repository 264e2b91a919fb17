import ArgumentParser
import Foundation
import Pipeline
import Tensors

/// FLUX.1 on the command line.
@main struct Fluxlua: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fluxlua",
    abstract: "FLUX.1 text-to-image with a sampling loop that is scripted in Lua.",
    discussion: """
      The first picture:    fluxlua paint "a red fox"
      A recipe:             fluxlua run hello.lua
      Its parameters:       fluxlua run hello.lua --help
      How far a sweep is:   fluxlua status out/harbour
      What made a picture:  fluxlua inspect out/hello/fox.png
      Its mistakes, cost:   fluxlua check hello.lua; fluxlua plan hello.lua
      Trying things:        fluxlua repl
      What there is in Lua: fluxlua manual

      Without --model, a small trained model inside the program is used. Exit codes: 0 done, 1 the recipe failed, 2 wrong use, 3 a model or
      file cannot be used, 130 interrupted, 143 terminated.
      """,
    version: "fluxlua \(Version.number) (oneDNN \(Version.oneDNN), kernels \(InstructionSet.full))",
    subcommands: [Run.self, Paint.self, Check.self, PlanCommand.self, Repl.self, Inspect.self, ReportCommand.self, Status.self, Rerun.self, SlurmCommand.self,
                  Models.self, Convert.self, Bench.self, ManualCommand.self, Init.self])

  /// Parses and runs; wrong use exits with 2.
  static func main() {
    WaitPolicy.settle()
    if let complaint = InstructionSet.complaint { Exit.usage.leave(saying: complaint) }
    do {
      if let help = try RecipeHelp(Array(CommandLine.arguments.dropFirst())) { return help.print() }
      var command = try parseAsRoot()
      try command.run()
    } catch let exit as Exit {
      exit.leave()
    } catch {
      let code = exitCode(for: error)
      if code == .success { exit(withError: error) }
      let message = UnknownOption.explained(fullMessage(for: error), Array(CommandLine.arguments.dropFirst()))
      if !message.isEmpty { FileHandle.standardError.write(Data((message + "\n").utf8)) }
      Exit.usage.leave()
    }
  }
}

/// How the program ends. Reference: exit codes of recipes, section 4 of the manual.
enum Exit: Int32, Error {
  case done = 0, failed = 1, usage = 2, unusable = 3, interrupted = 130, terminated = 143

  /// Ends the program, after one line that says why.
  func leave(saying message: String? = nil) -> Never {
    if let message { FileHandle.standardError.write(Data("fluxlua: \(message)\n".utf8)) }
    // Not exit(): it takes down oneDNN's globals under threads that are still ending, which crashed about one run in 150. Files
    // are synced when they are written; only what was printed may still wait.
    fflush(nil)
    _exit(rawValue)
  }
}
