import Denoising
import Tensors
import TestSupport
import Testing

struct NoiseSourceTests {
  let shape = [2, 16, 2, 2]

  /// What LCM makes of a flow that is nothing but noise: the noise of its one step above 0.
  func drawn(seeds: [Int64]) throws -> Tensor {
    let course = Trajectory.Course(sampler: LCM(), conditioning: [], seeds: seeds)
    var run = Trajectory(from: .zeros(shape), along: try .even(steps: 2), on: course) { x, sigma, _ in x / sigma }
    _ = try run.next()
    return run.latents * 2
  }

  @Test func oneSeedDrawsOnForTheWholeBatchFromTheSeedAfterIt() throws {
    var generator = TorchGenerator(seed: 42)
    #expect(try drawn(seeds: [41]).values == generator.normals(shape).values)
  }

  @Test func aSeedEachDrawsForEachPicture() throws {
    var a = TorchGenerator(seed: 42), b = TorchGenerator(seed: 7)
    let expected = Tensor.stacked([a.normals([16, 2, 2]), b.normals([16, 2, 2])])
    #expect(try drawn(seeds: [41, 6]).values == expected.values)
  }

  @Test func noiseOfAnotherShapeIsRefused() throws {
    let course = Trajectory.Course(sampler: LCM(noise: NoiseSource { _, _ in .zeros([3]) }), conditioning: [])
    var run = Trajectory(from: .zeros(shape), along: try .even(steps: 2), on: course) { x, _, _ in x }
    #expect(throws: DenoisingError.self) { try run.next() }
  }

  @Test(arguments: NamedSampler.allCases.filter(\.isStochastic)) func anotherSeedMakesAnotherPicture(_ sampler: NamedSampler) throws {
    func made(_ seed: Int64) throws -> [Float] {
      let course = Trajectory.Course(sampler: sampler.sampler, conditioning: [], seeds: [seed])
      return try Trajectory(from: .zeros(shape), along: .even(steps: 3), on: course) { x, _, _ in x }.end().values
    }
    #expect(try made(1) == made(1))
    #expect(try made(1) != made(2))
  }
}
