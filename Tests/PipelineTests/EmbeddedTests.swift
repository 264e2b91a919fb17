import Checkpoints
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

  @Test(arguments: [Precision.f32, .bf16, .int8]) func oneAndTwoThreadsGiveTheSameBytesOnEveryRun(_ precision: Precision) throws {
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

  /// A picture of every prompt.
  func pictures(_ pipeline: FluxPipeline) throws -> [Image] {
    try (Self.prompts + Self.more).enumerated().map { seed, prompt in
      var request = Request(.conditioning([try pipeline.encode(PromptText(prompt, length: 32))]), size: Size(128), seed: Int64(seed))
      request.sigmas = .count(8)
      request.guidance = .constant(3)
      return try #require(pipeline.generate(request).first)
    }
  }

  static let more = [
    "a green apple", "a mushroom", "a snowman on a blue background", "a robot", "a panda on a pink background", "a yellow triangle", "a purple star on a white background",
    "a fish", "a house on a green background", "a red heart",
  ]

  /// How near pictures are to those in f32: the middle of all, in dB.
  func median(_ a: [Image], _ b: [Image]) throws -> Double {
    let sorted = try zip(a, b).map { try $0.psnr($1) }.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  @Test func bf16AndInt8PicturesAreAsCloseToF32AsTheyMustBe() throws {
    let exact = try pictures(FluxPipeline(.embedded, precision: .f32))
    let bf16 = try pictures(FluxPipeline(.embedded, precision: .bf16)), int8 = try pictures(FluxPipeline(.embedded, precision: .int8))
    let first = try median(Array(exact.prefix(Self.prompts.count)), Array(bf16.prefix(Self.prompts.count)))
    #expect(first >= Tolerance.bf16Decibels, "bf16 \(first) dB")
    let (rounded, whole) = (try median(exact, bf16), try median(exact, int8))
    #expect(whole >= Tolerance.int8Decibels, "bf16 \(rounded) dB, int8 \(whole) dB")
    // What is aimed at, and not reached: 8 bits a token cost more by themselves, whatever the weights are (`SPEED.md`). It fails the day it is, and then takes the line above's place.
    withKnownIssue { #expect(whole >= rounded - Tolerance.int8Loss, "bf16 \(rounded) dB, int8 \(whole) dB") }
    let planted = try PlantedOutliers()
    let outlying = try median(pictures(FluxPipeline(.named(planted.folder.path), precision: .f32)), pictures(FluxPipeline(.named(planted.folder.path), precision: .int8)))
    #expect(outlying >= whole - Tolerance.int8Loss, "int8 \(whole) dB, with outliers \(outlying) dB")
    if ProcessInfo.processInfo.environment["FLUX_VERBOSE"] != nil { print("median of \(exact.count): bf16 \(rounded) dB, int8 \(whole) dB, with outliers \(outlying) dB") }
  }
}

/// The embedded model with 0.5 % of the channels behind every norm fifty times as large, and the weights that take them as much
/// smaller: the same pictures in f32, and the kind of activations that spoil a careless int8.
struct PlantedOutliers {
  let folder: TemporaryFolder
  private static let factor: Float = 50

  init() throws {
    folder = try TemporaryFolder()
    let tar = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/EmbeddedModel/model.tar").path
    let archive = try Archive(FileBytes(mapping: tar))
    for (name, file) in archive.files {
      let place = URL(filePath: "\(folder.path)/\(name)")
      try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try file.data.write(to: place)
    }
    let name = "transformer/diffusion_pytorch_model.safetensors"
    let weights = try Checkpoint(safetensors: #require(archive.files[name]))
    var tensors = try Dictionary(uniqueKeysWithValues: weights.entries.keys.map { ($0, try weights.tensor($0)) })
    for key in weights.entries.keys.sorted() { tensors[key] = Self.planted(key, try #require(tensors[key])) }
    try folder.remove(name)
    try folder.write(Safetensors.file(tensors), to: name)
  }

  /// The channels of a block that stand out: one of 192, another in each block.
  private static func channel(_ key: String, _ width: Int) -> Int {
    let block = key.split(separator: ".").compactMap { Int($0) }.first ?? 0
    return (37 * block + (key.hasPrefix("single") ? 11 : 5)) % width
  }

  private static func planted(_ key: String, _ x: Tensor) -> Tensor {
    guard key.contains("transformer_blocks.") else { return x }
    let width = 192, chosen = channel(key, width)
    var values = x.values
    if key.hasSuffix("linear.weight") || key.hasSuffix("linear.bias") {
      // Rows are (shift, scale, gate) once or twice; a norm is multiplied by 1 + scale.
      let isBias = key.hasSuffix("bias"), columns = isBias ? 1 : width
      for part in 0..<x.shape[0] / width where part % 3 != 2 {
        for column in 0..<columns { values[(part * width + chosen) * columns + column] *= factor }
        if part % 3 == 1 && isBias { values[part * width + chosen] += factor - 1 }
      }
    } else if ["to_q.weight", "to_k.weight", "to_v.weight", "add_q_proj.weight", "add_k_proj.weight", "add_v_proj.weight", "net.0.proj.weight", "proj_mlp.weight"].contains(where: key.hasSuffix) {
      for row in 0..<x.shape[0] { values[row * width + chosen] /= factor }
    }
    return Tensor(x.shape, values)
  }
}
