import Foundation
import Pipeline
import Scripting
import Tensors

/// What a sweep costs beside a plain loop: the same pictures by both, on the model inside the program.
struct CellBench {
  let count: Int, repeats: Int

  struct Result: Codable, Sendable {
    var cells: Int
    /// Pictures a minute, the best of the repeats.
    var loop: Double, sweep: Double
    /// How much longer the sweep takes; 0.01 is a hundredth.
    var overhead: Double
  }

  private var loop: String {
    "local model = flux.load() for seed = 1, \(count) do model:generate('a fox', { seed = seed }):save(seed .. '.png') end"
  }
  private var sweep: String {
    "local model, sweep = flux.load(), flux.sweep { seed = flux.range(1, \(count)) } for cell in sweep:cells() do cell:save(model:generate('a fox', { seed = cell.seed })) end"
  }

  /// Both in turns, since the machine may be faster at one time than at another.
  func measure(_ cancellation: Cancellation) throws -> Result {
    var best = (loop: Double.infinity, sweep: Double.infinity)
    for _ in 0..<repeats {
      best.loop = min(best.loop, try seconds(loop, cancellation))
      best.sweep = min(best.sweep, try seconds(sweep, cancellation))
    }
    return Result(cells: count, loop: Double(count) / best.loop * 60, sweep: Double(count) / best.sweep * 60, overhead: best.sweep / best.loop - 1)
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
