import Tensors
import TestSupport
import Testing

struct BlendingTests {
  @Test func slerpKeepsTheSizeOfNoiseThatLerpShrinks() {
    var random = Random(seed: 4)
    let a = random.tensor([16, 32, 32]), b = random.tensor([16, 32, 32])
    let half = Tensor.slerp(a, b, 0.5)
    #expect(abs(half.norm / a.norm - 1) < 0.02)
    #expect(Tensor.lerp(a, b, 0.5).norm / a.norm < 0.75)
  }

  @Test func slerpEndsWhereItsEndsAre() {
    var random = Random(seed: 5)
    let a = random.tensor([64]), b = random.tensor([64])
    #expect(Tensor.slerp(a, b, 0).largestDifference(from: a) < 1e-6)
    #expect(Tensor.slerp(a, b, 1).largestDifference(from: b) < 1e-6)
    #expect(Tensor.slerp(a, a, 0.3).largestDifference(from: a) < 1e-6)
  }

  @Test func slerpOfTwoAxesIsAQuarterCircle() {
    let half = Tensor.slerp(Tensor([2], [1, 0]), Tensor([2], [0, 1]), 0.5).values
    #expect(abs(half[0] - 0.70710678) < 1e-6 && abs(half[1] - 0.70710678) < 1e-6)
  }
}
