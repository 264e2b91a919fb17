import Denoising
import Models
import Pipeline
import Tensors
import TestSupport
import Testing

/// Whole runs against diffusers' pipelines: every step's latents, and the picture.
@Suite struct ReferenceTests {
  static let cases = Fixtures.cases("pipe.").filter { $0.params["dtype"] == nil }
  /// Of ControlNets that look at pixels, made by `Scripts/make_xlabs.py`.
  static let xlabs = Fixtures.cases(in: "\(Fixtures.folder)/xlabs")

  func packed(_ latents: Tensor) -> Tensor { Tensor.stacked((0..<latents.shape[0]).map { Packing.tokens(latents[$0]) }) }

  @Test(arguments: cases + xlabs) func everyStepAndThePictureAreThoseOfDiffusers(_ c: Case) throws {
    let pipeline = try c.pipeline()
    var trajectory = try pipeline.trajectory(c.request(pipeline))
    if c.has("model_input.0") { try c.check("model_input.0", inputs(trajectory)) }
    while let step = try trajectory.next() {
      if c.has("latents.\(step.index - 1)") { try c.check("latents.\(step.index - 1)", packed(step.latents)) }
    }
    try c.checkPictures(pipeline.decode(trajectory.latents))
  }

  /// What the transformer is given first: latents, what stands beside each of them, and what stands behind them all.
  func inputs(_ trajectory: Trajectory) -> Tensor {
    Tensor.stacked((0..<trajectory.latents.shape[0]).map { n in
      let latents = trajectory.latents[n], own = Packing.tokens(trajectory.company["channels"].map { Tensor.concatenated([latents, $0[n]]) } ?? latents)
      return Tensor.concatenated([own] + (trajectory.company["reference.0"].map { [Packing.tokens($0)] } ?? []))
    })
  }

  @Test func theReferenceHasItsCases() { #expect(Self.cases.count >= 18 && Self.xlabs.count == 4) }
}
