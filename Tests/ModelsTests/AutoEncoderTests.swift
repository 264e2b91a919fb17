import Checkpoints
import TestSupport
import Testing
import Tensors
import Models

@Suite(.serialized) struct AutoEncoderTests {
  func autoEncoder(_ c: Case, precision: Encoding = .f32) throws -> AutoEncoder {
    let folder = try Fixtures.model(c.name.contains("dev") ? "tiny-dev/vae" : "tiny-schnell/vae")
    return try AutoEncoder(Weights(Checkpoint(in: folder, stem: "diffusion_pytorch_model"), precision: precision),
                           AutoEncoderConfiguration(Settings(folder.required("config.json", hint: ""))))
  }

  @Test(arguments: Fixtures.cases("vae.").filter { $0.name.contains("decode") })
  func picturesAreThoseOfDiffusers(_ c: Case) throws {
    let picture = try autoEncoder(c).decodeUnscaled(c.tensor("in.z")[0])
    try c.check("image", channelsFirst(picture))
  }

  @Test(arguments: Fixtures.cases("vae.").filter { $0.name.contains("decode.square") })
  func bf16PicturesStayWithinTheirRounding(_ c: Case) throws {
    let picture = try autoEncoder(c, precision: .bf16).decodeUnscaled(c.tensor("in.z")[0])
    let exact = try c.tensor("image")[0]
    #expect((channelsFirst(picture) - exact).norm / exact.norm < 0.02)
  }

  @Test(arguments: Fixtures.cases("vae.").filter { $0.name.contains("encode") })
  func distributionsOfPicturesAreThoseOfDiffusers(_ c: Case) throws {
    let (mean, logVariance) = try autoEncoder(c).encode(picture(c))
    try c.check("mean", mean)
    try c.check("logvar", logVariance)
  }

  /// The case's picture in [−1, 1], from the raw RGB bytes beside the PNG.
  func picture(_ c: Case) throws -> Tensor {
    let file = try #require(c.params["image"]?.text).replacing(".png", with: ".safetensors")
    let pixels = try Checkpoint(safetensors: FileBytes(mapping: "\(Fixtures.folder)/\(file)")).tensor("pixels")
    return pixels.mapped { $0 / 127.5 - 1 }
  }

  func channelsFirst(_ x: Tensor) -> Tensor {
    let (height, width, channels) = (x.shape[0], x.shape[1], x.shape[2])
    var y = [Float](repeating: 0, count: x.count)
    for p in 0..<height * width { for c in 0..<channels { y[c * height * width + p] = x.floats[p * channels + c] } }
    return Tensor([channels, height, width], y)
  }
}
