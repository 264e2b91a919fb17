import Checkpoints
import TestSupport
import Testing
import Tensors

/// Single files in other people's layouts, under the names that Models ask for.
@Suite struct ModelFileTests {
  static func file(_ name: String) throws -> ModelFile { try ModelFile(path: "\(Fixtures.folder)/\(name)") }

  @Test(arguments: ["flux1-dev-tiny", "flux1-dev-tiny-fp8", "flux1-dev-tiny-fp8-scaled-old", "flux1-dev-tiny-fp8-scaled-new", "flux1-dev-tiny-fp8-scaled-metadata"])
  func everyLayoutOfATransformerHasTheNamesOfDiffusers(_ name: String) throws {
    let file = try Self.file("variants/\(name).safetensors"), folder = try Checkpoint(in: Fixtures.model("tiny-dev/transformer"), stem: "diffusion_pytorch_model")
    let made = try #require(file.parts[.transformer])
    #expect(Set(made.entries.keys) == Set(folder.entries.keys))
    #expect(made.entries.allSatisfy { name, entry in entry.shape == folder.entries[name]?.shape })
    #expect(file.strangers.isEmpty && file.layouts[.transformer] == "BFL")
  }

  @Test func theNumbersOfABFLFileAreThoseOfTheFolder() throws {
    let made = try #require(Self.file("variants/flux1-dev-tiny.safetensors").parts[.transformer])
    let folder = try Checkpoint(in: Fixtures.model("variants/transformer-bf16"), stem: "diffusion_pytorch_model")
    for name in folder.entries.keys { #expect(try made.tensor(name).isIdentical(to: folder.tensor(name)), "\(name)") }
  }

  @Test func theNumbersOfAnAutoencoderFileAreThoseOfTheFolder() throws {
    let made = try #require(Self.file("variants/ae.safetensors").parts[.vae])
    let folder = try Checkpoint(in: Fixtures.model("tiny-dev/vae"), stem: "diffusion_pytorch_model")
    #expect(Set(made.entries.keys) == Set(folder.entries.keys))
    for name in folder.entries.keys { #expect(try made.tensor(name).isIdentical(to: folder.tensor(name)), "\(name)") }
  }

  @Test(arguments: ["old", "new", "metadata"]) func scaledWeightsAreWhatTheirScalesMakeOfThem(_ dialect: String) throws {
    let made = try #require(Self.file("variants/flux1-dev-tiny-fp8-scaled-\(dialect).safetensors").parts[.transformer])
    let wide = try #require(Self.file("variants/flux1-dev-tiny-fp8-scaled-widened.safetensors").parts[.transformer])
    for name in wide.entries.keys { #expect(try made.tensor(name).largestDifference(from: wide.tensor(name)) == 0, "\(name)") }
  }

  /// A safetensors file of some tensors of the given types, all bytes 0x38 (1 in f8) or as given.
  func forged(_ tensors: [String: (String, [Int], [UInt8])], metadata: String = "") throws -> ModelFile {
    var header: [String] = metadata.isEmpty ? [] : ["\"__metadata__\":\(metadata)"], data: [UInt8] = []
    for (name, (type, shape, bytes)) in tensors.sorted(by: { $0.key < $1.key }) {
      header.append("\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(data.count),\(data.count + bytes.count)]}")
      data += bytes
    }
    return try ModelFile(FileBytes(name: "forged", bytes: ForgedFile(header: "{\(header.joined(separator: ","))}", data: data).bytes))
  }

  let image = ("F8_E4M3", [1, 2], [0x38, 0x38] as [UInt8])

  @Test func aScaleThatIsMissingOrWrongIsNamed() {
    #expect(message { _ = try forged(["img_in.weight": image, "scaled_fp8": ("F8_E4M3", [0], [])]) }
      == "forged: is marked scaled_fp8, but 'img_in.weight' lacks its scale 'img_in.scale_weight'; the file is damaged")
    #expect(message { _ = try forged(["img_in.weight": image, "img_in.scale_weight": ("F32", [2], [UInt8](repeating: 0, count: 8))]) }
      == "forged: the scale 'img_in.scale_weight' must be one number in F32, F16 or BF16, got shape [2] in F32")
    #expect(message { _ = try forged(["img_in.weight": image, "img_in.weight_scale": ("F32", [], [0, 0, 0x80, 0x7F])]) }
      == "forged: the scale 'img_in.weight_scale' is inf; the file is damaged")
  }

  @Test func otherFormatsOfComfyUIAreRefusedByName() {
    let note = Array("{\"format\": \"nvfp4\"}".utf8)
    let refusal = "forged: tensor 'img_in.weight' is quantised as nvfp4; of ComfyUI's formats only float8_e4m3fn is read: take the fp8 or a GGUF file of the model"
    #expect(message { _ = try forged(["img_in.weight": image, "img_in.comfy_quant": ("U8", [note.count], note)]) } == refusal)
    #expect(message { _ = try forged(["img_in.weight": image], metadata: "{\"_quantization_metadata\":\"{\\\"layers\\\":{\\\"img_in\\\":{\\\"format\\\":\\\"nvfp4\\\"}}}\"}") } == refusal)
    #expect(message { _ = try forged(["img_in.weight": image], metadata: "{\"_quantization_metadata\":\"[\"}") }
      == "forged: '_quantization_metadata' is no JSON object with 'layers'; the file is damaged")
  }

  @Test func allInOneFilesAreTakenApart() throws {
    let one: (String, [Int], [UInt8]) = ("F32", [1, 1], [0, 0, 128, 63])
    let file = try forged([
      "model.diffusion_model.img_in.weight": one, "text_encoders.clip_l.transformer.text_model.embeddings.token_embedding.weight": one,
      "text_encoders.t5xxl.transformer.shared.weight": one, "vae.decoder.conv_in.weight": one, "text_encoders.clip_l.logit_scale": one, "model_ema.decay": one,
    ])
    #expect(Set(file.parts.keys) == Set(ModelPart.allCases))
    #expect(file.parts[.transformer]?.entries["x_embedder.weight"] != nil && file.strangers == ["model_ema.decay"])
  }

  @Test func aTensorThatIsMissingIsCalledAsTheFileWouldCallIt() throws {
    let bfl = try #require(Self.file("variants/flux1-dev-tiny.safetensors").parts[.transformer]), t5 = try #require(Self.file("gguf/t5-tiny-Q8_0.gguf").parts[.t5])
    let vae = try #require(Self.file("variants/ae.safetensors").parts[.vae])
    #expect(message { _ = try bfl.entry("transformer_blocks.7.attn.to_k.bias") }.contains("no tensor 'double_blocks.7.img_attn.qkv.bias'; the nearest names in it are"))
    #expect(message { _ = try bfl.entry("single_transformer_blocks.7.attn.norm_q.weight") }.contains("no tensor 'single_blocks.7.norm.query_norm.scale'"))
    #expect(message { _ = try t5.entry("encoder.block.9.layer.1.DenseReluDense.wi_0.weight") }.contains("no tensor 'enc.blk.9.ffn_gate.weight'"))
    #expect(message { _ = try vae.entry("decoder.up_blocks.0.resnets.9.conv1.weight") }.contains("no tensor 'decoder.up.3.block.9.conv1.weight'"))
  }

  @Test func aFusedTensorThatCannotBeCutIsRefused() {
    #expect(message { _ = try forged(["img_in.weight": image, "double_blocks.0.img_attn.qkv.weight": ("F32", [2, 1], [UInt8](repeating: 0, count: 8))]) }
      == "forged: tensor 'double_blocks.0.img_attn.qkv.weight' of shape [2, 1] cannot be cut into 3 parts; is the file damaged?")
  }

  @Test func aControlNetIsNoTransformer() throws {
    #expect(try forged(["x_embedder.weight": image, "controlnet_blocks.0.weight": image]).parts.isEmpty)
  }
}
