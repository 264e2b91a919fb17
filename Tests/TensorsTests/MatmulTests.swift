import TestSupport
import Testing
import Tensors

@Suite struct MatmulTests {
  /// Σ a·b in double, one element at a time.
  private func plain(_ a: Tensor, _ b: Tensor) -> [Float] {
    let (rows, inner, columns) = (a.shape[0], a.shape[1], b.shape[1]), (x, y) = (a.values, b.values)
    return (0..<rows * columns).map { place in
      Float((0..<inner).reduce(0.0) { $0 + Double(x[place / columns * inner + $1]) * Double(y[$1 * columns + place % columns]) })
    }
  }

  @Test(arguments: [1, 2, 7, 127, 128, 129, 200]) func productsOfAnySizeAreTheSumsOfProducts(_ size: Int) throws {
    var random = Random(seed: UInt64(size))
    for (rows, inner, columns) in [(size, 3, 5), (3, size, 5), (5, 3, size), (size, size, 1), (1, size, size)] {
      let a = random.tensor([rows, inner]), b = random.tensor([inner, columns]), made = try Tensor.matmul(a, b)
      #expect(made.shape == [rows, columns])
      #expect(made.largestDifference(from: Tensor([rows, columns], plain(a, b))) < 1e-4)
    }
  }

  @Test func theNumberOfThreadsDoesNotShow() throws {
    var random = Random(seed: 5)
    let a = random.tensor([3, 150, 70]), b = random.tensor([70, 190])
    let all = try [1, 2, 3, 8].map { threads in try withThreads(threads) { try Tensor.matmul(a, b).values } }
    #expect(all.allSatisfy { $0 == all[0] })
  }

  @Test func shapesThatDoNotMeetHaveNoProduct() {
    #expect(Tensor.shapeOfProduct([2, 3], [2, 3]) == nil)
    #expect(Tensor.shapeOfProduct([2, 1, 3], [4, 5, 3, 2]) == nil)
    #expect(Tensor.shapeOfProduct([], [2]) == nil)
    #expect(Tensor.shapeOfProduct([4, 1, 2, 3], [5, 3, 7]) == [4, 5, 2, 7])
    #expect(Tensor.shapeOfProduct([3], [3]) == [])
    #expect(throws: TensorError.self) { try Tensor.matmul(.zeros([2, 3]), .zeros([2, 3])) }
  }
}

@Suite struct BroadcastTests {
  /// Element by element by its definition.
  private func plain(_ a: Tensor, _ b: Tensor, _ shape: [Int]) -> [Float] {
    func element(_ x: Tensor, _ index: [Int]) -> Float {
      var at = 0
      for (axis, length) in x.shape.enumerated() { at = at * length + (length == 1 ? 0 : index[index.count - x.shape.count + axis]) }
      return x.values[at]
    }
    return (0..<shape.reduce(1, *)).map { flat in
      var rest = flat, index = shape
      for axis in shape.indices.reversed() { (index[axis], rest) = (rest % shape[axis], rest / shape[axis]) }
      return element(a, index) - 2 * element(b, index)
    }
  }

  @Test(arguments: [([], [3]), ([1], [3]), ([2, 3], [3]), ([2, 3], [2, 1]), ([2, 1], [1, 3]), ([2, 3, 4], [1, 3, 1]), ([1, 3, 1], [2, 1, 4]), ([5, 1, 1, 2], [3, 1, 2]), ([4], [2, 3, 1, 4]), ([1, 1], [1])])
  func everyElementMeetsItsOwn(_ a: [Int], _ b: [Int]) throws {
    var random = Random(seed: 1)
    let x = random.tensor(a), y = random.tensor(b), shape = try #require(Tensor.broadcast(a, b))
    for (x, y) in [(x, y), (y, x)] {
      let made = x.zipped(with: y) { $0 - 2 * $1 }
      #expect(made.shape == shape)
      #expect(made.values == plain(x, y, shape))
      #expect(x.expanded(to: shape).values == plain(x, .zeros([1]), shape))
    }
  }

  @Test func permutedAndNarrowedElementsStandWhereTheirIndicesSay() {
    var random = Random(seed: 2)
    let x = random.tensor([2, 3, 4, 5]), axes = [2, 0, 3, 1], y = x.permuted(axes)
    #expect(y.shape == [4, 2, 5, 3])
    for a in 0..<2 { for b in 0..<3 { for c in 0..<4 { for d in 0..<5 { #expect(y[c][a][d].values[b] == x[a][b][c].values[d]) } } } }
    for axis in 0..<4 {
      let part = x.narrowed(axis: axis, 1..<x.shape[axis])
      #expect(part.values == x.permuted([axis] + (0..<4).filter { $0 != axis })[1..<x.shape[axis]].permuted((0..<4).map { $0 == axis ? 0 : $0 < axis ? $0 + 1 : $0 }).values)
    }
  }

  @Test(arguments: Reduction.allCases) func aLineAmountsToWhatItDoesAlone(_ reduction: Reduction) {
    var random = Random(seed: 4)
    let x = random.tensor([3, 4, 5])
    for axis in 0..<3 {
      let lines = x.permuted((0..<3).filter { $0 != axis } + [axis]), made = x.reduced(reduction, axis: axis)
      #expect(made.values == lines.reshaped([x.count / x.shape[axis], x.shape[axis]]).slices.map { Float(reduction($0)) })
    }
  }
}

extension Tensor {
  fileprivate var slices: [Tensor] { (0..<shape[0]).map { self[$0] } }
}
