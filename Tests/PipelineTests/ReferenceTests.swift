import Checkpoints
import Conditioning
import Denoising
import Imaging
import Models
import Pipeline
import Tensors
import TestSupport
import Testing

/// Whole runs against diffusers' pipelines: every step's latents, and the picture.
@Suite(.serialized) struct ReferenceTests {
  static let cases = Fixtures.cases("pipe.").filter { $0.params["pipeline"]?.text == "FluxPipeline" && $0.params["dtype"] == nil }

  /// A case of the reference as a request.
  func request(_ c: Case, _ pipeline: FluxPipeline) throws -> Request {
    func number(_ key: String) -> Double? { c.params[key]?.number }
    let length = number("max_sequence_length").map { Int($0) } ?? 512
    func encoded(_ text: String) throws -> Conditioning { try pipeline.encode(text, t5: c.params["prompt_2"]?.text, length: length) }

    // diffusers floors sizes; here an odd one is an error, so the test floors.
    let size = Size(width: Int(number("width") ?? 0) / 16 * 16, height: Int(number("height") ?? 0) / 16 * 16)
    var request = Request("", size: size)
    if case .list(let prompts)? = c.params["prompt"] { request.prompt = .conditioning(try prompts.compactMap(\.text).map(encoded)) }
    else { request.prompt = .conditioning([try encoded(try #require(c.params["prompt"]?.text))]) }
    if let seeds = c.params["seed"]?.wholes { request.seeds = .each(seeds.map { Int64($0) }) }
    else { request.seeds = .one(Int64(number("seed") ?? 0)) }
    request.batch = number("num_images_per_prompt").map { Int($0) } ?? 1
    request.guidance = .constant(Float(number("guidance_scale") ?? 0))
    if let scale = number("true_cfg_scale"), let negative = c.params["negative_prompt"]?.text {
      request.cfg = CFG(scale: .constant(Float(scale)), negative: .conditioning([try encoded(negative)]))
    }
    request.sigmas = .count(Int(number("num_inference_steps") ?? 0))
    if case .list(let sigmas)? = c.params["sigmas"] {
      let given = try Schedule(sigmas.compactMap { $0.number.map { Float($0) } } + [0])
      request.sigmas = .given(try pipeline.schedule.applied(to: given, tokens: size.width / 16 * (size.height / 16)))
    }
    if c.has("in.latents") { request.noise = unpacked(try c.tensor("in.latents"), size) }
    return request
  }

  func packed(_ latents: Tensor) -> Tensor { Tensor.stacked((0..<latents.shape[0]).map { Packing.tokens(latents[$0]) }) }
  func unpacked(_ tokens: Tensor, _ size: Size) -> Tensor {
    Tensor.stacked((0..<tokens.shape[0]).map { Packing.latents(tokens[$0], height: size.height / 8, width: size.width / 8) })
  }

  @Test(arguments: cases) func everyStepAndThePictureAreThoseOfDiffusers(_ c: Case) throws {
    let pipeline = try FluxPipeline(.folder("\(Fixtures.folder)/\(try #require(c.params["model"]?.text))"), precision: .f32)
    var trajectory = try pipeline.trajectory(request(c, pipeline))
    if c.has("model_input.0") { try c.check("model_input.0", packed(trajectory.latents)) }
    while let step = try trajectory.next() {
      if c.has("latents.\(step.index - 1)") { try c.check("latents.\(step.index - 1)", packed(step.latents)) }
    }
    let images = try pipeline.decode(trajectory.latents)
    let pixels = Tensor([images.count, images[0].height, images[0].width, 3], images.flatMap { $0.pixels.map { Float($0) } })
    try c.checkPicture("image_u8", pixels)
  }

  @Test func theReferenceHasItsCases() { #expect(Self.cases.count >= 12) }
}
