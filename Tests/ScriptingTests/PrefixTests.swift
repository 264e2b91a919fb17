import Foundation
import Pipeline
import Scripting
import Synchronization
import TestSupport
import Testing

extension ScriptingTests {
/// Cells of a sweep that begin alike compute their beginning once, to the same bytes.
@Suite struct PrefixTests {
  /// Runs a loop over two cells and gives how many steps were computed, and whether the pictures are those of a plain call.
  private static func steps(_ first: String, _ second: String) throws -> Int {
    let out = try TemporaryFolder(), steps = Mutex(0)
    let files = FileAccess(out: out.path, recipe: "a.lua", readable: [Fixtures.folder])
    let session = Session(files: files) { activity in if case .step = activity { steps.withLock { $0 += 1 } } }
    let source = """
      local model = flux.load "\(Fixtures.folder)/tiny-dev"
      local options = { function() return \(first) end, function() return \(second) end }
      local sweep = flux.sweep { which = {1, 2} }
      for cell in sweep:cells() do cell:save(model:generate("a fox", options[cell.which]())) end
      flux.log "apart"
      for which = 1, 2 do
        assert(model:generate("a fox", options[which]()):psnr(sweep:cell(which):picture()) == math.huge)
        assert(model:generate("a fox", options[which]()).text.fluxlua == sweep:cell(which):picture().text.fluxlua)
      end
      """
    let lines = Lines(), counted = Mutex(0)
    let output = Output { text, stream in
      if text == "apart" { counted.withLock { $0 = steps.withLock { $0 } } }
      lines.output.write(text, stream)
    }
    if case .failure(let failure) = run(source, Recipe.Settings(output: output, session: session)) { Issue.record("\(failure.report)") }
    return counted.withLock { $0 }
  }

  @Test(arguments: [
    ("{size = 32, steps = 4, guidance = {4, 4, 4, 2}}", "{size = 32, steps = 4, guidance = {4, 4, 4, 6}}", 5),
    ("{size = 32, steps = 4, guidance = {4, 2}}", "{size = 32, steps = 4, guidance = {4, 6}}", 7),
    ("{size = 32, steps = 4}", "{size = 32, steps = 4}", 4),
    ("{size = 32, steps = 4}", "{size = 32, steps = 4, seed = 1}", 8),
    ("{size = 32, steps = 4}", "{size = 48, steps = 4}", 8),
    ("{size = 32, steps = 4}", "{size = 32, steps = 5}", 9),
    ("{size = 32, steps = 4}", "{size = 32, steps = 4, sampler = 'dpmpp_2m'}", 8),
    ("{size = 32, steps = 4, sampler = 'dpmpp_2m', guidance = {1, 1, 1, 2}}", "{size = 32, steps = 4, sampler = 'dpmpp_2m', guidance = {1, 1, 1, 3}}", 5),
    ("{size = 32, steps = 4, sampler = 'euler_ancestral', eta = 1, guidance = {1, 1, 2}}", "{size = 32, steps = 4, sampler = 'euler_ancestral', eta = 0.5, guidance = {1, 1, 2}}", 8),
    ("{size = 32, steps = 4, sampler = 'euler_ancestral', guidance = {1, 1, 2}}", "{size = 32, steps = 4, sampler = 'euler_ancestral', guidance = {1, 1, 3}}", 6),
    ("{size = 32, schedule = {1, 0.7, 0.3, 0}}", "{size = 32, schedule = {1, 0.7, 0.4, 0}}", 5),
    ("{size = 32, steps = 3, cfg = {scale = {2, 2, 3}, negative = 'b'}}", "{size = 32, steps = 3, cfg = {scale = {2, 2, 4}, negative = 'b'}}", 4),
    ("{size = 32, steps = 3, cfg = {scale = 2, negative = 'b'}}", "{size = 32, steps = 3, cfg = {scale = 2, negative = 'c'}}", 6),
    ("{size = 32, steps = 3, cfg = {scale = 2, combine = 'apg'}}", "{size = 32, steps = 3, cfg = {scale = 2}}", 6),
    ("{size = 32, steps = 3, batch = 1, on_step = function() end}", "{size = 32, steps = 3, on_step = function() end}", 6),
    ("{size = 32, steps = 3, guidance = function() return 4 end}", "{size = 32, steps = 3, guidance = function() return 4 end}", 6),
    ("{size = 32, steps = 4, cache = {threshold = 1e6}, guidance = {1, 1, 2}}", "{size = 32, steps = 4, cache = {threshold = 1e6}, guidance = {1, 1, 3}}", 6),
    ("{size = 32, steps = 4, cache = {threshold = 1e6}}", "{size = 32, steps = 4, cache = {threshold = 1e6, stop = 0.5}}", 8),
    ("{size = 32, steps = 3, noise = flux.noise {size = 32, seed = 1}}", "{size = 32, steps = 3, noise = flux.noise {size = 32, seed = 2}}", 6),
  ]) func stepsThatTwoCellsHaveInCommonAreComputedOnce(_ first: String, _ second: String, _ expected: Int) throws {
    #expect(try Self.steps(first, second) == expected)
  }
}
}
