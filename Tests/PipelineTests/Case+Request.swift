import Checkpoints
import Conditioning
import Denoising
import Imaging
import Models
import Pipeline
import Tensors
import TestSupport
import Testing

/// A case of the reference as a request to a pipeline, and the outcome held against it.
extension Case {
  func pipeline(precision: Precision = .f32) throws -> FluxPipeline {
    let model = "\(folder)/\(try #require(params["model"]?.text))"
    guard let transformer = params["components"]?.map?["transformer"]?.text else { return try FluxPipeline(.folder(model), precision: precision) }
    return try FluxPipeline(.parts(base: model, [.transformer: "\(folder)/\(transformer)"]), precision: precision)
  }

  func request(_ pipeline: FluxPipeline) throws -> Request {
    func number(_ key: String) -> Double? { params[key]?.number }
    let length = number("max_sequence_length").map { Int($0) } ?? 512
    func encoded(_ text: String) throws -> Conditioning { try pipeline.encode(PromptText(text, t5: params["prompt_2"]?.text, length: length)) }

    // diffusers floors sizes; here an odd one is an error, so the test floors.
    let size = Size(width: Int(number("width") ?? 0) / 16 * 16, height: Int(number("height") ?? 0) / 16 * 16)
    var request = Request("", size: size)
    if case .list(let prompts)? = params["prompt"] { request.prompt = .conditioning(try prompts.compactMap(\.text).map(encoded)) }
    else { request.prompt = .conditioning([try encoded(try #require(params["prompt"]?.text))]) }
    if let seeds = params["seed"]?.wholes { request.seeds = .each(seeds.map { Int64($0) }) }
    else { request.seeds = .one(Int64(number("seed") ?? 0)) }
    request.batch = number("num_images_per_prompt").map { Int($0) } ?? 1
    request.guidance = .constant(Float(number("guidance_scale") ?? 0))
    if let scale = number("true_cfg_scale"), let negative = params["negative_prompt"]?.text {
      request.cfg = CFG(scale: .constant(Float(scale)), negative: .conditioning([try encoded(negative)]))
    }
    request.sigmas = .count(Int(number("num_inference_steps") ?? 0))
    if case .list(let sigmas)? = params["sigmas"] {
      let given = try Schedule(sigmas.compactMap { $0.number.map { Float($0) } } + [0])
      request.sigmas = .given(try pipeline.schedule.applied(to: given, tokens: size.width / 16 * (size.height / 16)))
    }
    let kind = params["pipeline"]?.text ?? ""
    if kind == "FluxKontextPipeline" {
      let image = try Image(contentsOf: "\(folder)/\(try #require(params["image_file"]?.text))")
      request.references = [Reference(.image(image), snaps: params["_auto_resize"]?.flag ?? true)]
    } else if let image = params["image_file"]?.text {
      request.start = try start(image, size, strength: kind == "FluxFillPipeline" ? number("strength") ?? 1 : #require(number("strength")))
    }
    request.controls = try controls(on: pipeline, size)
    if has("in.latents") { request.noise = unpacked(try tensor("in.latents"), size) }
    return request
  }

  /// One control, or several where their files are a list.
  private func controls(on pipeline: FluxPipeline, _ size: Size) throws -> [Control] {
    func all(_ key: String, _ from: [String: JSON]) -> [JSON?] { if case .list(let list)? = from[key] { list } else { [from[key]] } }
    func at(_ index: Int, _ list: [JSON?]) -> JSON? { list[min(index, list.count - 1)] }
    let images = all("control_image_file", params), nets = all("controlnet", params["components"]?.map ?? [:])
    let scales = all("controlnet_conditioning_scale", params), modes = all("control_mode", params)
    let from = all("control_guidance_start", params), to = all("control_guidance_end", params)
    return try images.enumerated().compactMap { index, file in
      guard let file = file?.text else { return nil }
      let picture = try Image(contentsOf: "\(folder)/\(file)").resized(width: size.width, height: size.height)
      let net = try at(index, nets)?.text.map { try pipeline.controlNet("\(folder)/\($0)") }
      var control = Control(.image(picture), by: net, scale: .constant(Float(at(index, scales)?.number ?? 1)), mode: at(index, modes)?.number.map { Int($0) })
      control.window = (at(index, from)?.number ?? 0)...(at(index, to)?.number ?? 1)
      return control
    }
  }

  private func start(_ image: String, _ size: Size, strength: Double) throws -> Start {
    // Other aspects are an error here; the reference stretches them, as this does.
    let picture = try Image(contentsOf: "\(folder)/\(image)").resized(width: size.width, height: size.height)
    guard let mask = params["mask_image_file"]?.text else { return .image(picture, strength: strength) }
    return .repaint(picture, mask: try Image(contentsOf: "\(folder)/\(mask)"), strength: strength)
  }

  /// Checks decoded pictures, [n, height, width, 3].
  func checkPictures(_ images: [Image]) throws {
    let first = try #require(images.first)
    let pixels = images.flatMap { $0.pixels.map { Float($0) } }
    try checkPicture("image_u8", Tensor([images.count, first.height, first.width, 3], pixels))
  }

  private func unpacked(_ tokens: Tensor, _ size: Size) -> Tensor {
    Tensor.stacked((0..<tokens.shape[0]).map { Packing.latents(tokens[$0], height: size.height / 8, width: size.width / 8) })
  }
}
