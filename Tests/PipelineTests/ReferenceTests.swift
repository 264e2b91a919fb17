import Models
import Pipeline
import Tensors
import TestSupport
import Testing

/// Whole runs against diffusers' pipelines: every step's latents, and the picture.
@Suite struct ReferenceTests {
  static let cases = Fixtures.cases("pipe.").filter { ["FluxPipeline", "FluxImg2ImgPipeline", "FluxInpaintPipeline"].contains($0.params["pipeline"]?.text) && $0.params["dtype"] == nil }

  func packed(_ latents: Tensor) -> Tensor { Tensor.stacked((0..<latents.shape[0]).map { Packing.tokens(latents[$0]) }) }

  @Test(arguments: cases) func everyStepAndThePictureAreThoseOfDiffusers(_ c: Case) throws {
    let pipeline = try c.pipeline()
    var trajectory = try pipeline.trajectory(c.request(pipeline))
    if c.has("model_input.0") { try c.check("model_input.0", packed(trajectory.latents)) }
    while let step = try trajectory.next() {
      if c.has("latents.\(step.index - 1)") { try c.check("latents.\(step.index - 1)", packed(step.latents)) }
    }
    try c.checkPictures(pipeline.decode(trajectory.latents))
  }

  @Test func theReferenceHasItsCases() { #expect(Self.cases.count >= 12) }
}
