import Checkpoints
import TestSupport
import Testing
import Tensors
import Models

@Suite(.serialized) struct TransformerTests {
  func transformer(_ name: String, stem: String = "diffusion_pytorch_model", precision: Encoding = .f32) throws -> FluxTransformer {
    let folder = try Fixtures.model(name)
    let configuration = try FluxConfiguration(Settings(folder.required("config.json", hint: "")))
    return try FluxTransformer(Weights(Checkpoint(in: folder, stem: stem), precision: precision), configuration)
  }

  /// The positions of a case: text, then image.
  func rotary(_ c: Case, _ model: FluxTransformer) throws -> Rotary {
    let ids = try Tensor.concatenated([c.tensor("in.txt_ids"), c.tensor("in.img_ids")])
    return Rotary(positions: (0..<ids.rows).map { ids[$0].values }, axes: model.configuration.axes)
  }

  func outputs(_ c: Case, _ model: FluxTransformer) throws -> Tensor {
    let rotary = try rotary(c, model), images = try c.tensor("in.hidden_states"), texts = try c.tensor("in.encoder_hidden_states")
    let pooled = try c.tensor("in.pooled_projections"), times = try c.tensor("in.timestep").values
    let guidance = c.has("in.guidance") ? try c.tensor("in.guidance").values : nil
    return try Tensor.stacked((0..<images.shape[0]).map { n in
      try model(img: images[n], txt: texts[n], pooled: pooled[n], timestep: times[n], guidance: guidance?[n], rotary: rotary)
    })
  }

  @Test(arguments: ["schnell", "dev"].flatMap { Fixtures.cases("transformer.\($0)") }.filter { $0.has("in.hidden_states") })
  func velocityIsThatOfDiffusers(_ c: Case) throws {
    let model = try transformer(c.name.hasPrefix("transformer.dev") ? "tiny-dev/transformer" : "tiny-schnell/transformer")
    try c.check("out", outputs(c, model))
  }

  @Test(arguments: ["fill", "control"]) func modelsThatSeeMoreThanLatentsAreThoseOfDiffusers(_ name: String) throws {
    let c = try Fixtures.named("transformer.\(name)"), model = try transformer("tiny-\(name)/transformer")
    try c.check("out", outputs(c, model))
    #expect(model.configuration.kind == name)
  }

  @Test(arguments: ["controlnet", "controlnet-union"]) func residualsAndWhatTheyDoAreThoseOfDiffusers(_ name: String) throws {
    let c = try Fixtures.named("\(name).forward"), folder = try Fixtures.model(name), dev = try transformer("tiny-dev/transformer")
    let weights = Weights(try Checkpoint(in: folder, stem: "diffusion_pytorch_model"), precision: .f32)
    let net = try ControlNet(weights, ControlNetConfiguration(Settings(folder.required("config.json", hint: ""))))
    let img = try c.tensor("in.hidden_states")[0], txt = try c.tensor("in.encoder_hidden_states")[0], pooled = try c.tensor("in.pooled_projections")[0]
    let time = try c.tensor("in.timestep").values[0], guidance = try c.tensor("in.guidance").values[0], scale = Float(try #require(c.params["conditioning_scale"]?.number))
    let mode = c.params["control_mode"]?.number.map { Int($0) }, text = try c.tensor("in.txt_ids"), image = try c.tensor("in.img_ids")
    let ids = Tensor.concatenated((mode == nil ? [] : [text[0..<1]]) + [text, image])
    let place = Rotary(positions: (0..<ids.rows).map { ids[$0].values }, axes: dev.configuration.axes)
    var made = try net(img: img, control: c.tensor("in.controlnet_cond")[0], txt: txt, pooled: pooled, timestep: time, guidance: guidance, mode: mode, rotary: place)
    made.scale = scale
    for (index, block) in made.double.enumerated() { try c.check("block.\(index)", scale * block) }
    for (index, block) in made.single.enumerated() { try c.check("single.\(index)", scale * block) }
    #expect(made.double.count == 1 && made.single.count == (name == "controlnet" ? 1 : 0))
    try c.check("out", dev(img: img, txt: txt, pooled: pooled, timestep: time, guidance: guidance, rotary: rotary(c, dev), residuals: [made]))
  }

  @Test(arguments: ["transformer.dev.basic", "transformer.schnell.basic"])
  func everyBlockIsThatOfDiffusers(_ name: String) throws {
    let c = try Fixtures.named(name)
    let model = try transformer(name.contains("dev") ? "tiny-dev/transformer" : "tiny-schnell/transformer")
    let rotary = try rotary(c, model)
    try c.check("rope.cos", rotary.cosines)
    try c.check("rope.sin", rotary.sines)
    let time = try c.tensor("in.timestep").values[0], pooled = try c.tensor("in.pooled_projections")[0]
    let guidance = c.has("in.guidance") ? try c.tensor("in.guidance").values[0] : nil
    // The reference's one sinusoid module runs for the time, then for the guidance: what was caught is the last.
    try c.check("temb.time_proj", TimestepEmbedding.sinusoid((guidance ?? time) * 1000))
    let embedding = try model.embedding(timestep: time, guidance: guidance, pooled: pooled)
    try c.check("temb", embedding)
    let vec = embedding.silu(as: .f32).tensor
    var i = try model.imgIn(c.tensor("in.hidden_states")[0]), t = try model.txtIn(c.tensor("in.encoder_hidden_states")[0])
    try c.check("x_embedder", i)
    try c.check("context_embedder", t)
    for (index, block) in model.doubleBlocks.enumerated() {
      try block(img: &i, txt: &t, vec: vec, rotary: rotary)
      try c.check("double.\(index).img", i)
      try c.check("double.\(index).txt", t)
    }
    var x = Tensor.concatenated([t, i])
    for (index, block) in model.singleBlocks.enumerated() {
      try block(&x, vec: vec, rotary: rotary)
      try c.check("single.\(index).txt", x[0..<t.rows])
      try c.check("single.\(index).img", x[t.rows..<x.rows])
    }
    try c.check("out", model.lastLayer(x[t.rows..<x.rows], vec: vec))
  }

  @Test(arguments: ["bf16", "sharded"]) func everyFileLayoutGivesTheSameVelocity(_ layout: String) throws {
    let inputs = try Fixtures.named("transformer.dev.basic")
    let expected = try Fixtures.named(layout == "bf16" ? "transformer.dev.bf16_file" : "transformer.dev.sharded")
    try expected.check("out", outputs(inputs, transformer("variants/transformer-\(layout)")))
  }

  @Test func bf16StaysWithinItsRoundingOfF32() throws {
    let c = try Fixtures.named("transformer.dev.basic")
    let exact = try c.tensor("out"), rounded = try outputs(c, transformer("tiny-dev/transformer", precision: .bf16))
    #expect((rounded - exact).norm / exact.norm < 0.02)
  }

  @Test(arguments: [Encoding.f32, .bf16]) func oneAndTwoThreadsGiveTheSameBytes(_ precision: Encoding) throws {
    let c = try Fixtures.named("transformer.dev.nonsquare_batch"), model = try transformer("tiny-dev/transformer", precision: precision)
    let results = try [1, 2].map { threads in try withThreads(threads) { try outputs(c, model).values } }
    #expect(results[0] == results[1])
  }

  @Test(arguments: Fixtures.cases("packing")) func packingIsThatOfDiffusers(_ c: Case) throws {
    let latents = try c.tensor("latents")
    let packed = Tensor.stacked((0..<latents.shape[0]).map { Packing.tokens(latents[$0]) })
    try c.check("packed", packed)
    let back = Tensor.stacked((0..<latents.shape[0]).map { Packing.latents(packed[$0], height: latents.shape[2], width: latents.shape[3]) })
    #expect(back.values == latents.values)
  }

  /// What is spared is added as it was: at the same latents that is the same velocity, but for rounding.
  @Test func theSameInputsNeedTheFirstBlockOnly() throws {
    let c = try Fixtures.named("transformer.dev.basic"), model = try transformer("tiny-dev/transformer"), rotary = try rotary(c, model)
    var cache: FirstBlockCache? = FirstBlockCache(threshold: 1e-6)
    func velocity(_ cache: inout FirstBlockCache?) throws -> Tensor {
      try model(img: c.tensor("in.hidden_states")[0], txt: c.tensor("in.encoder_hidden_states")[0], pooled: c.tensor("in.pooled_projections")[0],
                timestep: c.tensor("in.timestep").values[0], guidance: c.tensor("in.guidance").values[0], rotary: rotary, cache: &cache)
    }
    let whole = try velocity(&cache)
    try #expect(whole.values == outputs(c, model)[0].values && cache?.spared == 0 && cache?.asked == 5)
    let spared = try velocity(&cache)
    #expect(cache?.spared == 4 && cache?.asked == 10)
    #expect(spared.largestDifference(from: whole) < 1e-4)
    var shut: FirstBlockCache? = FirstBlockCache(threshold: 1e6, isOpen: false, first: cache?.first, rest: cache?.rest)
    #expect(try velocity(&shut).values == whole.values && shut?.spared == 0)
  }

  @Test func aCancelledModelStopsBetweenBlocks() throws {
    let c = try Fixtures.named("transformer.dev.basic"), model = try transformer("tiny-dev/transformer")
    let cancellation = Cancellation()
    cancellation.cancel(.interrupted)
    #expect(throws: Cancelled.self) {
      try model(img: c.tensor("in.hidden_states")[0], txt: c.tensor("in.encoder_hidden_states")[0], pooled: c.tensor("in.pooled_projections")[0],
                timestep: 1, guidance: 1, rotary: rotary(c, model), cancellation: cancellation)
    }
  }
}
