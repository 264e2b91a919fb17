import Imaging
import Pipeline
import Tensors
import Testing

struct PreviewTests {
  @Test func aPreviewIsNearToTheDecodedPicture() throws {
    let pipeline = try FluxPipeline(.embedded)
    var request = Request("a red apple", seed: 4)
    request.sigmas = .count(4)
    let latents = try pipeline.sample(request)
    let preview = try pipeline.preview(latents)[0], picture = try pipeline.decode(latents)[0]
    #expect((preview.width, preview.height) == (picture.width, picture.height))
    let small = try preview.resized(width: 16, height: 16, .area), truth = try picture.resized(width: 16, height: 16, .area)
    #expect(try small.psnr(truth) > 17)
  }
}
