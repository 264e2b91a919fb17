import Denoising
import Tensors
import Testing

struct PhiloxTests {
  // Printed by PyTorch on a card (seed 42) and by a second implementation (both).
  @Test(arguments: [(42, [0.19401887, 2.16137385, -0.17205095, 0.84906000, -1.92439926]), (0, [-0.92466241, -0.42534396, -2.64384580, 0.14518388])] as [(Int64, [Float])])
  func theFirstLaneIsThatOfCUDA(_ seed: Int64, _ expected: [Float]) {
    let made = PhiloxGenerator.firstLane(seed: seed, [expected.count]).values
    for (a, b) in zip(made, expected) { #expect(abs(a - b) < 2e-6) }
  }

  @Test func whereEveryElementHasItsThreadTheCardGivesTheFirstLane() {
    var generator = PhiloxGenerator(seed: 7, residentThreads: 65536)
    #expect(generator.normals([65536]).values == PhiloxGenerator.firstLane(seed: 7, [65536]).values)
  }

  @Test func aSmallCardGivesItsThreadsFourElementsEach() {
    // 1,024 elements on 256 threads: element 256 is the second component of thread 0.
    var small = PhiloxGenerator(seed: 7, residentThreads: 256), large = PhiloxGenerator(seed: 7, residentThreads: 1 << 20)
    let a = small.normals([1024]).values, b = large.normals([1024]).values
    #expect(Array(a[..<256]) == Array(b[..<256]))
    #expect(a[256...] != b[256...])
  }

  @Test func theShareThatDiffersBetweenCardsIsThatOfTheirGeometry() throws {
    let n = 262_144
    let lane = PhiloxGenerator.firstLane(seed: 1, [n]).values
    for (card, share) in [("T4", 0.84), ("L4", 0.66), ("RTX 4090", 0.25), ("A100", 0.156), ("RTX 5090", 0.004), ("H100 SXM", 0)] {
      let made = try #require(NoiseKind("cuda:\(card)")).normals(seed: 1, count: 1, [n]).values
      let differing = Double(zip(made, lane).count { $0 != $1 }) / Double(n)
      #expect(abs(differing - share) < 0.006, "\(card): \(differing)")
    }
  }

  @Test func aSecondDrawGoesOn() {
    var generator = PhiloxGenerator(seed: 3, residentThreads: 256)
    let first = generator.normals([512]).values, second = generator.normals([512]).values
    #expect(first != second)
  }

  @Test func theKindsHaveNames() {
    #expect(NoiseKind("torch") == .torch && NoiseKind("a1111") == .a1111 && NoiseKind("torch-bf16") == .torchBF16)
    #expect(NoiseKind("cuda:40960") == .cuda(residentThreads: 40960) && NoiseKind("cuda:t4") == NoiseKind("cuda:40960"))
    #expect(NoiseKind("cuda") == nil && NoiseKind("cuda:GTX 9") == nil && NoiseKind("mlx") == nil)
  }

  @Test func anA1111BatchHasTheNextSeedForEachPicture() {
    let batch = NoiseKind.a1111.normals(seed: 5, count: 2, [16, 4, 4])
    #expect(batch[1].values == NoiseKind.a1111.normals(seed: 6, count: 1, [16, 4, 4]).values)
  }
}
