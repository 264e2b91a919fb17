import Conditioning
import Denoising
import Foundation
import Imaging
import Pipeline
import Tensors
import TestSupport
import Testing

/// What is only counted must be what would be done.
@Suite struct StandInTests {
  private func workload(_ change: (inout Request) throws -> Void) throws -> Workload {
    let pipeline = try FluxPipeline.standingIn(for: .folder("\(Fixtures.folder)/tiny-dev"))
    var request = Request("a red fox", size: Size(width: 48, height: 32), seed: 7)
    request.sigmas = .count(5)
    try change(&request)
    _ = try pipeline.generate(request)
    return pipeline.workload
  }
  private let velocity = Work.velocity(text: 512, size: Size(width: 48, height: 32)), decode = Work.decode(Size(width: 48, height: 32))

  @Test func eachStepOfEulerIsOneEvaluation() throws {
    #expect(try workload { _ in } == [.text(tokens: 512): 1, velocity: 5, decode: 1])
  }

  @Test(arguments: NamedSampler.allCases) func everySamplerAsksAsOftenAsOfTheModel(_ sampler: NamedSampler) throws {
    var asked = 0
    var trajectory = Trajectory(from: Tensor(repeating: 1, [1, 16, 4, 6]), along: try ModelSchedule(shift: .factor(1)).schedule(.flux, steps: 5, tokens: 6),
                                on: .init(sampler: sampler.sampler, conditioning: [], seeds: [7])) { x, _, _ in
      asked += 1
      return x
    }
    while try trajectory.next() != nil {}
    #expect(try workload { $0.sampler = sampler.sampler }[velocity] == asked)
  }

  @Test func passesBatchesAndPicturesAreCounted() throws {
    let doubled = try workload { $0.cfg = CFG(scale: .constant(2), negative: "a crow") }
    #expect(doubled[velocity] == 10 && doubled[.text(tokens: 512)] == 2)
    let batch = try workload { $0.batch = 3 }
    #expect(batch[velocity] == 15 && batch[decode] == 3 && batch[.text(tokens: 512)] == 1)
    let image = try Image(width: 48, height: 32, channels: 3, pixels: [UInt8](repeating: 90, count: 48 * 32 * 3))
    let half = try workload { $0.start = .image(image, strength: 0.4) }
    #expect(half[velocity] == 2 && half[.encode(Size(width: 48, height: 32))] == 1)
  }

  @Test func whatACacheWouldSpareIsCountedInFull() throws {
    #expect(try workload { $0.cache = StepCache(threshold: 1e6) }[velocity] == 5)
  }

  @Test func whatIsWrongForTheModelIsWrongForItsStandIn() throws {
    #expect(message { _ = try workload { $0.size = Size(40) } } == "'size' must be a multiple of 16, got 40; the nearest are 32 and 48")
  }

  @Test func promptsThatAreOnDiskAreNotCounted() throws {
    try withTemporaryFolder { (folder: URL) throws in
      let working = try FluxPipeline(.folder("\(Fixtures.folder)/tiny-dev")), planning = try FluxPipeline.standingIn(for: .folder("\(Fixtures.folder)/tiny-dev"))
      working.embeddings = EmbeddingCache(folder: folder.path)
      planning.embeddings = EmbeddingCache(folder: folder.path, isReadOnly: true)
      let fox = try working.encode("a red fox")
      #expect(try planning.encode("a red fox").sequence.values == fox.sequence.values)
      _ = try planning.encode("a black crow")
      #expect(planning.workload == [.text(tokens: 512): 1])
    }
  }

  @Test func moreWorkTakesMoreTimeAndLargerPicturesMoreMemory() throws {
    let pipeline = try FluxPipeline(.embedded)
    let few: Workload = [.velocity(text: 64, size: Size(128)): 10], many: Workload = [.velocity(text: 64, size: Size(128)): 1000]
    #expect(try pipeline.estimate(many).seconds > 10 * pipeline.estimate(few).seconds)
    #expect(pipeline.bytes(for: [.decode(Size(1024)): 1]) > pipeline.bytes(for: [.decode(Size(128)): 100]))
  }

  /// Of large models a block of each kind is tried, and the rest is reckoned: here by a model with more blocks than that.
  @Test func aFewBlocksTellOfAllOfThem() throws {
    let pipeline = try FluxPipeline(.named("\(Fixtures.folder)/tiny-dev"))
    let work: Workload = [.text(tokens: 64): 2, .velocity(text: 64, size: Size(64)): 50, .decode(Size(64)): 3, .encode(Size(64)): 1, .preview(Size(64)): 4]
    let (whole, part) = (try pipeline.estimate(work, fromPartOfIt: false), try pipeline.estimate(work, fromPartOfIt: true))
    #expect(whole.seconds > 0 && part.seconds > 0 && part.seconds.isFinite && whole.bytes == part.bytes)
  }
}
