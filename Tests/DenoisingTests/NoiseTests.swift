import Denoising
import Tensors
import TestSupport
import Testing

struct NoiseTests {
  @Test(arguments: Fixtures.cases("randn.seed")) func noiseIsThatOfTorch(_ c: Case) throws {
    let seed = Int64(try #require(c.params["seed"]?.number))
    for name in c.tensorNames {
      var generator = TorchGenerator(seed: seed)
      try c.check(name, generator.normals(c.tensor(name).shape))
    }
  }

  @Test func uniformNumbersAreThoseOfTorch() throws {
    var generator = TorchGenerator(seed: 1234)
    #expect(try generator.uniforms([40]).values == Fixtures.named("rand.uniform").tensor("n40").values)
  }

  @Test func latentsAreDrawnInTheOrderOfTorch() throws {
    let c = try Fixtures.named("randn.latents")
    var generator = TorchGenerator(seed: 1234)
    try c.check("value", generator.normals([2, 16, 10, 6]))
  }

  @Test func oneGeneratorDrawsOnAsTorchDoes() throws {
    let c = try Fixtures.named("randn.sequence")
    var generator = TorchGenerator(seed: 42)
    for (index, size) in [5, 3, 20, 1, 17, 4, 16, 2].enumerated() { try c.check("draw.\(index)", generator.normals([size])) }
  }

  @Test func onlyTheLow32BitsOfASeedCount() {
    var a = TorchGenerator(seed: 42), b = TorchGenerator(seed: 42 + 1 << 32), c = TorchGenerator(seed: 43)
    let first = a.normals([64]).values
    #expect(first == b.normals([64]).values && first != c.normals([64]).values)
  }

  @Test func aLargeDrawHasTheSumThatTorchPrints() {
    var generator = TorchGenerator(seed: 42)
    let noise = generator.normals([1, 16, 128, 128])
    #expect(abs(noise.sum - -62.9132833) < 1e-2)
    #expect(abs(noise.norm * noise.norm - 263317.7336) < 1e-1)
    let after = generator.normals([3]).values
    #expect(zip(after, [-1.08590567, 0.20815785, -0.02189194] as [Float]).allSatisfy { abs($0 - $1) < 3e-6 })
  }
}
