import Conditioning
import Checkpoints
import Foundation
import Pipeline
import TestSupport
import Testing

/// Model folders as people have them at two in the morning: one clear sentence each.
@Suite struct ModelMistakeTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder(copying: "\(Fixtures.folder)/tiny-dev") }

  static let transformer = "transformer/diffusion_pytorch_model.safetensors"
  static let vae = "vae/diffusion_pytorch_model.safetensors"

  /// What somebody is told who paints with the folder as it is.
  func complaint() -> String {
    message {
      var request = Request(.conditioning([]), size: Size(32))
      let pipeline = try FluxPipeline(.folder(folder.path), precision: .f32)
      request.prompt = .conditioning([try pipeline.encode(PromptText("a fox", length: 8))])
      request.sigmas = .count(1)
      _ = try pipeline.generate(request)
    }
  }

  /// Rewrites one of the json files of the folder.
  func set(_ key: String, _ value: Any, in file: String) throws {
    var map = try #require(JSONSerialization.jsonObject(with: Data(folder.bytes(of: file))) as? [String: Any])
    map[key] = value
    try folder.write(Array(JSONSerialization.data(withJSONObject: map)), to: file)
  }

  /// Writes a checkpoint anew in f32, its tensors renamed, left out (nil) or cut to a range of rows.
  func rewrite(_ file: String, _ change: (String) -> (name: String, rows: Range<Int>?)?) throws {
    let checkpoint = try Checkpoint(safetensors: FileBytes(mapping: "\(folder.path)/\(file)"))
    let kept = try checkpoint.entries.keys.compactMap { name in
      try change(name).map { ($0.name, try $0.rows.map { try checkpoint.tensor(name)[$0] } ?? checkpoint.tensor(name)) }
    }
    let bytes = try Safetensors.file(Dictionary(uniqueKeysWithValues: kept))
    try folder.remove(file)
    try folder.write(bytes, to: file)
  }

  @Test func theFolderItselfPaints() throws {
    let pipeline = try FluxPipeline(.folder(folder.path), precision: .f32)
    var request = Request("a fox", size: Size(32))
    request.sigmas = .count(1)
    #expect(try pipeline.generate(request).count == 1)
  }

  @Test(arguments: [("transformer", "transformer"), ("text_encoder_2", "t5"), ("text_encoder", "clip"), ("vae", "vae"), ("scheduler", "scheduler"),
                    ("tokenizer", "tokenizers"), ("tokenizer_2", "tokenizers")])
  func aMissingPartIsNamedWithTheOptionThatGivesIt(_ part: String, _ option: String) throws {
    try folder.remove(part)
    #expect(complaint() == "\(folder.path): there is no folder '\(part)'; this part of the model was not downloaded; give it with { \"\(folder.path)\", \(option) = \"…\" }")
  }

  @Test func aFolderInAnotherLayoutIsToldWhatIsRead() throws {
    try folder.remove("model_index.json")
    try folder.remove("transformer")
    let complaint = complaint()
    #expect(complaint.hasPrefix("\(folder.path): the CLIP encoder, the T5 encoder, the autoencoder (VAE) are there, but missing: the transformer. Looked for beside it, in $FLUXLUA_MODELS"))
    #expect(complaint.hasSuffix("A model is a folder in the diffusers layout, or a .safetensors or .gguf file with FLUX.1's transformer."))
  }

  @Test(arguments: ["transformer", "text_encoder_2", "text_encoder", "vae"]) func aMissingConfigurationIsNamed(_ part: String) throws {
    try folder.remove("\(part)/config.json")
    #expect(complaint() == "\(folder.path)/\(part): there is no config.json; it holds the sizes of this part; was the download complete?")
  }

  @Test func aMissingVocabularyIsNamed() throws {
    try folder.remove("tokenizer/merges.txt")
    #expect(complaint() == "\(folder.path)/tokenizer: there is no merges.txt; vocab.json and merges.txt hold CLIP's vocabulary")
    try folder.remove("tokenizer_2/tokenizer.json")
    try folder.remove("tokenizer_2/spiece.model")
    #expect(complaint() == "\(folder.path)/tokenizer_2: there is no spiece.model; nor is there a tokenizer.json; one of them holds T5's vocabulary")
  }

  @Test(arguments: [transformer, vae, "text_encoder/model.safetensors", "text_encoder_2/model.safetensors"])
  func aCutDownloadIsToldFromAWholeOne(_ file: String) throws {
    let bytes = try folder.bytes(of: file)
    try folder.write(Array(bytes.dropLast(bytes.count / 3)), to: file)
    let text = complaint()
    #expect(text.hasPrefix("\(folder.path)/\(file): tensor '") && text.hasSuffix("it is cut off, download it again"), "\(text)")
  }

  /// A decoder that lacks a tensor would else be noticed when the picture is done.
  @Test(arguments: [(transformer, "single_transformer_blocks.2.proj_out.bias"), (vae, "decoder.conv_norm_out.weight"), ("text_encoder/model.safetensors", "text_model.final_layer_norm.bias"),
                    ("text_encoder_2/model.safetensors", "encoder.final_layer_norm.weight")])
  func whatAnyPartLacksIsKnownWhenTheModelIsOpened(_ file: String, _ tensor: String) throws {
    try rewrite(file) { $0 == tensor ? nil : ($0, nil) }
    #expect(message { _ = try FluxPipeline(.folder(folder.path), precision: .f32) }.hasPrefix("\(folder.path)/\(file): no tensor '\(tensor)'"))
  }

  @Test func whatAControlNetLacksIsKnownWhenItIsOpened() throws {
    let nets = try TemporaryFolder(copying: "\(Fixtures.folder)/controlnet"), name = "controlnet_blocks.0.bias"
    let checkpoint = try Checkpoint(safetensors: FileBytes(mapping: "\(nets.path)/diffusion_pytorch_model.safetensors"))
    let kept = try checkpoint.entries.keys.filter { $0 != name }.map { ($0, try checkpoint.tensor($0)) }
    try nets.remove("diffusion_pytorch_model.safetensors")
    try nets.write(Safetensors.file(Dictionary(uniqueKeysWithValues: kept)), to: "diffusion_pytorch_model.safetensors")
    let pipeline = try FluxPipeline(.folder(folder.path), precision: .f32)
    #expect(message { _ = try pipeline.controlNet(nets.path) }.contains("no tensor '\(name)'"))
  }

  @Test func aRenamedTensorIsNamedWithItsLikeness() throws {
    try rewrite(Self.transformer) { ($0 == "transformer_blocks.1.attn.to_q.weight" ? "transformer_blocks.1.attn.to_query.weight" : $0, nil) }
    #expect(complaint() == "\(folder.path)/\(Self.transformer): no tensor 'transformer_blocks.1.attn.to_q.weight'; the nearest names in it are 'transformer_blocks.0.attn.to_q.weight', 'transformer_blocks.1.attn.to_k.weight', 'transformer_blocks.1.attn.to_v.weight'")
  }

  @Test func aTensorOfAnotherShapeIsNamedWithBoth() throws {
    try rewrite(Self.transformer) { ($0, $0 == "single_transformer_blocks.2.attn.to_k.weight" ? 0..<31 : nil) }
    #expect(complaint() == "\(folder.path)/\(Self.transformer): tensor 'single_transformer_blocks.2.attn.to_k.weight' has shape [31, 32], but config.json and the other tensors ask for [32, 32]")
  }

  @Test(arguments: [
    ("transformer", "num_layers", 3, "holds 2 of 'transformer_blocks', but config.json asks for 3 ('num_layers')"),
    ("transformer", "num_layers", 1, "holds 2 of 'transformer_blocks', but config.json asks for 1 ('num_layers')"),
    ("transformer", "num_single_layers", 2, "holds 3 of 'single_transformer_blocks', but config.json asks for 2 ('num_single_layers')"),
    ("vae", "layers_per_block", 1, "holds 3 of 'decoder.up_blocks.0.resnets', but config.json asks for 2 ('layers_per_block')"),
    ("text_encoder_2", "num_layers", 2, "holds 3 of 'encoder.block', but config.json asks for 2 ('num_layers')"),
    ("text_encoder", "num_hidden_layers", 2, "holds 3 of 'text_model.encoder.layers', but config.json asks for 2 ('num_hidden_layers')"),
  ]) func aConfigurationOfAnotherDepthIsRefused(_ part: String, _ key: String, _ value: Int, _ what: String) throws {
    try set(key, value, in: "\(part)/config.json")
    let file = part.hasPrefix("text") ? "model" : "diffusion_pytorch_model"
    #expect(complaint() == "\(folder.path)/\(part)/\(file).safetensors: \(what); do the two files belong together?")
  }

  @Test(arguments: [
    ("transformer", "guidance_embeds", "holds 'time_text_embed.guidance_embedder.linear_1.weight', but config.json says 'guidance_embeds' is false"),
    ("vae", "use_post_quant_conv", "lacks 'post_quant_conv.weight', but config.json says 'use_post_quant_conv' is true"),
    ("vae", "mid_block_add_attention", "holds 1 of 'decoder.mid_block.attentions', but config.json asks for 0 ('mid_block_add_attention')"),
  ]) func aConfigurationThatDeniesTensorsIsRefused(_ part: String, _ key: String, _ what: String) throws {
    try set(key, key == "use_post_quant_conv", in: "\(part)/config.json")
    #expect(complaint() == "\(folder.path)/\(part)/diffusion_pytorch_model.safetensors: \(what); do the two files belong together?")
  }

  @Test func aConfigurationOfAnotherWidthIsRefusedAtTheFirstTensor() throws {
    try set("num_attention_heads", 3, in: "transformer/config.json")
    #expect(complaint() == "\(folder.path)/\(Self.transformer): tensor 'x_embedder.weight' has shape [32, 64], but config.json and the other tensors ask for [48, 64]")
  }

  @Test func encodersOfAnotherWidthAreRefused() throws {
    try set("d_model", 64, in: "text_encoder_2/config.json")
    #expect(complaint() == "\(folder.path): the T5 encoder gives vectors of 64, but the transformer takes 48; do they belong together?")
    try set("d_model", 48, in: "text_encoder_2/config.json")
    try set("hidden_size", 64, in: "text_encoder/config.json")
    #expect(complaint() == "\(folder.path): the CLIP encoder gives a vector of 64, but the transformer takes 32; do they belong together?")
  }

  @Test func aTransformerOfAnUnknownKindIsRefused() throws {
    try set("in_channels", 70, in: "transformer/config.json")
    try set("out_channels", 64, in: "transformer/config.json")
    #expect(complaint() == "\(folder.path): the transformer takes 70 features a token, and FLUX.1 has models of 64 (dev, schnell, Kontext), 128 (Canny, Depth) and 384 (Fill); is it another model?")
  }

  @Test func aTokenizerOfAnotherModelIsRefused() throws {
    try rewrite("text_encoder_2/model.safetensors") { ($0, $0 == "shared.weight" || $0 == "encoder.embed_tokens.weight" ? 0..<2 : nil) }
    try set("vocab_size", 2, in: "text_encoder_2/config.json")
    let text = complaint()
    #expect(text.hasPrefix("the tokenizer: gives token ") && text.hasSuffix(", but the text encoder knows 2; do the two belong together?"), "\(text)")
  }

  @Test(arguments: [("scheduler/scheduler_config.json", "_class_name", "DDIMScheduler", "'_class_name' is \"DDIMScheduler\", but only \"FlowMatchEulerDiscreteScheduler\" is known here"),
                    ("text_encoder_2/config.json", "feed_forward_proj", "relu", "'feed_forward_proj' is \"relu\", but only \"gated-gelu\" is known here"),
                    ("text_encoder/config.json", "hidden_act", "gelu", "'hidden_act' is \"gelu\", but only \"quick_gelu\" is known here"),
                    ("vae/config.json", "act_fn", "mish", "'act_fn' is \"mish\", but only \"silu\" is known here")])
  func whatThisEngineDoesNotComputeIsRefused(_ file: String, _ key: String, _ value: String, _ what: String) throws {
    try set(key, value, in: file)
    #expect(complaint() == "\(folder.path)/\(file): \(what)")
  }
}
