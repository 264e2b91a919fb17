import Checkpoints
import Foundation
import Pipeline
import Tensors
import TestSupport
import Testing

/// Files that are written anew, and read again.
@Suite struct ModelConversionTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  static let source = "\(Fixtures.folder)/variants/flux1-dev-tiny.safetensors"

  func converted(_ target: ModelConversion.Target, from source: String = source) throws -> (made: Checkpoint, before: Checkpoint, file: ModelFile) {
    let output = "\(folder.path)/made" + (target == .q8_0 ? ".gguf" : ".safetensors")
    try ModelConversion(source, to: output, as: target).run()
    let file = try ModelFile(path: output)
    return (try #require(file.parts[.transformer]), try #require(ModelFile(path: source).parts[.transformer]), file)
  }

  /// How far a tensor may be off, over its largest number: half a step of the encoding.
  @Test(arguments: [(ModelConversion.Target.bf16, 0.0), (.int8, 0.5 / 127), (.q8_0, 0.55 / 127)])
  func everyTensorIsItselfWithinHalfAStep(_ target: ModelConversion.Target, _ step: Double) throws {
    let (made, before, _) = try converted(target)
    #expect(Set(made.entries.keys) == Set(before.entries.keys))
    for name in before.entries.keys {
      let (a, b) = (try made.tensor(name), try before.tensor(name))
      #expect(a.shape == b.shape && Double(a.largestDifference(from: b)) <= step * Double(max(b.maximum, -b.minimum)) * 1.001, "\(name)")
    }
  }

  @Test(arguments: [(ModelConversion.Target.int8, "I8"), (.q8_0, "Q8_0")]) func matricesOfBlocksAreConvertedAndTheEndsAreNot(_ target: ModelConversion.Target, _ type: String) throws {
    let (_, _, file) = try converted(target)
    #expect(file.entries["double_blocks.0.img_attn.qkv.weight"]?.type == type && file.entries["single_blocks.2.linear2.weight"]?.type == type)
    #expect(file.entries["img_in.weight"]?.type == "BF16" && file.entries["final_layer.linear.weight"]?.type == "BF16")
    #expect(file.entries["img_in.bias"]?.type == "F32")
  }

  @Test func scaledFloat8BecomesTheNumbersThatItMeans() throws {
    let (made, before, _) = try converted(.bf16, from: "\(Fixtures.folder)/variants/flux1-dev-tiny-fp8-scaled-new.safetensors")
    for name in before.entries.keys { #expect(try (made.tensor(name) - before.tensor(name)).norm <= 0.004 * before.tensor(name).norm, "\(name)") }
  }

  @Test(arguments: ModelConversion.Target.allCases) func whatWasConvertedPaints(_ target: ModelConversion.Target) throws {
    let output = "\(folder.path)/t" + (target == .q8_0 ? ".gguf" : ".safetensors")
    try ModelConversion("\(Fixtures.folder)/tiny-dev/transformer", to: output, as: target).run()
    var request = Request("a fox", size: Size(32), seed: 1)
    request.sigmas = .count(2)
    let plain = try FluxPipeline(.named("\(Fixtures.folder)/tiny-dev"), precision: .f32).sample(request)
    let made = try FluxPipeline(.parts(base: "\(Fixtures.folder)/tiny-dev", [.transformer: output]), precision: .f32).sample(request)
    #expect((made - plain).norm < 0.05 * plain.norm)
  }

  @Test func aConversionThatIsStoppedLeavesNothing() throws {
    struct Stopped: Error {}
    #expect(throws: Stopped.self) {
      try ModelConversion(Self.source, to: "\(folder.path)/made.safetensors", as: .int8).run { if $0 > 0.3 { throw Stopped() } }
    }
    #expect(try folder.files.isEmpty)
  }

  @Test func wrongUseIsSaidBeforeAnythingIsWritten() throws {
    #expect(message { _ = try ModelConversion(Self.source, to: "\(folder.path)/a.gguf", as: .int8) } == "'OUT' must end in .safetensors for int8, got '\(folder.path)/a.gguf'")
    try folder.write("x", to: "a.gguf")
    #expect(message { _ = try ModelConversion(Self.source, to: "\(folder.path)/a.gguf", as: .q8_0) } == "'OUT' '\(folder.path)/a.gguf' is there already; move it away or choose another name")
    #expect(message { _ = try ModelConversion("\(Fixtures.folder)/tiny-dev", to: "\(folder.path)/b.gguf", as: .q8_0) }.contains("is no folder of one part with its weights; give one, such as"))
    #expect(message { _ = try ModelConversion("\(Fixtures.folder)/cases.json", to: "\(folder.path)/b.gguf", as: .q8_0) }.contains("is not a safetensors file"))
  }
}
