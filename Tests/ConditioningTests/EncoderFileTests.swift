import Checkpoints
import Conditioning
import Tensors
import TestSupport
import Testing

/// Text encoders from single files give what transformers gives with the widened weights.
@Suite struct EncoderFileTests {
  func part(_ part: ModelPart, _ file: String) throws -> Checkpoint { try #require(ModelFile(path: "\(Fixtures.folder)/\(file)").parts[part]) }

  @Test(arguments: [("t5.single_file", "variants/t5xxl_fp16.safetensors"), ("t5.gguf", "gguf/t5-tiny-Q8_0.gguf")])
  func t5FilesGiveTheSequenceOfTransformers(_ name: String, _ file: String) throws {
    let c = try Fixtures.named(name), checkpoint = try part(.t5, file)
    let encoder = try T5Encoder(Weights(checkpoint, precision: .f32), T5Configuration(T5Configuration.sizes(of: checkpoint).settings(of: file, besides: nil)))
    let ids = try Fixtures.named("t5.single_file").tensor("input_ids").values.map { Int($0) }
    try c.check("hidden_states", encoder(ids))
  }

  @Test func aClipFileGivesThePooledVectorOfTransformers() throws {
    let c = try Fixtures.named("clip.single_file"), checkpoint = try part(.clip, "variants/clip_l.safetensors")
    let config = try Settings(Fixtures.model("tiny-dev/text_encoder").required("config.json", hint: ""))
    let encoder = try CLIPTextEncoder(Weights(checkpoint, precision: .f32), CLIPConfiguration(CLIPConfiguration.sizes(of: checkpoint).settings(of: "clip_l", besides: config)))
    let ids = try c.tensor("input_ids").values.map { Int($0) }
    try c.check("last_hidden_state", encoder.states(ids))
    try c.check("pooled", encoder(ids))
    #expect(message { _ = try CLIPConfiguration.sizes(of: checkpoint).settings(of: "clip_l", besides: nil) }.hasPrefix("clip_l: is no CLIP-L (768 channels): it has 32"))
  }
}
