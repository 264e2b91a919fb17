import Checkpoints
import Foundation
import TestSupport
import Testing
import Tensors
import Models

/// Every file layout and every encoding of a transformer gives the velocity that diffusers gives with the widened weights.
@Suite(.serialized) struct FormatTests {
  let plain = TransformerTests()

  func transformer(_ file: String, _ settings: Settings, precision: Encoding = .f32) throws -> FluxTransformer {
    let checkpoint = try #require(ModelFile(path: "\(Fixtures.folder)/\(file)").parts[.transformer])
    return try FluxTransformer(Weights(checkpoint, precision: precision), FluxConfiguration(settings))
  }

  func tinyDev() throws -> Settings { try Settings(Fixtures.model("tiny-dev/transformer").required("config.json", hint: "")) }

  func settings(_ c: Case) throws -> Settings { Settings(of: c.name, try #require(c.params["config"]?.map)) }

  static let files = Fixtures.cases("gguf.").filter { $0.has("out") }

  @Test(arguments: files) func everyGGUFTypeGivesTheVelocityOfItsNumbers(_ c: Case) throws {
    let model = try transformer(try #require(c.params["model"]?.text), settings(c))
    try c.check("out", plain.outputs(c, model))
  }

  @Test(arguments: files) func rowsOfEveryTensorAreThoseOfTheReference(_ c: Case) throws {
    let file = try ModelFile(path: "\(Fixtures.folder)/\(try #require(c.params["model"]?.text))")
    let all = Checkpoint(name: file.name, entries: file.entries)
    for name in c.tensorNames where name.hasPrefix("rows.") {
      let rows = try all.rows(String(name.dropFirst(5)))
      try c.check(name, rows[0..<min(3, rows.count)].tensor())
    }
  }

  @Test(arguments: files) func inBF16EveryGGUFTypeStaysWithinItsRounding(_ c: Case) throws {
    let made = try plain.outputs(c, transformer(try #require(c.params["model"]?.text), settings(c), precision: .bf16)), exact = try c.tensor("out")
    #expect((made - exact).norm < 0.03 * exact.norm)
  }

  @Test(arguments: [("flux1-dev-tiny", "transformer.dev.bfl_file"), ("flux1-dev-tiny-fp8", "transformer.dev.fp8_file")])
  func singleFilesGiveTheVelocityOfDiffusers(_ file: String, _ name: String) throws {
    let inputs = try Fixtures.named("transformer.dev.basic")
    try Fixtures.named(name).check("out", plain.outputs(inputs, transformer("variants/\(file).safetensors", tinyDev())))
  }

  @Test(arguments: ["old", "new", "metadata"]) func scaledFloat8GivesTheVelocityOfItsNumbers(_ dialect: String) throws {
    let inputs = try Fixtures.named("transformer.dev.basic"), tolerance = try Fixtures.named("transformer.dev.fp8_file").tolerance("out")
    let made = try plain.outputs(inputs, transformer("variants/flux1-dev-tiny-fp8-scaled-\(dialect).safetensors", tinyDev()))
    let wide = try plain.outputs(inputs, transformer("variants/flux1-dev-tiny-fp8-scaled-widened.safetensors", tinyDev()))
    #expect(made.largestDifference(from: wide) <= tolerance)
  }

  @Test func sizesAreReadFromTheTensors() throws {
    let checkpoint = try #require(ModelFile(path: "\(Fixtures.folder)/variants/flux1-dev-tiny.safetensors").parts[.transformer])
    let known = try FluxConfiguration.sizes(of: checkpoint), own = try FluxConfiguration(tinyDev())
    #expect(try FluxConfiguration(known.settings(of: "x", besides: tinyDev())) == own)
    #expect(message { _ = try known.settings(of: "x.gguf", besides: nil) }.hasPrefix("x.gguf: has heads of 16, and how those turn with a position is not in the file"))
    let other = try Settings(Fixtures.model("tiny-schnell/transformer").required("config.json", hint: ""))
    #expect(throws: CheckpointError.self, "a config.json of another model is not believed") { try known.settings(of: "x", besides: other) }
  }

  @Test(arguments: Fixtures.cases("vae.dev").filter { $0.name.contains("decode") || $0.name.contains("encode") })
  func theAutoencoderFileIsTheFolder(_ c: Case) throws {
    let tests = AutoEncoderTests(), checkpoint = try #require(ModelFile(path: "\(Fixtures.folder)/variants/ae.safetensors").parts[.vae])
    let config = try Settings(Fixtures.model("tiny-dev/vae").required("config.json", hint: ""))
    let settings = try AutoEncoderConfiguration.sizes(of: checkpoint).settings(of: "ae", besides: config)
    let model = try AutoEncoder(Weights(checkpoint, precision: .f32), AutoEncoderConfiguration(settings))
    if c.has("image") { try c.check("image", tests.channelsFirst(model.decodeUnscaled(c.tensor("in.z")[0]))) }
    if c.has("mean") { try c.check("mean", model.encode(tests.picture(c)).mean) }
  }
}
