import ArgumentParser
import Checkpoints
import Conditioning
import Foundation
import Pipeline
import Scripting
import Tensors

/// The model and the machine.
struct EngineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A FLUX.1 model: a folder, a .safetensors or .gguf file, or a name of the hub that is on this machine; $FLUXLUA_MODEL, else the model inside the program.", valueName: "model"))
  var model: String?

  @Option(help: ArgumentHelp("How weights are kept: auto, f32, bf16 or int8.", valueName: "precision"))
  var precision: Precision = .auto

  @Option(help: ArgumentHelp("Threads that work; $SLURM_CPUS_PER_TASK, else the processors that this process may use.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("End after this time: 90s, 10m, 2h.", valueName: "time"))
  var timeLimit: String?

  @Option(help: ArgumentHelp("End when the process holds more memory than this: 12GB.", valueName: "bytes"))
  var memoryLimit: String?

  @Option(help: ArgumentHelp("The most that Lua's own values may take: 256MB.", valueName: "bytes"))
  var luaMemory: String?

  @Flag(name: .shortAndLong, help: "No progress on stderr.")
  var quiet = false

  @Flag(help: "Encode prompts and lay out weights anew, and keep nothing of them on disk.")
  var noCache = false

  /// What prompts came to, in $XDG_CACHE_HOME/fluxlua or ~/.cache/fluxlua.
  func embeddings(isReadOnly: Bool) -> EmbeddingCache {
    EmbeddingCache(folder: noCache ? nil : cache.map { "\($0)/embeddings" }, isReadOnly: isReadOnly)
  }

  /// Weights as they are multiplied, beside them.
  func packed() -> PackedStore? { noCache ? nil : cache.map { PackedStore(folder: "\($0)/packed") } }

  private var cache: String? {
    let environment = ProcessInfo.processInfo.environment
    return (environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? environment["HOME"].map { "\($0)/.cache" }).map { "\($0)/fluxlua" }
  }

  /// The model that `flux.load()` loads.
  func source() throws -> ModelSource {
    let environment = ProcessInfo.processInfo.environment["FLUXLUA_MODEL"].flatMap { $0.isEmpty ? nil : $0 }
    guard let path = model ?? environment, path != "embedded" else { return .embedded }
    return .named(path)
  }

  func limits() throws -> Limits {
    var limits = Limits()
    if let timeLimit {
      guard let time = Limits.Time(timeLimit) else { throw ValidationError("--time-limit must be a time such as 90s, 10m or 2h, got '\(timeLimit)'.") }
      limits.time = time
    }
    if let luaMemory { limits.memory = try Self.memory(luaMemory, "--lua-memory") }
    return limits
  }

  func memoryBytes() throws -> Int? { try memoryLimit.map { try Self.memory($0, "--memory-limit").bytes } }

  private static func memory(_ text: String, _ option: String) throws -> Limits.Memory {
    guard let memory = Limits.Memory(text) else { throw ValidationError("\(option) must be a size of at least 1MB, such as 256MB or 12GB, got '\(text)'.") }
    return memory
  }

  func validate() throws {
    _ = try limits()
    _ = try memoryBytes()
    if let threads, !Self.usable.contains(threads) { throw ValidationError("--threads must be from 1 to \(Self.usable.upperBound), got \(threads).") }
  }

  private static let usable = 1...1024

  /// Sets the number of threads for the whole process.
  func useThreads() throws {
    guard let given = threads ?? ProcessInfo.processInfo.environment["SLURM_CPUS_PER_TASK"].flatMap({ Int($0) }) else { return }
    guard Self.usable.contains(given) else { throw ValidationError("$SLURM_CPUS_PER_TASK must be from 1 to \(Self.usable.upperBound), got \(given).") }
    try Team.use(threads: given)
  }
}

extension Precision: ExpressibleByArgument {}
