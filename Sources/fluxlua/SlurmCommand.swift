import ArgumentParser
import Foundation
import Scripting
import Sweeps
import Synchronization

/// `fluxlua slurm RECIPE --tasks N`: a sweep as an array of a cluster.
struct SlurmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm", abstract: "Write the job script that runs a recipe's sweeps as a Slurm array, and submit it.",
    discussion: """
      All tasks share one output folder, each makes its share of the cells, and a job after them writes sheets and reports. A task that is \
      requeued goes on where it was. Memory and time that are not given come from a plan, made on this machine; where cells are there already, their \
      time counts.
      """)

  @ArgumentParser.Argument(help: "A Lua file.", completion: .file(extensions: ["lua"])) var recipe: String
  @Option(help: ArgumentHelp("How many tasks share the cells.", valueName: "n")) var tasks: Int
  @Flag(help: "Submit the array and the job after it.") var submit = false
  @Option(help: ArgumentHelp("Processors of each task.", valueName: "n")) var cpus: Int = 8
  @Option(help: ArgumentHelp("Memory of each task, as Slurm has it: 40G. Without, as planned.", valueName: "size")) var mem: String?
  @Option(help: ArgumentHelp("Time limit of each task, as Slurm has it: 4:00:00. Without, as planned.", valueName: "time")) var time: String?
  @Option(help: ArgumentHelp("A partition.", valueName: "name")) var partition: String?
  @Option(name: .customLong("sbatch"), parsing: .singleValue, help: ArgumentHelp("Any other option of sbatch, such as account=art; may be given again.", valueName: "option"))
  var others: [String] = []
  @OptionGroup(title: "Recipe") var recipeOptions: RecipeOptions
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func validate() throws {
    guard 1...10_000 ~= tasks else { throw ValidationError("--tasks must be from 1 to 10000, got \(tasks).") }
    guard 1...1024 ~= cpus else { throw ValidationError("--cpus must be from 1 to 1024, got \(cpus).") }
  }

  func run() throws {
    let name = URL(filePath: recipe).deletingPathExtension().lastPathComponent
    do { _ = try Recipe(contentsOf: recipe) } catch { Exit.usage.leave(saying: "\(error)") }
    let out = Self.absolute(recipeOptions.out ?? "out/\(name)")
    do {
      try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
      let job = SlurmJob(name: "fluxlua-\(name)", tasks: tasks, resources: try resources(out), command: command(out), log: out)
      let array = "\(out)/array.slurm", collection = "\(out)/collect.slurm"
      try job.array.write(toFile: array, atomically: true, encoding: .utf8)
      try job.collection.write(toFile: collection, atomically: true, encoding: .utf8)
      print("wrote \(array)\nwrote \(collection)")
      guard submit else { return print("Submit with: fluxlua slurm … --submit, or: id=$(sbatch --parsable \(array)) && sbatch --dependency=afterany:$id \(collection)") }
      let id = try sbatch(["--parsable", array])
      let after = try sbatch(["--parsable", "--dependency=afterany:\(id)", collection])
      print("submitted array \(id) with \(tasks) tasks, and \(after) after it\nHow far it is: fluxlua status \(out)")
    } catch let exit as Exit { throw exit } catch { Exit.failed.leave(saying: "\(error)") }
  }

  private func command(_ out: String) -> [String] {
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "fluxlua"
    var words = [program, "run", Self.absolute(recipe), "--out", out]
    for setting in recipeOptions.parameters { words += ["--set", setting] }
    for folder in recipeOptions.allowRead { words += ["--allow-read", Self.absolute(folder)] }
    for folder in recipeOptions.allowWrite { words += ["--allow-write", Self.absolute(folder)] }
    if let model = engine.model { words += ["--model", model == "embedded" ? model : Self.absolute(model)] }
    if engine.precision != .auto { words += ["--precision", engine.precision.rawValue] }
    for (option, value) in [("--threads", engine.threads.map { "\($0)" }), ("--memory-limit", engine.memoryLimit), ("--lua-memory", engine.luaMemory)] {
      if let value { words += [option, value] }
    }
    return words
  }

  private func resources(_ out: String) throws -> [String] {
    let plan = mem == nil || time == nil ? try planned() : nil
    let memory = mem ?? plan.map { "\(Self.megabytes(for: $0))M" }, time = time ?? (secondsByCells(out) ?? plan?.seconds).map(limit)
    return ["cpus-per-task=\(cpus)"] + [memory.map { "mem=\($0)" }, time.map { "time=\($0)" }, partition.map { "partition=\($0)" }].compactMap { $0 }
      + others.map { $0.hasPrefix("--") ? String($0.dropFirst(2)) : $0 }
  }

  /// What all cells that are missing would take.
  private func planned() throws -> Plan {
    let job = try Job(contentsOf: recipe, recipeOptions, engine, for: .plan), found = Mutex<Plan?>(nil)
    let exit = job.perform {
      switch job.recipe.plan(job.settings) {
      case .success(let plan):
        found.withLock { $0 = plan }
        return .done
      case .failure(let failure): return job.failed(failure)
      }
    }
    guard let plan = found.withLock({ $0 }) else { throw exit }
    return plan
  }

  /// A quarter more than planned, and room for the pictures that wait to be written.
  private static func megabytes(for plan: Plan) -> Int { plan.bytes / 1_000_000 * 5 / 4 + 512 }

  /// Half as long again as planned, and a quarter of an hour to begin with.
  private func limit(_ seconds: Double) -> String {
    let minutes = Int((seconds / Double(tasks) * 1.5 / 60).rounded(.up)) + 15
    return String(format: "%d:%02d:00", minutes / 60, minutes % 60)
  }

  /// What all cells would take by those that are there; nil where none is.
  private func secondsByCells(_ out: String) -> Double? {
    guard let ledgers = try? Ledgers(in: out) else { return nil }
    let seconds = SweepStatus.of(ledgers).sweeps.reduce(0.0) { $0 + ($1.secondsPerCell ?? 0) * Double($1.sweep.cells.count) }
    return seconds > 0 ? seconds : nil
  }

  private func sbatch(_ arguments: [String]) throws -> String {
    let process = Process(), output = Pipe()
    (process.executableURL, process.arguments, process.standardOutput) = (URL(filePath: "/usr/bin/env"), ["sbatch"] + arguments, output)
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { Exit.failed.leave(saying: "sbatch did not take the job; its words are above") }
    return String(text.prefix { $0.isNumber })
  }

  private static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }
}
