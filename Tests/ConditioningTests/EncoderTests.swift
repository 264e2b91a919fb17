import Checkpoints
import Conditioning
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct EncoderTests {
  func weights(_ folder: ModelFolder, _ precision: Encoding) throws -> (Weights, Settings) {
    (Weights(try Checkpoint(in: folder, stem: "model"), precision: precision), try Settings(folder.required("config.json", hint: "")))
  }

  func t5(_ model: String, _ precision: Encoding = .f32) throws -> T5Encoder {
    let (weights, settings) = try weights(Fixtures.model("\(model)/text_encoder_2"), precision)
    return try T5Encoder(weights, T5Configuration(settings))
  }

  func clip(_ model: String, _ precision: Encoding = .f32) throws -> CLIPTextEncoder {
    let (weights, settings) = try weights(Fixtures.model("\(model)/text_encoder"), precision)
    return try CLIPTextEncoder(weights, CLIPConfiguration(settings))
  }

  @Test(arguments: Fixtures.cases("t5.schnell") + Fixtures.cases("t5.dev"))
  func t5IsThatOfTransformersBlockByBlock(_ c: Case) throws {
    let encoder = try t5(c.name.contains("dev") ? "tiny-dev" : "tiny-schnell")
    let ids = try c.tensor("input_ids").values.map { Int($0) }
    if c.has("position_bias") { try c.check("position_bias", encoder.positionBias(ids.count)) }
    var states: [Tensor] = []
    let result = try encoder(ids) { states.append($0) }
    for (index, state) in states.enumerated() where c.has("block.\(index)") { try c.check("block.\(index)", state) }
    try c.check("hidden_states", result)
  }

  @Test(arguments: Fixtures.cases("clip.schnell") + Fixtures.cases("clip.dev"))
  func clipIsThatOfTransformersLayerByLayer(_ c: Case) throws {
    let encoder = try clip(c.name.contains("dev") ? "tiny-dev" : "tiny-schnell")
    let ids = try c.tensor("input_ids").values.map { Int($0) }
    var states: [Tensor] = []
    let last = try encoder.states(ids) { states.append($0) }
    for (index, state) in states.enumerated() where c.has("layer.\(index)") { try c.check("layer.\(index)", state) }
    if c.has("last_hidden_state") { try c.check("last_hidden_state", last) }
    try c.check("pooled", encoder(ids))
  }

  @Test func bf16EncodersStayWithinTheirRounding() throws {
    let text = try Fixtures.named("t5.dev.0"), pooled = try Fixtures.named("clip.dev.0")
    let sequence = try t5("tiny-dev", .bf16)(text.tensor("input_ids").values.map { Int($0) }), exact = try text.tensor("hidden_states")[0]
    #expect((sequence - exact).norm / exact.norm < 0.02)
    let vector = try clip("tiny-dev", .bf16)(pooled.tensor("input_ids").values.map { Int($0) }), clean = try pooled.tensor("pooled")[0]
    #expect((vector - clean).norm / clean.norm < 0.02)
  }

  @Test func tokensThatTheEncoderDoesNotKnowAreAnError() throws {
    let encoder = try t5("tiny-dev")
    #expect(throws: CheckpointError.self) { try encoder([5, 1_000_000]) }
  }
}
