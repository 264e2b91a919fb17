import Checkpoints
import Foundation
import Pipeline
import TestSupport
import Testing

/// Models of single files, and where their other parts are found.
@Suite struct ModelPlaceTests {
  static let variants = "\(Fixtures.folder)/variants", tiny = "\(Fixtures.folder)/tiny-dev"

  /// The picture of a source, small and quick.
  func picture(_ source: ModelSource) throws -> [UInt8] {
    var request = Request("a fox", size: Size(32), seed: 3)
    request.sigmas = .count(2)
    return try FluxPipeline(source, precision: .f32).generate(request)[0].pixels
  }

  /// A folder as people have it: single files side by side or in folders, with the sizes that tiny models need beside them.
  func loose(_ leaveOut: [String] = []) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let files = [
      "flux1-dev-tiny.safetensors": "\(Self.variants)/flux1-dev-tiny.safetensors", "config.json": "\(Self.tiny)/transformer/config.json",
      "t5xxl_fp16.safetensors": "\(Self.variants)/t5xxl_fp16.safetensors", "vae/ae.safetensors": "\(Self.variants)/ae.safetensors",
      "vae/config.json": "\(Self.tiny)/vae/config.json", "clip/clip_l.safetensors": "\(Self.variants)/clip_l.safetensors",
      "clip/config.json": "\(Self.tiny)/text_encoder/config.json", "tokenizer": "\(Self.tiny)/tokenizer", "tokenizer_2": "\(Self.tiny)/tokenizer_2",
    ]
    for (to, from) in files where !leaveOut.contains(to) {
      let place = URL(filePath: "\(folder.path)/\(to)")
      try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: from, toPath: place.path)
    }
    return folder
  }

  @Test func aFileFindsItsOtherPartsBesideIt() throws {
    let folder = try loose(), file = "\(folder.path)/flux1-dev-tiny.safetensors"
    let named = ModelSource.parts(base: Self.tiny, [.transformer: "\(Self.variants)/flux1-dev-tiny.safetensors", .vae: "\(Self.variants)/ae.safetensors",
                                                    .clip: "\(Self.variants)/clip_l.safetensors", .t5: "\(Self.variants)/t5xxl_fp16.safetensors"])
    let expected = try picture(named)
    #expect(try picture(.named(file)) == expected)
    #expect(try picture(.named(folder.path)) == expected)
    #expect(try FluxPipeline(.named(file)).schedule == FluxPipeline(.named(Self.tiny)).schedule, "the published shift of dev")
  }

  @Test func whatIsMissingIsListedAtOnceWithWhereToGetIt() throws {
    let folder = try loose(["t5xxl_fp16.safetensors", "tokenizer"]), file = "\(folder.path)/flux1-dev-tiny.safetensors"
    let complaint = message { _ = try FluxPipeline(.named(file)) }
    #expect(complaint.hasPrefix("\(file): the CLIP encoder, the autoencoder (VAE), the transformer are there, but missing: the T5 encoder, the tokenizers. Looked for beside it, in $FLUXLUA_MODELS"))
    #expect(complaint.contains("flux.load { transformer = \"…\", t5 = \"…\""))
    #expect(complaint.hasSuffix("huggingface-cli download black-forest-labs/FLUX.1-schnell --include 'text_encoder_2/*' 'tokenizer*/*' --local-dir FOLDER"))
  }

  @Test func aPartThatCannotBeReadIsSaidToBeSo() throws {
    let folder = try loose(["t5xxl_fp16.safetensors"])
    try folder.write("no weights", to: "t5xxl_fp16.safetensors")
    #expect(message { _ = try FluxPipeline(.named(folder.path)) }.contains("Could not be read: \(folder.path)/t5xxl_fp16.safetensors: the header's length"))
  }

  @Test func ofSeveralTransformersOneMustBeNamed() throws {
    let folder = try loose()
    try FileManager.default.copyItem(atPath: "\(Self.variants)/flux1-dev-tiny-fp8.safetensors", toPath: "\(folder.path)/b.safetensors")
    #expect(message { _ = try FluxPipeline(.named(folder.path)) } == "\(folder.path): holds several transformers: flux1-dev-tiny.safetensors, b.safetensors; name one of them")
  }

  @Test func aSecondEncoderIsNoticed() throws {
    let folder = try loose()
    try FileManager.default.copyItem(atPath: "\(Fixtures.folder)/gguf/t5-tiny-Q8_0.gguf", toPath: "\(folder.path)/t5.gguf")
    #expect(try FluxPipeline(.named(folder.path)).notices == ["t5: \(folder.path)/t5xxl_fp16.safetensors is used; also there: \(folder.path)/t5.gguf"])
  }

  @Test func namesOfTheHubAreLookedUpAndNeverDownloaded() throws {
    let cache = try TemporaryFolder(), places = ModelPlaces(["HF_HUB_CACHE": cache.path, "HOME": "/nowhere"])
    #expect(message { _ = try places.located("some/model") }
      == "some/model: cannot be read: it is no folder here, nor is a model of that name in $FLUXLUA_MODELS (not set) or the hub's cache (\(cache.path)); nothing is ever downloaded. To fetch it: huggingface-cli download some/model")
    let model = "\(cache.path)/models--some--model"
    for revision in ["aaa", "bbb"] { try FileManager.default.createDirectory(atPath: "\(model)/snapshots/\(revision)", withIntermediateDirectories: true) }
    try FileManager.default.createDirectory(atPath: "\(model)/refs", withIntermediateDirectories: true)
    #expect(try places.located("some/model") == "\(model)/snapshots/bbb")
    try cache.write("aaa\n", to: "models--some--model/refs/main")
    try cache.write("x", to: "models--some--model/snapshots/aaa/flux.gguf")
    #expect(try places.located("some/model") == "\(model)/snapshots/aaa")
    #expect(try places.located("some/model/flux.gguf") == "\(model)/snapshots/aaa/flux.gguf")
    #expect(places.find("some/model/../../../../../etc") == nil)
  }

  @Test func modelsInTheFolderOfModelsAreFoundByTheirName() throws {
    let folder = try TemporaryFolder(), places = ModelPlaces(["FLUXLUA_MODELS": "/nowhere:\(folder.path)", "HF_HUB_CACHE": "/nowhere"])
    try FileManager.default.copyItem(atPath: Self.tiny, toPath: "\(folder.path)/tiny-dev")
    try FileManager.default.copyItem(atPath: "\(Self.variants)/flux1-dev-tiny.safetensors", toPath: "\(folder.path)/a.safetensors")
    #expect(try places.located("owner/tiny-dev") == "\(folder.path)/tiny-dev")
    let models = places.models()
    #expect(models.map(\.name) == ["embedded", "a.safetensors", "tiny-dev"])
    #expect(models.map(\.kind) == ["dev", "dev", "dev"])
    #expect(models.map(\.format) == ["diffusers, BF16", "safetensors, BF16", "diffusers, F32"])
    #expect(models[0].missing.isEmpty && models[2].missing.isEmpty && models[1].missing.count == 1)
  }

  @Test func aBaseFolderGivesWhatIsNotNamed() throws {
    let whole = try picture(.parts(base: Self.tiny, [.transformer: "\(Fixtures.folder)/variants/transformer-bf16"]))
    #expect(try picture(.parts(base: Self.tiny, [.transformer: "\(Self.variants)/flux1-dev-tiny.safetensors"])) == whole)
  }

  @Test func everyPartMayBeAFile() throws {
    let source = ModelSource.parts(base: Self.tiny, [.transformer: "\(Self.variants)/flux1-dev-tiny.safetensors", .vae: "\(Self.variants)/ae.safetensors",
                                                     .clip: "\(Self.variants)/clip_l.safetensors", .t5: "\(Self.variants)/t5xxl_fp16.safetensors"])
    #expect(try !picture(source).isEmpty)
  }

  @Test func aFileThatHoldsAnotherPartIsRefused() {
    #expect(message { _ = try FluxPipeline(.parts(base: Self.tiny, [.t5: "\(Self.variants)/ae.safetensors"])) }
      == "\(Self.variants)/ae.safetensors: holds no T5 encoder; it holds the autoencoder (VAE)")
  }
}
