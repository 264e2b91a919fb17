import Checkpoints
import Foundation
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

  /// With as many passes as there are norms every norm knows the whole picture: tiles see as much of it as their pixels need.
  @Test(arguments: Fixtures.cases("vae.").filter { $0.name.contains("decode") }, [12, 16, 40])
  func tilesOfManyPassesAreTheWholePicture(_ c: Case, _ side: Int) throws {
    let model = try autoEncoder(c), z = try c.tensor("in.z")[0], whole = try model.decodeUnscaled(z)
    let tiled = try model.decodeUnscaled(z, tiling: Tiling(side: side, passes: 14))
    #expect(tiled.shape == whole.shape && tiled.largestDifference(from: whole) < 2e-4)
    #expect(try model.decodeUnscaled(z, tiling: Tiling(side: 10_000)).values == whole.values, "one tile is the whole")
  }

  /// Two passes: what differs from the whole decode must not jump where tiles meet.
  @Test func tilesMeetWithoutASeam() throws {
    let model = try autoEncoder(Fixtures.named("vae.dev.decode.square"))
    let z = smooth(rows: 24, columns: 20), whole = try model.decodeUnscaled(z), side = 64
    let tiled = try model.decodeUnscaled(z, tiling: Tiling(side: side)), off = tiled - whole
    let (height, width) = (whole.shape[0], whole.shape[1])
    let seams = Set([height / 3, height * 2 / 3]), line = width * 3, values = off.values
    var seam: Float = 0, elsewhere: Float = 0
    for row in 1..<height {
      var jump: Float = 0
      for x in 0..<line { jump = max(jump, abs(values[row * line + x] - values[(row - 1) * line + x])) }
      if seams.contains(row) { seam = max(seam, jump) } else { elsewhere = max(elsewhere, jump) }
    }
    #expect(seam < elsewhere, "the difference to the whole decode jumps by \(seam) where tiles meet, and by \(elsewhere) elsewhere")
    #expect(tiled.values != whole.values, "the fixture says nothing of tiles")
    let results = try [1, 2].map { threads in try withThreads(threads) { try model.decodeUnscaled(z, tiling: Tiling(side: side)).values } }
    #expect(results[0] == results[1])
  }

  /// Latents of soft waves that are not the same everywhere.
  private func smooth(rows: Int, columns: Int) -> Tensor {
    var values: [Float] = []
    for channel in 0..<16 {
      for y in 0..<rows {
        for x in 0..<columns {
          let bent = Float(x) * (1 + Float(y) / 40)
          values.append(sinf(0.3 * Float(y) + Float(channel)) + cosf(0.2 * bent - Float(channel)))
        }
      }
    }
    return Tensor([16, rows, columns], values)
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
