import Denoising
import Tensors
import TestSupport
import Testing

struct NoiseSourceTests {
  let shape = [2, 16, 2, 2]

  /// What LCM makes of a flow that is nothing but noise: the noise of its one step above 0.
  func drawn(seeds: [Int64], _ kind: NoiseKind = .torch) throws -> Tensor {
    let course = Trajectory.Course(sampler: LCM(noise: NoiseSource(kind)), conditioning: [], seeds: seeds)
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

  @Test func aCardsStepsGoOnWhereTheStartEnded() throws {
    for seeds in [[41], [41, 6]] as [[Int64]] {
      let each = seeds.count == 1 ? shape : [1] + shape.dropFirst()
      let expected = seeds.map { seed in
        var generator = PhiloxGenerator(seed: seed, residentThreads: 256)
        _ = generator.normals(each)                                  // the noise at the start
        return generator.normals(each)
      }
      #expect(try drawn(seeds: seeds, .cuda(residentThreads: 256)).values == Tensor.concatenated(expected).values)
    }
  }

  @Test func theWebUIsStepsGoOnWhereTheStartEndedEachPictureWithItsOwnSeed() throws {
    let expected = Tensor.stacked([41, 42].map { PhiloxGenerator.firstLane(seed: $0, draw: 1, [16, 2, 2]) })
    #expect(try drawn(seeds: [41], .a1111).values == expected.values)
    #expect(PhiloxGenerator.firstLane(seed: 41, draw: 0, [16]).values != PhiloxGenerator.firstLane(seed: 41, draw: 1, [16]).values)
  }

  @Test func roundedNoiseIsTheSameRounded() throws {
    #expect(try drawn(seeds: [41], .torchBF16).values == drawn(seeds: [41]).roundedToBF16.values)
  }

  @Test(arguments: [NoiseKind.torch, .torchBF16, .cuda(residentThreads: 256), .a1111]) func aRunThatWasStoppedGoesOnWithTheSameNoise(_ kind: NoiseKind) throws {
    func run(_ seeds: [Int64]) throws -> Trajectory {
      Trajectory(from: .zeros(shape), along: try .even(steps: 5), on: .init(sampler: DPMPPSDE(noise: NoiseSource(kind)), conditioning: [], seeds: seeds)) { x, sigma, _ in x / sigma }
    }
    for seeds in [[41], [41, 6]] as [[Int64]] {
      var whole = try run(seeds), rest = try run(seeds)
      for _ in 0..<2 { _ = try whole.next() }
      try rest.resume(at: whole.position)
      #expect(try rest.end().values == whole.end().values)
    }
  }

  @Test func etaAndSizeOfNoiseMayDifferFromStepToStep() throws {
    func made(_ eta: PerStep<Double>, _ sNoise: PerStep<Double> = 1) throws -> [Float] {
      let course = Trajectory.Course(sampler: EulerAncestral(eta: eta, sNoise: sNoise), conditioning: [], seeds: [3])
      return try Trajectory(from: .zeros(shape), along: .even(steps: 3), on: course) { x, _, _ in x - 1 }.end().values
    }
    #expect(try made(.list([0.5])) == made(0.5))
    #expect(try made(.function { $0.index == 1 ? 1 : 0.2 }) == made(.list([1, 0.2])))
    #expect(try made(.list([1, 0.2])) != made(1) && made(.list([1, 0.2])) != made(0.2))
    #expect(try made(1, .list([1, 0.2])) != made(1) && made(1, .list([1, 0.2])) != made(1, 0.2))
  }
}
