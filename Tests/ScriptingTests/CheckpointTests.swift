import Foundation
import Pipeline
import Scripting
import Synchronization
import Tensors
import TestSupport
import Testing

extension ScriptingTests {
/// Pictures that are interrupted go on where they were.
@Suite struct CheckpointTests {
  /// Runs the recipe, and asks for a stop when step `stop` of a run is about to be made for the n-th time in all.
  private func perform(_ source: String, in folder: String, stoppingAt stop: Int? = nil) -> (failure: RecipeFailure?, steps: [Int], notices: [String]) {
    let steps = Mutex<[Int]>([]), notices = Mutex<[String]>([]), cancellation = Cancellation()
    let files = FileAccess(recipeFolder: folder, out: "\(folder)/out", recipe: "hello.lua", readable: [Fixtures.folder])
    let session = Session(model: .folder("\(Fixtures.folder)/tiny-dev"), files: files) { activity in
      switch activity {
      case .step(let index, _):
        let count = steps.withLock { $0.append(index); return $0.count }
        if count == stop { cancellation.cancel(.terminated) }
      case .notice(let text): notices.withLock { $0.append(text) }
      default: break
      }
    }
    let result = run(source, Recipe.Settings(cancellation: cancellation, session: session), folder: folder)
    if case .failure(let failure) = result { return (failure, steps.withLock { $0 }, notices.withLock { $0 }) }
    return (nil, steps.withLock { $0 }, notices.withLock { $0 })
  }

  static let options = [
    "sampler = 'dpmpp_2m'", "sampler = 'euler_ancestral', batch = 2", "guidance = function(step) return 1 + step.sigma end",
    "image = flux.image(flux.full({3, 32, 32}, 0.4)), mask = flux.mask{size = 32}:rect(0, 0, 16, 32), strength = 1",
    "on_step = function(step) step.latents = step.latents * 0.99 end", "cache = {threshold = 1e6}",
  ]

  @Test(arguments: options) func theSameCallGoesOnToTheSameBytes(_ options: String) throws {
    func recipe(_ name: String, _ more: String) -> String {
      "local m = flux.load() m:sample({prompt = 'a fox', max_length = 16}, {size = 32, steps = 6, seed = 3, \(options)\(more)}):save '\(name).safetensors'"
    }
    try withTemporaryFolder { (folder: URL) throws in
      let path = folder.path, kept = recipe("made", ", checkpoint = {every = 0}")
      #expect(perform(recipe("whole", ""), in: path).failure == nil)
      let first = perform(kept, in: path, stoppingAt: 4)
      #expect(first.failure?.kind == .terminated)
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/out/checkpoints").count == 1)
      let second = perform(kept, in: path)
      #expect(second.failure == nil && second.steps == [4, 5, 6])
      #expect(second.notices.contains("going on after step 3 of 6, where this picture was interrupted"))
      #expect(!FileManager.default.fileExists(atPath: "\(path)/out/checkpoints"), "the file is gone with the last step")
      func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: "\(path)/out/\(name).safetensors")) }
      #expect(try bytes("made") == bytes("whole"))
    }
  }

  @Test func anotherCallDoesNotGoOnWithIt() throws {
    func recipe(_ seed: Int) -> String { "flux.load():sample({prompt = 'a fox', max_length = 16}, {size = 32, steps = 4, seed = \(seed), checkpoint = {every = 0}})" }
    try withTemporaryFolder { (folder: URL) throws in
      #expect(perform(recipe(1), in: folder.path, stoppingAt: 3).failure?.kind == .terminated)
      #expect(perform(recipe(2), in: folder.path).steps == [1, 2, 3, 4])
      #expect(perform(recipe(1), in: folder.path).steps == [3, 4])
    }
  }

  @Test func aStopWritesWhatIsThereHoweverLongTheIntervalIs() throws {
    let recipe = "flux.load():sample({prompt = 'a fox', max_length = 16}, {size = 32, steps = 4, checkpoint = {every = 3600}})"
    try withTemporaryFolder { (folder: URL) throws in
      #expect(perform(recipe, in: folder.path, stoppingAt: 3).failure?.kind == .terminated)
      #expect(perform(recipe, in: folder.path).steps == [3, 4])
    }
  }

  @Test func loopsThatTheRecipeHoldsAreSavedByIt() {
    let said = failing("flux.load():steps('a fox', {checkpoint = {every = 1}})")
    #expect(said?.message == "hello.lua:1: steps: 'checkpoint' is for generate and sample; a loop that the recipe holds is saved by run:save")
    #expect(failing("flux.load():sample('a fox', {checkpoint = {evry = 1}})")?.message == "hello.lua:1: sample: checkpoint: no option 'evry'; did you mean 'every'?")
    #expect(failing("flux.load():sample('a fox', {checkpoint = {every = -1}})")?.message
            == "hello.lua:1: sample: checkpoint: 'every' must be a number from 0 to 1000000, got -1")
  }
}
}
