import Checkpoints
import Conditioning
import Denoising
import Foundation
import Imaging
import Pipeline
import Tensors
import TestSupport
import Testing

/// What a model takes in memory: known beforehand, kept under a limit, or refused with the smallest one that works.
@Suite(.serialized) struct MemoryTests {
  private func request(_ size: Int) -> Request {
    var request = Request("a fox", size: Size(size), seed: 7)
    request.sigmas = .count(2)
    request.shift = .off
    return request
  }

  /// The megabytes that a refusal names as enough.
  private func enough(_ refusal: String) throws -> Int {
    let found = try #require(refusal.firstMatch(of: /the smallest (?:limit )?that works is (\d+)MB/), "\(refusal)")
    return try #require(Int(found.output.1)) << 20
  }

  @Test(arguments: [Precision.f32, .bf16, .int8]) func theSmallestLimitThatIsNamedWorksAndNoSmallerOne(_ precision: Precision) throws {
    let refusal = message { _ = try FluxPipeline(.embedded, precision: precision, memoryLimit: 1 << 20) }
    #expect(refusal.hasPrefix("embedded: does not work under a memory limit of 1MB; the smallest that works is "), "\(refusal)")
    let limit = try enough(refusal)
    _ = try FluxPipeline(.embedded, precision: precision, memoryLimit: limit).generate(request(64))
    #expect(message { _ = try FluxPipeline(.embedded, precision: precision, memoryLimit: limit - (1 << 20)) }.contains("the smallest that works is "))
  }

  @Test func aPictureThatIsTooLargeForTheLimitIsRefusedBeforeItsFirstStep() throws {
    let limit = try enough(message { _ = try FluxPipeline(.embedded, precision: .bf16, memoryLimit: 1 << 20) }) + (8 << 20)
    let refusal = message { _ = try FluxPipeline(.embedded, precision: .bf16, memoryLimit: limit).trajectory(request(2048)) }
    #expect(refusal.hasPrefix("embedded: a picture of 2048x2048 takes more memory than there may be, \(limit >> 20)MB; the smallest limit that works is "), "\(refusal)")
    let needed = try enough(refusal)
    _ = try FluxPipeline(.embedded, precision: .bf16, memoryLimit: needed).trajectory(request(2048))
    #expect(try enough(message { _ = try FluxPipeline(.embedded, precision: .bf16, memoryLimit: needed - (1 << 20)).trajectory(request(2048)) }) == needed)
  }

  @Test func partsThatTakeTurnsPaintTheSamePicture() throws {
    let roomy = try FluxPipeline(.embedded, precision: .f32), limit = try enough(message { _ = try FluxPipeline(.embedded, precision: .f32, memoryLimit: 1 << 20) })
    let tight = try FluxPipeline(.embedded, precision: .f32, memoryLimit: limit)
    var loaded: [String] = []
    tight.observer = { if case .loading(let part, share: 0) = $0 { loaded.append(part) } }
    var twice = request(64)
    twice.tile = .whole
    let picture = try roomy.generate(twice)[0].pixels
    for _ in 0..<2 { #expect(try tight.generate(twice)[0].pixels == picture) }
    #expect(loaded == ["T5", "transformer"] || loaded == ["T5", "transformer", "transformer"], "the prompt is remembered: \(loaded)")
    #expect(tight.bytes(for: [.text(tokens: 64): 1, .velocity(text: 64, size: Size(64)): 2, .decode(Size(64)): 1]) <= limit)
    #expect(roomy.bytes(for: [.text(tokens: 64): 1, .velocity(text: 64, size: Size(64)): 2, .decode(Size(64)): 1]) > limit)
  }

  /// A network beside the transformer is counted, makes the text encoders leave where there is no room for all, and goes with the transformer.
  @Test func whatStandsBesideTheTransformerTakesMemory() throws {
    // What a step holds depends on the number of threads, which other tests change meanwhile.
    try withThreads(2) { try checkWhatStandsBeside() }
  }

  /// Where a step holds the most, the text encoders must leave it; where reading a prompt does, the transformer must, and the network with it.
  private func checkWhatStandsBeside() throws {
    let step = try loads(isStepLargest: true)
    #expect(step.alone == ["T5", "transformer"])
    #expect(step.beside == ["T5", "ControlNet", "transformer", "T5"], "the second prompt finds no T5: \(step.beside)")
    let text = try loads(isStepLargest: false)
    #expect(text.alone == ["T5", "transformer"])
    #expect(text.beside == ["T5", "ControlNet", "transformer", "ControlNet", "transformer"], "the second prompt left no room for both: \(text.beside)")
  }

  /// What is read for two prompts, alone and with a network, under the limit that just leaves room without it.
  private func loads(isStepLargest: Bool) throws -> (alone: [String], beside: [String]) {
    let folder = Fixtures.folder, source = ModelSource.folder("\(folder)/tiny-dev")
    func painted(_ pipeline: FluxPipeline, by net: String?) throws {
      for prompt in ["a red fox", "a crow"] as [Prompt] {
        var request = Request(prompt, size: Size(32), seed: 7)
        request.sigmas = .count(1)
        // Tokens beside the picture's make a step larger, and nothing else.
        if isStepLargest { request.references = [Reference(.latents(Tensor(repeating: 0.5, [16, 96, 96])))] }
        // As latents: the autoencoder stays out of it.
        request.controls = try net.map { [Control(.latents(Tensor(repeating: 0.5, [1, 16, 4, 4])), by: try pipeline.controlNet("\(folder)/\($0)"))] } ?? []
        _ = try pipeline.sample(request)
      }
    }
    let plan = try FluxPipeline.standingIn(for: source, precision: .f32)
    try painted(plan, by: nil)
    let limit = plan.neededBytes(for: plan.workload)
    _ = try plan.controlNet("\(folder)/controlnet")
    let more = plan.neededBytes(for: plan.workload) - limit
    #expect(more > 300_000 && more < 340_000, "\(more) bytes for a file of 335,672")
    func read(_ net: String?) throws -> [String] {
      let pipeline = try FluxPipeline(source, precision: .f32, memoryLimit: limit)
      var loaded: [String] = []
      pipeline.observer = { if case .loading(let part, share: 0) = $0 { loaded.append(part) } }
      try painted(pipeline, by: net)
      return loaded
    }
    return (try read(nil), try read("controlnet"))
  }

  /// Left to choose, a whole difference stands beside the weights where a second transformer would take more than there may be: the picture is made.
  @Test func adaptersAreMergedOnlyWhereThereIsRoom() throws {
    try withThreads(2) {
      let folder = try TemporaryFolder(), path = "\(folder.path)/whole.safetensors", limit = try enough(message { _ = try FluxPipeline(.embedded, precision: .f32, memoryLimit: 1 << 20) })
      try folder.write(Safetensors.file(["diffusion_model.transformer_blocks.0.attn.to_q.diff": Tensor(repeating: 0.01, [192, 192])]), to: "whole.safetensors")
      func merges(_ limit: Int?) throws -> Bool {
        let pipeline = try FluxPipeline(.embedded, precision: .f32, memoryLimit: limit)
        var run = request(64)
        run.adapters = [try Adaptation(pipeline.adapter(path))]
        _ = try pipeline.sample(run)
        return try pipeline.settled(run).adapters[0].isMerged
      }
      #expect(try merges(nil))
      #expect(try !merges(limit))
    }
  }

  @Test func tilesAreTakenWhereMemoryDemandsThem() throws {
    let roomy = try FluxPipeline(.embedded)
    #expect(roomy.side(of: .auto, for: Size(1024)) == nil && roomy.side(of: .side(512), for: Size(1024)) == 512 && roomy.side(of: .side(512), for: Size(512)) == nil)
    let whole = roomy.neededBytes(for: [.decode(Size(2048)): 1])
    let tight = try FluxPipeline(.embedded, memoryLimit: whole / 2)
    #expect([256, 512].contains(tight.side(of: .auto, for: Size(2048)) ?? 0) && tight.side(of: .whole, for: Size(2048)) == nil)
    #expect(tight.bytes(for: [.decode(Size(2048)): 1]) <= whole / 2)
  }

  /// What is off is off all over the picture: where tiles meet it does not jump by one level of 255.
  @Test func tilesOfARealPictureMeetWithoutASeam() throws {
    let pipeline = try FluxPipeline(.embedded, precision: .f32)
    var request = request(256)
    request.sigmas = .count(4)
    let latents = try pipeline.sample(request)
    let whole = try pipeline.decode(latents, tile: .whole)[0], tiled = try pipeline.decode(latents, tile: .side(64))[0]
    let decibels = try tiled.psnr(whole)
    #expect(decibels < .infinity && decibels > 30, "\(decibels) dB")
    let side = 256
    func off(_ x: Int, _ y: Int) -> Double {
      (0..<3).reduce(0) { $0 + Double(tiled.pixels[(y * side + x) * 3 + $1]) - Double(whole.pixels[(y * side + x) * 3 + $1]) } / 3
    }
    for seam in [64, 128, 192] {
      var (across, down) = (0.0, 0.0)
      for place in 0..<side {
        across += off(seam, place) - off(seam - 1, place)
        down += off(place, seam) - off(place, seam - 1)
      }
      #expect(abs(across) / Double(side) < 1 && abs(down) / Double(side) < 1, "at \(seam): \(across / Double(side)) and \(down / Double(side)) levels")
    }
  }
}

/// Weights that are kept as they are multiplied.
@Suite(.serialized) struct PackedStartTests {
  @Test(arguments: [Precision.bf16, .int8]) func theSecondStartPaintsTheSamePicture(_ precision: Precision) throws {
    try withTemporaryFolder { (folder: URL) throws in
      var said: [String] = []
      func picture(_ path: String?) throws -> [UInt8] {
        let pipeline = try FluxPipeline(.embedded, precision: precision)
        pipeline.observer = { if case .notice(let text) = $0 { said.append(text) } }
        pipeline.packed = path.map { PackedStore(folder: $0, least: 0) }
        var request = Request("a fox", size: Size(64), seed: 7)
        request.sigmas = .count(2)
        return try pipeline.generate(request)[0].pixels
      }
      let plain = try picture(nil), path = folder.appending(path: "packed").path
      #expect(try picture(path) == plain)
      #expect(said.count == 2, "T5 and the transformer: \(said)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).count { $0.hasSuffix(".packed") } == 2)
      #expect(try picture(path) == plain && said.count == 2)
    }
  }
}
