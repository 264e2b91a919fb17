import Checkpoints
import Denoising
import Models
import Pipeline
import Tensors
import TestSupport
import Testing

/// Adapters in whole runs.
@Suite struct LoRATests {
  static let files = Fixtures.cases("lora.").filter { $0.has("image_u8") }.flatMap { c -> [(Case, String)] in
    if case .list(let files)? = c.params["lora"] { files.compactMap(\.text).map { (c, $0) } } else { [] }
  }
  static let file = "\(Fixtures.folder)/lora/lora-peft-separate.safetensors"

  func pipeline(_ precision: Precision = .f32) throws -> FluxPipeline { try FluxPipeline(.folder("\(Fixtures.folder)/tiny-dev"), precision: precision) }

  func request(steps: Int = 4) -> Request {
    var request = Request("a red fox", size: Size(32), seed: 7)
    request.sigmas = .count(steps)
    return request
  }

  func packed(_ latents: Tensor) -> Tensor { Tensor.stacked((0..<latents.shape[0]).map { Packing.tokens(latents[$0]) }) }

  @Test(arguments: files) func everyStepAndThePictureAreThoseOfDiffusers(_ c: Case, _ file: String) throws {
    let pipeline = try c.pipeline(), scale = Float(try #require(c.params["lora_scale"]?.number))
    var request = try c.request(pipeline)
    request.adapters = [try Adaptation(pipeline.adapter("\(Fixtures.folder)/\(file)"), scale: .constant(scale))]
    var trajectory = try pipeline.trajectory(request)
    while let step = try trajectory.next() {
      if c.has("latents.\(step.index - 1)") { try c.check("latents.\(step.index - 1)", packed(step.latents)) }
    }
    try c.checkPictures(pipeline.decode(trajectory.latents))
  }

  @Test func theReferenceHasItsFiles() { #expect(Self.files.count == 4) }

  @Test func scalesPerStepAreTheRunAssembledFromConstantOnes() throws {
    let pipeline = try pipeline(), lora = try pipeline.adapter(Self.file), scales: [Float] = [1, 0, 0.5, -0.25]
    var whole = request()
    whole.adapters = [try Adaptation(lora, scale: .list(scales))]
    let made = try pipeline.sample(whole)
    let schedule = try pipeline.schedule(for: whole, size: Size(32))
    var latents = try pipeline.trajectory(request()).latents
    for (index, scale) in scales.enumerated() {
      var part = request()
      part.adapters = [try Adaptation(lora, scale: .constant(scale))]
      var trajectory = try pipeline.trajectory(part)
      try trajectory.resume(at: .init(index: index, sigma: schedule.sigmas[index], latents: latents, sampler: SamplerState()))
      latents = try #require(try trajectory.next()).latents
    }
    #expect(made.values == latents.values)
    #expect(try made.values != pipeline.sample(request()).values)
  }

  @Test(arguments: [Precision.f32, .bf16, .int8]) func scale0IsNoLoRAToTheByte(_ precision: Precision) throws {
    let pipeline = try pipeline(precision)
    var none = request(steps: 2)
    let plain = try pipeline.sample(none)
    none.adapters = [try Adaptation(pipeline.adapter(Self.file), scale: .constant(0))]
    #expect(try pipeline.sample(none).values == plain.values)
    none.adapters = [try Adaptation(pipeline.adapter(Self.file), scale: .constant(1))]
    #expect(try pipeline.sample(none).values != plain.values)
    none.adapters = []
    #expect(try pipeline.sample(none).values == plain.values, "nothing of it stays behind")
  }

  @Test(arguments: [Precision.f32, .bf16, .int8]) func theSameBytesAtAnyNumberOfThreads(_ precision: Precision) throws {
    let pipeline = try pipeline(precision)
    var run = request(steps: 2)
    run.adapters = [try Adaptation(pipeline.adapter(Self.file))]
    let made = try [1, 2, 5].map { threads in try withThreads(threads) { try pipeline.sample(run).values } }
    #expect(made[0] == made[1] && made[0] == made[2])
  }

  /// One text-encoder layer each, with the names of kohya.
  private func textLoRA(_ folder: TemporaryFolder) throws -> String {
    let clip = try Checkpoint(in: Fixtures.model("tiny-dev/text_encoder"), stem: "model"), t5 = try Checkpoint(in: Fixtures.model("tiny-dev/text_encoder_2"), stem: "model")
    var random = Random(seed: 3)
    let q = clip.entries.first { $0.key.hasSuffix("layers.0.self_attn.q_proj.weight") }.map(\.value.shape) ?? [], wo = try t5.entry("encoder.block.0.layer.1.DenseReluDense.wo.weight").shape
    let pieces: [(String, [Int])] = [("lora_te1_text_model_encoder_layers_0_self_attn_q_proj", q), ("lora_te3_encoder_block_0_layer_1_DenseReluDense_wo", wo)]
    var tensors: [String: Tensor] = [:]
    for (name, shape) in pieces {
      tensors["\(name).lora_down.weight"] = random.tensor([2, shape[1]])
      tensors["\(name).lora_up.weight"] = random.tensor([shape[0], 2])
      tensors["\(name).alpha"] = Tensor([], [2])
    }
    try folder.write(Safetensors.file(tensors), to: "text.safetensors")
    return "\(folder.path)/text.safetensors"
  }

  @Test func textEncodersAreAdaptedAndTheCacheKnows() throws {
    let pipeline = try pipeline(), folder = try TemporaryFolder(), lora = try pipeline.adapter(textLoRA(folder))
    let plain = try pipeline.encode("a red fox"), half = try pipeline.encode("a red fox", adapters: [Adaptation(lora, scale: .constant(0.5))])
    let whole = try pipeline.encode("a red fox", adapters: [Adaptation(lora)]), none = try pipeline.encode("a red fox", adapters: [Adaptation(lora, scale: .constant(0))])
    #expect(none.sequence.values == plain.sequence.values && none.pooled.values == plain.pooled.values)
    #expect(half.sequence.values != plain.sequence.values && half.pooled.values != plain.pooled.values)
    #expect(half.sequence.values != whole.sequence.values)
    #expect(try pipeline.encode("a red fox").sequence.values == plain.sequence.values)
    #expect(try pipeline.encode("a red fox", adapters: [Adaptation(lora, scale: .list([0, 1]), text: 0.5)]).sequence.values == half.sequence.values)
    #expect(message { _ = try Adaptation(lora, scale: .list([0, 1])) }.contains("changes the text encoders too, which read the prompt once: say how much with text = a number"))
    var run = request(steps: 1)
    let before = try pipeline.sample(run)
    run.adapters = [try Adaptation(lora)]
    #expect(try pipeline.sample(run).values != before.values, "a run's own prompt is read with it")
  }

  /// The difference of one layer, as a file has it whole or in two halves.
  private func difference(of layer: String, in folder: TemporaryFolder, isWhole: Bool) throws -> String {
    var random = Random(seed: 8)
    let halves = ["\(layer).lora_A.weight": random.tensor([2, 32], scale: 0.2), "\(layer).lora_B.weight": random.tensor([32, 2], scale: 0.2)]
    try folder.write(Safetensors.file(isWhole ? ["\(layer).diff": random.tensor([32, 32], scale: 0.2)] : halves), to: "\(isWhole).safetensors")
    return "\(folder.path)/\(isWhole).safetensors"
  }

  @Test func theFasterWayIsTakenWhereNoneIsAskedFor() throws {
    let folder = try TemporaryFolder(), layer = "diffusion_model.transformer_blocks.0.attn.to_q"
    func merged(_ file: String, _ pipeline: FluxPipeline, scale: PerStep<Float> = .constant(0.7), merge: Bool? = nil) throws -> (Bool, Tensor) {
      var run = request(steps: 2)
      run.adapters = [try Adaptation(pipeline.adapter(file), scale: scale, merge: merge)]
      return (try pipeline.settled(run).adapters[0].isMerged, try pipeline.sample(run))
    }
    let whole = try difference(of: layer, in: folder, isWhole: true), halves = try difference(of: layer, in: folder, isWhole: false), pipeline = try pipeline()
    let chosen = try merged(whole, pipeline), beside = try merged(whole, pipeline, merge: false), asked = try merged(whole, pipeline, merge: true)
    #expect(chosen.0 && asked.0 && !beside.0, "a whole difference costs as much as its layer, at every step")
    #expect(chosen.1.values == asked.1.values && chosen.1.largestDifference(from: beside.1) < 1e-4)
    #expect(try !merged(halves, pipeline).0, "small matrices cost little")
    #expect(try !merged(whole, pipeline, scale: .list([0.7, 0.7])).0, "a scale that may change cannot be merged")
    #expect(try merged(whole, self.pipeline(.bf16)).0)
    #expect(try !merged(whole, self.pipeline(.int8)).0, "int8 weights would be rounded once more")
  }

  @Test func theRecordNamesAdaptersAndTheirScales() throws {
    let pipeline = try pipeline(), lora = try pipeline.adapter(Self.file, named: "styles/ink.safetensors")
    var run = request(steps: 2)
    run.adapters = [try Adaptation(lora, scale: .list([1, 0.5]))]
    var record = PictureRecord(run, on: pipeline, size: Size(32), picture: 1, batch: 1), trajectory = try pipeline.trajectory(run)
    while let step = try trajectory.next() { record.add(step) }
    let adapter = try #require(record.adapters?.first)
    #expect(adapter.name == "styles/ink.safetensors" && adapter.sha256 == lora.sha256 && adapter.scales == [1, 0.5] && adapter.text == nil)
    #expect(record.texts.contains { $0.value.contains("Lora hashes: \"ink: \(lora.sha256.prefix(12))\"") })
    #expect(try record.request() == nil, "values alone do not say it")
    #expect(!run.isScripted)
    run.adapters[0].scale = .function { $0.sigma }
    #expect(run.isScripted)
  }

  @Test func inspectionTellsWhatAnAdapterWouldTouch() throws {
    let kohya = try AdapterDescription("\(Fixtures.folder)/lora/lora-kohya.safetensors", on: .folder("\(Fixtures.folder)/tiny-dev"))
    #expect(kohya.dialect == "kohya" && kohya.ranks == [4] && kohya.unplaced == [] && kohya.unknown == [])
    #expect(kohya.kinds.contains { $0.layers == "single_transformer_blocks.*.proj_mlp" && $0.count == 3 })
    let other = try AdapterDescription(Self.file)
    #expect(other.dialect == "PEFT" && other.ranks == [4, 6] && other.unplaced == nil)
    #expect(AdapterDescription.describes(Self.file) && !AdapterDescription.describes("\(Fixtures.folder)/variants/flux1-dev-tiny.safetensors"))
  }
}
