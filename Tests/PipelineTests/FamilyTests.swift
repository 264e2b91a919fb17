import Checkpoints
import Conditioning
import Denoising
import Imaging
import Models
import Pipeline
import Tensors
import TestSupport
import Testing

/// ControlNets, Kontext, Fill, control models and Redux in whole runs; the numbers of diffusers are in `ReferenceTests`.
@Suite struct FamilyTests {
  static func pipeline(_ transformer: String? = nil, stands: Bool = false) throws -> FluxPipeline {
    let base = "\(Fixtures.folder)/tiny-dev"
    let source: ModelSource = transformer.map { .parts(base: base, [.transformer: "\(Fixtures.folder)/\($0)/transformer"]) } ?? .folder(base)
    return stands ? try .standingIn(for: source) : try FluxPipeline(source, precision: .f32)
  }

  func picture(_ name: String, _ size: Size) throws -> Image {
    try Image(contentsOf: "\(Fixtures.folder)/inputs/\(name).png").resized(width: size.width, height: size.height)
  }

  func request(steps: Int = 4, size: Size = Size(32)) -> Request {
    var request = Request("a red fox", size: size, seed: 7)
    request.sigmas = .count(steps)
    return request
  }

  func control(_ pipeline: FluxPipeline, _ net: String = "controlnet", scale: PerStep<Float> = .constant(1), mode: Int? = nil, picture name: String = "image_square") throws -> Control {
    Control(.image(try picture(name, Size(32))), by: try pipeline.controlNet("\(Fixtures.folder)/\(net)"), scale: scale, mode: mode)
  }

  func sample(_ pipeline: FluxPipeline, _ controls: [Control], _ change: (inout Request) -> Void = { _ in }) throws -> [Float] {
    var request = request()
    request.controls = controls
    change(&request)
    return try pipeline.sample(request).values
  }

  @Test func controlScalesPerStepAreTheRunAssembledFromConstantOnes() throws {
    let pipeline = try Self.pipeline(), scales: [Float] = [1, 0, 0.5, -0.25]
    var whole = request()
    whole.controls = [try control(pipeline, scale: .list(scales))]
    let made = try pipeline.sample(whole), schedule = try pipeline.schedule(for: whole, size: Size(32))
    var latents = try pipeline.trajectory(whole).latents
    for (index, scale) in scales.enumerated() {
      var part = request()
      part.controls = [try control(pipeline, scale: .constant(scale))]
      var trajectory = try pipeline.trajectory(part)
      try trajectory.resume(at: .init(index: index, sigma: schedule.sigmas[index], latents: latents, sampler: SamplerState()))
      latents = try #require(try trajectory.next()).latents
    }
    #expect(made.values == latents.values)
    #expect(try sample(pipeline, [control(pipeline, scale: .function { [1, 0, 0.5, -0.25][$0.index - 1] })]) == made.values)
  }

  @Test func aWindowIsAScaleOf0OutsideOfIt() throws {
    let pipeline = try Self.pipeline()
    var half = try control(pipeline)
    half.window = 0.25...0.75
    #expect(try sample(pipeline, [half]) == sample(pipeline, [control(pipeline, scale: .list([0, 1, 1, 0]))]))
  }

  /// What several say is added, whatever their order; each picture and mode counts.
  @Test func severalControlsAddUp() throws {
    let pipeline = try Self.pipeline()
    var one = request(steps: 1), other = one, both = one
    one.controls = [try control(pipeline)]
    both.controls = [try control(pipeline), try control(pipeline, "controlnet-union", scale: .constant(0.5), mode: 2, picture: "image_tall")]
    other.controls = both.controls
    other.controls[1].mode = 3
    #expect(try pipeline.sample(one).values != pipeline.sample(both).values)
    #expect(try pipeline.sample(other).values != pipeline.sample(both).values)
    let scaleless = try sample(pipeline, [control(pipeline), control(pipeline, "controlnet-union", scale: .constant(0), mode: 2)])
    // The generator has drawn for the second picture, too: the noise is another.
    #expect(try scaleless != sample(pipeline, [control(pipeline)]))
    let given = Tensor(repeating: 0.3, [16, 4, 4])
    #expect(try sample(pipeline, [control(pipeline), control(pipeline, "controlnet-union", scale: .constant(0), mode: 2)]) { $0.noise = given } == sample(pipeline, [control(pipeline)]) { $0.noise = given })
    #expect(try sample(pipeline, [control(pipeline, scale: .constant(0))]) { $0.noise = given } == sample(pipeline, []) { $0.noise = given }, "scale 0 is none, to the byte")
  }

  @Test func everyPictureOfABatchIsAsIfAlone() throws {
    let pipeline = try Self.pipeline()
    let batch = try sample(pipeline, [control(pipeline)]) { $0.seeds = .each([7, 8]) }
    let alone = try [7, 8].flatMap { seed in try sample(pipeline, [control(pipeline)]) { $0.seeds = .one(seed) } }
    #expect(batch == alone)
  }

  @Test func controlsGoWithEverySamplerAndWithTwoPasses() throws {
    let pipeline = try Self.pipeline()
    for name in NamedSampler.allCases {
      let made = try sample(pipeline, [control(pipeline)]) { $0.sampler = name.sampler }
      #expect(try made != sample(pipeline, [control(pipeline, scale: .constant(0))]) { $0.sampler = name.sampler })
    }
    let two = try sample(pipeline, [control(pipeline)]) { $0.cfg = CFG(scale: .constant(2), negative: "a crow") }
    #expect(try two != sample(pipeline, [control(pipeline)]))
  }

  @Test(arguments: [1, 2, 5]) func theSameBytesAtAnyNumberOfThreads(_ threads: Int) throws {
    let pipeline = try Self.pipeline()
    let one = try withThreads(1) { try sample(pipeline, [control(pipeline)]) }
    #expect(try withThreads(threads) { try sample(pipeline, [control(pipeline)]) } == one)
  }

  @Test func referencesSnapToTheSizesOfKontext() throws {
    func snapped(_ width: Int, _ height: Int) throws -> Size? { Reference(.image(try Image.mask(width: width, height: height, value: 9))).size(grain: 16) }
    #expect(try snapped(700, 700) == Size(1024))
    #expect(try snapped(1920, 1080) == Size(width: 1392, height: 752))
    #expect(try snapped(100, 1000) == Size(width: 672, height: 1568))
    #expect(Reference(.image(try Image.mask(width: 47, height: 33, value: 9)), snaps: false).size(grain: 16) == Size(width: 32, height: 32))
  }

  @Test func everyReferenceAndItsPlaceCount() throws {
    let pipeline = try Self.pipeline(), size = Size(width: 48, height: 32)
    let a = Reference(.image(try picture("image_wide", size)), snaps: false), b = Reference(.image(try picture("image_square", Size(32))), snaps: false)
    func made(_ references: [Reference]) throws -> [Float] {
      var request = request(steps: 1)
      request.references = references
      return try pipeline.sample(request).values
    }
    let all = try [[], [a], [b], [a, b], [b, a], [a, a]].map(made)
    for (index, one) in all.enumerated() { for other in all[..<index] { #expect(one != other) } }
    var sizeless = request(steps: 1)
    (sizeless.size, sizeless.references) = (nil, [a])
    #expect(try pipeline.size(of: sizeless) == size, "the picture is as large as the one it refers to")
  }

  @Test func aFillModelPaintsWhereTheMaskIsLight() throws {
    let pipeline = try Self.pipeline("tiny-fill"), image = try picture("image_square", Size(32))
    func made(_ start: Start) throws -> [Float] {
      var request = request(steps: 2)
      request.start = start
      return try pipeline.sample(request).values
    }
    let left = try Image(width: 32, height: 32, channels: 1, pixels: (0..<1024).map { $0 % 32 < 16 ? 255 : 0 })
    let filled = try made(.repaint(image, mask: left, strength: 1))
    #expect(try filled != made(.repaint(image, mask: left.inverted(), strength: 1)))
    #expect(message { _ = try made(.noise) } == "'image' is missing: this is a Fill model, which paints where a mask is light on a picture; give both 'image' and 'mask'")
    #expect(message { _ = try made(.image(image, strength: 1)) }.hasPrefix("'mask' is missing: this is a Fill model"))
    #expect(message { _ = try pipeline.velocity(Tensor.zeros([1, 16, 4, 4]), 1, [pipeline.encode("a")], guidance: 3) }.hasPrefix("'image' is missing: this is a fill model"))
  }

  @Test func kindsAreReadFromTheTensors() throws {
    #expect(try [nil, "tiny-fill", "tiny-control"].map { try Self.pipeline($0).kind } == ["dev", "fill", "control"])
    #expect(try Self.pipeline("tiny-fill").defaults.guidance == 30)
  }

  @Test func mixedUpUsesAreRefusedInWords() throws {
    let dev = try Self.pipeline(), own = try Self.pipeline("tiny-control"), image = try picture("image_square", Size(32))
    func wrong(_ pipeline: FluxPipeline, _ controls: [Control]) -> String { message { _ = try sample(pipeline, controls) } }
    #expect(wrong(dev, [Control(.image(image))]).hasPrefix("'control' has a picture without 'model': this model (dev) takes none by itself"))
    #expect(wrong(own, []) == "'control' is missing, and this model was made to be shown one (Canny or Depth): control = { { image = … } }")
    #expect(wrong(own, [Control(.image(image)), Control(.image(image))]).hasPrefix("'control' has 2 pictures without 'model'"))
    #expect(wrong(own, [Control(.image(image), scale: .constant(0.5))]).hasPrefix("'control' has 'scale', 'from', 'to' or 'mode' without 'model'"))
    #expect(try wrong(dev, [control(dev, mode: 1)]).contains("knows one kind of pictures only: leave it out"))
    #expect(try wrong(dev, [control(dev, "controlnet-union")]).hasSuffix("knows several kinds of pictures: \"canny\" (0), \"tile\" (1), \"depth\" (2), \"blur\" (3), \"pose\" (4)"))
    #expect(try wrong(dev, [control(dev, "controlnet-union", mode: 5)]).contains("has a 'mode' 5, but"))
    #expect(try wrong(dev, [Control(.image(picture("image_square", Size(width: 64, height: 32))), by: dev.controlNet("\(Fixtures.folder)/controlnet"))])
      == "'control' is 64x32, but the size is 32x32: crop it, or give a size of the same aspect")
    #expect(message { _ = try FluxPipeline(.embedded).controlNet("\(Fixtures.folder)/controlnet") }.contains("is a ControlNet for a model whose"))
    #expect(message { _ = try dev.controlNet("\(Fixtures.folder)/tiny-dev/transformer") }.hasSuffix("is a whole transformer, and no ControlNet: it belongs in flux.load"))
    #expect(message { _ = try dev.controlNet("\(Fixtures.folder)/lora/lora-peft.safetensors") }.hasSuffix("is a LoRA, and no ControlNet: it belongs in 'lora'"))
    var reference = request()
    reference.references = [Reference(.image(image))]
    #expect(message { _ = try Self.pipeline("tiny-fill").sample(reference) }.hasPrefix("'reference' is for Kontext and its like; this is a fill model"))
    #expect(message { _ = try dev.redux("\(Fixtures.folder)/tiny-dev") }.contains("there is no folder 'image_encoder'; Redux is a folder"))
  }

  /// The stand-in counts what the engine does.
  @Test func plansCountControlsReferencesAndRedux() throws {
    let planning = try Self.pipeline(stands: true), image = try picture("image_square", Size(32))
    var run = request(steps: 3)
    run.controls = [try control(planning, scale: .list([1, 0, 1]))]
    run.references = [Reference(.image(image), snaps: false)]
    run.redux = Redux(try planning.redux("\(Fixtures.folder)/tiny-redux"), [.init(image)])
    _ = try planning.generate(run)
    #expect(planning.workload[.velocity(text: 512 + 16, size: Size(32), beside: 4)] == 3)
    let networks = planning.workload.filter { if case .network = $0.key { true } else { false } }
    #expect(networks.values.sorted() == [1, 2] && networks.keys.allSatisfy { if case .network(let operations) = $0 { operations > 1000 } else { false } })
    #expect(try planning.estimate(planning.workload).seconds > 0)
    let lora = try planning.adapter("\(Fixtures.folder)/lora/lora-peft.safetensors")
    run.adapters = [try Adaptation(lora)]
    let before = planning.workload.count
    _ = try planning.generate(run)
    #expect(planning.workload.count == before + 1, "adapters cost something, too")
  }
}

/// Redux: the numbers of diffusers, and what its options say.
@Suite struct ReduxTests {
  func made(_ change: (inout Redux.Picture) -> Void = { _ in }) throws -> (FluxPipeline, Conditioning, Conditioning) {
    let pipeline = try FamilyTests.pipeline(), c = try Fixtures.named("redux.prior"), file = try pipeline.redux("\(Fixtures.folder)/tiny-redux")
    var picture = Redux.Picture(try Image(contentsOf: "\(Fixtures.folder)/\(try #require(c.params["image_file"]?.text))"), weight: 0.9, pooled: 0.8)
    change(&picture)
    let text = try pipeline.encode(PromptText(try #require(c.params["prompt"]?.text), length: 512))
    return (pipeline, text, try pipeline.conditioning(text, with: Redux(file, [picture])))
  }

  @Test func towerAndEmbedderAreThoseOfDiffusers() throws {
    let c = try Fixtures.named("redux.prior"), folder = try Fixtures.model("tiny-redux")
    let configuration = try SigLIPConfiguration(Settings(folder["image_encoder"].required("config.json", hint: "")))
    let tower = try SigLIPEncoder(Weights(Checkpoint(in: folder["image_encoder"], stem: "model"), precision: .f32), configuration)
    let states = try tower(c.tensor("pixel_values")[0].permuted([1, 2, 0]))
    try c.check("siglip", states)
    let embedder = try ReduxEmbedder(Weights(Checkpoint(in: folder["image_embedder"], stem: "diffusion_pytorch_model"), precision: .f32), inputs: 32, outputs: 48)
    try c.check("image_embeds", embedder(states))
  }

  @Test func conditioningAndPictureAreThoseOfDiffusers() throws {
    let prior = try Fixtures.named("redux.prior"), (pipeline, _, conditioning) = try made()
    try prior.check("prompt_embeds", conditioning.sequence)
    try prior.check("pooled_prompt_embeds", conditioning.pooled)
    let c = try Fixtures.named("redux.pipe")
    var request = Request(.conditioning([conditioning]), size: Size(64), seed: Int64(try #require(c.params["seed"]?.number)))
    request.guidance = .constant(Float(try #require(c.params["guidance_scale"]?.number)))
    request.sigmas = .count(2)
    var trajectory = try pipeline.trajectory(request)
    while let step = try trajectory.next() { try c.check("latents.\(step.index - 1)", Tensor.stacked([Packing.tokens(step.latents[0])])) }
    try c.checkPictures(pipeline.decode(trajectory.latents))
  }

  @Test func strengthLeadsFromTheTextToThePicture() throws {
    let (_, text, none) = try made { ($0.strength, $0.weight, $0.pooled) = (0, 1, 1) }, (_, _, half) = try made { ($0.strength, $0.weight, $0.pooled) = (0.5, 1, 1) }
    let (_, _, whole) = try made { ($0.strength, $0.weight, $0.pooled) = (1, 1, 1) }
    #expect(none.sequence[0..<512].values == text.sequence.values && none.pooled.values == text.pooled.values)
    #expect(none.sequence[512].values == text.sequence[0].values && none.sequence[527].values == text.sequence[511].values, "drawn out from end to end")
    let between = Tensor.lerp(none.sequence, whole.sequence, 0.5)
    #expect(half.sequence.largestDifference(from: between) < 1e-5)
  }

  @Test func severalPicturesShareTheTextBetweenThem() throws {
    let (pipeline, text, _) = try made(), file = try pipeline.redux("\(Fixtures.folder)/tiny-redux")
    let images = try ["image_wide", "image_tall"].map { try Image(contentsOf: "\(Fixtures.folder)/inputs/\($0).png") }
    let both = try pipeline.conditioning(text, with: Redux(file, images.map { Redux.Picture($0) }))
    let each = try images.map { try pipeline.conditioning(text, with: Redux(file, [Redux.Picture($0)])) }
    #expect(both.sequence.largestDifference(from: 0.5 * (each[0].sequence + each[1].sequence)) < 1e-5)
    #expect(both.pooled.largestDifference(from: text.pooled) < 1e-6)
    let uneven = try pipeline.conditioning(text, with: Redux(file, [.init(images[0], weight: 0.7, pooled: 1), .init(images[1], weight: -0.2, pooled: 0)]))
    #expect(uneven.sequence.largestDifference(from: 0.7 * each[0].sequence - 0.2 * each[1].sequence) < 1e-5)
  }
}
