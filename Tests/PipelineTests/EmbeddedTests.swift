import Conditioning
import Denoising
import Foundation
import Imaging
import Pipeline
import Tensors
import TestSupport
import Testing

/// The model inside the program: what is the same on every run, and what bf16 costs.
@Suite struct EmbeddedTests {
  struct Outcome: Equatable { var latents: [Float], pixels: [UInt8] }

  func outcome(_ precision: Precision, threads: Int) throws -> Outcome {
    try withThreads(threads) {
      let pipeline = try FluxPipeline(.embedded, precision: precision)
      var request = Request("a fox on a light blue background", seed: 7)
      request.sigmas = .count(2)
      let latents = try pipeline.sample(request)
      return Outcome(latents: latents.values, pixels: try pipeline.decode(latents).flatMap(\.pixels))
    }
  }

  @Test(arguments: [Precision.f32, .bf16]) func oneAndTwoThreadsGiveTheSameBytesOnEveryRun(_ precision: Precision) throws {
    let results = try [1, 2, 2].map { try outcome(precision, threads: $0) }
    #expect(results[0] == results[1], "one thread and two")
    #expect(results[1] == results[2], "two runs")
  }

  @Test func aModelWithGuidanceMustBeToldIt() throws {
    let pipeline = try FluxPipeline(.embedded, precision: .f32), conditioning = try pipeline.encode(PromptText("a pear", length: 8))
    let x = Tensor.zeros([1, 16, 4, 4])
    #expect(message { _ = try pipeline.velocity(x, 1, [conditioning], guidance: nil) } == "'guidance' is missing, and this model was made to be told it")
    #expect(try pipeline.velocity(x, 1, [conditioning], guidance: 1).values != pipeline.velocity(x, 1, [conditioning], guidance: 5).values)
  }

  /// The prompts of Scripts/bf16_reference.py; the seed is the place in the list.
  static let prompts = [
    "a red apple", "a fox on a light blue background", "a green triangle on a yellow background", "a castle on a pink background",
    "face with sunglasses", "a blue cat on a yellow background", "a pear", "a red circle on a white background", "a sailboat",
    "a yellow star on a blue background",
  ]

  @Test func bf16PicturesAreAsCloseToF32AsPyTorchs() throws {
    let exact = try FluxPipeline(.embedded, precision: .f32), rounded = try FluxPipeline(.embedded, precision: .bf16)
    let decibels = try Self.prompts.enumerated().map { seed, prompt in
      let pictures = try [exact, rounded].map { pipeline in
        var request = Request(.conditioning([try pipeline.encode(PromptText(prompt, length: 32))]), size: Size(128), seed: Int64(seed))
        request.sigmas = .count(8)
        request.guidance = .constant(3)
        return try #require(pipeline.generate(request).first)
      }
      return try pictures[0].psnr(pictures[1])
    }
    let sorted = decibels.sorted(), median = (sorted[4] + sorted[5]) / 2
    let shown = zip(decibels, Self.prompts).map { String(format: "%6.2f dB  %@", $0, $1) }.joined(separator: "\n")
    #expect(median >= Tolerance.bf16Decibels, "median \(median)\n\(shown)")
    if ProcessInfo.processInfo.environment["FLUX_VERBOSE"] != nil { print("\(shown)\n\(String(format: "%6.2f", median)) dB  median") }
  }
}
