import Foundation
import Pipeline
import Scripting
import Tensors

/// What a sweep costs beside a plain loop: the same pictures by both, on the model inside the program.
struct CellBench {
  let count: Int, repeats: Int

  struct Result: Codable, Sendable {
    var cells: Int
    /// Pictures a minute, the middle of the repeats.
    var loop: Double, sweep: Double
    /// How much longer the sweep takes, the middle of the pairs; 0.01 is a hundredth.
    var overhead: Double
  }

  private var loop: String {
    "local model = flux.load() for seed = 1, \(count) do model:generate('a fox', { seed = seed }):save(seed .. '.png') end"
  }
  private var sweep: String {
    "local model, sweep = flux.load(), flux.sweep { seed = flux.range(1, \(count)) } for cell in sweep:cells() do cell:save(model:generate('a fox', { seed = cell.seed })) end"
  }

  /// Both in turns, and each first as often as second, since the machine may be faster at one time than at another.
  func measure(_ cancellation: Cancellation) throws -> Result {
    _ = try seconds(loop, cancellation)               // reads the model
    let pairs = try (0..<repeats).map { round in
      if round % 2 == 0 { return try (loop: seconds(loop, cancellation), sweep: seconds(sweep, cancellation)) }
      let first = try seconds(sweep, cancellation)
      return (loop: try seconds(loop, cancellation), sweep: first)
    }
    func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    return Result(cells: count, loop: Double(count) / middle(pairs.map(\.loop)) * 60, sweep: Double(count) / middle(pairs.map(\.sweep)) * 60,
                  overhead: middle(pairs.map { $0.sweep / $0.loop - 1 }))
  }

  private func seconds(_ source: String, _ cancellation: Cancellation) throws -> Double {
    let out = FileManager.default.temporaryDirectory.appending(path: "fluxlua-bench-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: out) }
    let session = Session(files: FileAccess(recipeFolder: out, out: out, recipe: "bench.lua"))
    let recipe = Recipe(name: "bench.lua", folder: out, source: source, isBundled: true), start = ContinuousClock.now
    try recipe.run(Recipe.Settings(cancellation: cancellation, session: session)).get()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
