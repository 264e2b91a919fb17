import Foundation
import Synchronization
import TestSupport
import Testing
import Tensors

@Suite struct TensorTests {
  let x = Tensor([2, 3], [1, 2, 3, 4, 5, 6])

  @Test func writingToACopyLeavesTheOriginal() {
    var copy = x
    copy.withMutableFloats { $0[0] = 99 }
    #expect(x.values == [1, 2, 3, 4, 5, 6])
    #expect(copy.values == [99, 2, 3, 4, 5, 6])
  }

  @Test func writingToASliceLeavesWhatItWasCutFrom() {
    var slice = x[1]
    slice.withMutableFloats { $0[0] = 99 }
    #expect(x.values == [1, 2, 3, 4, 5, 6])
    #expect(slice.values == [99, 5, 6])
  }

  @Test func writingToTheWholeLeavesASlice() {
    var whole = Tensor([2, 3], [1, 2, 3, 4, 5, 6])
    let slice = whole[1]
    whole.withMutableFloats { $0[3] = 99 }
    #expect(slice.values == [4, 5, 6])
    #expect(whole.values == [1, 2, 3, 99, 5, 6])
  }

  @Test func aSliceThatIsAloneIsWrittenWhereItLies() {
    var slice = Tensor([3, 2], [1, 2, 3, 4, 5, 6])[1..<3]
    slice.withMutableFloats { floats in for i in floats.indices { floats[i] += 10 } }
    #expect(slice.values == [13, 14, 15, 16] && slice.shape == [2, 2])
  }

  @Test func addingInPlaceLeavesCopies() {
    var sum = x
    sum.add(x, gate: Tensor([3], [1, 10, 100]))
    #expect(sum.values == [2, 22, 303, 8, 55, 606])
    #expect(x.values == [1, 2, 3, 4, 5, 6])
  }

  @Test func bytesOfAFileAreNeverWritten() throws {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 16)
    defer { bytes.deallocate() }
    for (i, value) in [Float(1), 2, 3, 4].enumerated() { bytes.storeBytes(of: value, toByteOffset: 4 * i, as: Float.self) }
    var view = Tensor([4], storage: Storage(viewing: UnsafeRawBufferPointer(bytes), ownedBy: Nobody()), offset: 0)
    view.withMutableFloats { $0[0] = 99 }
    #expect(view.values == [99, 2, 3, 4])
    #expect(bytes.load(as: Float.self) == 1)
  }
  private final class Nobody {}

  @Test func slicesOfTheFirstAxisKeepTheOthers() {
    let deep = Tensor([3, 2, 2], (0..<12).map(Float.init))
    #expect(deep[1].values == [4, 5, 6, 7] && deep[1].shape == [2, 2])
    #expect(deep[1][1].values == [6, 7])
    #expect(deep[1..<3].values == (4..<12).map(Float.init) && deep[1..<3].shape == [2, 2, 2])
    #expect(deep[1..<3][1].values == [8, 9, 10, 11])
    #expect(deep[2..<2].values == [] && deep[2..<2].shape == [0, 2, 2])
    #expect(Tensor([3], [7, 8, 9])[2].values == [9] && Tensor([3], [7, 8, 9])[2].shape == [])
  }

  @Test func partsOneAfterTheOtherAreTheirSlices() {
    #expect(Tensor.concatenated([x[1..<2], x]).values == [4, 5, 6, 1, 2, 3, 4, 5, 6])
    #expect(Tensor.stacked([x[1], x[0]]).values == [4, 5, 6, 1, 2, 3] && Tensor.stacked([x[1], x[0]]).shape == [2, 3])
  }

  @Test func axesOfOneAreRepeated() {
    let column = Tensor([2, 1], [10, 20]), row = Tensor([3], [1, 2, 3])
    #expect((column + row).values == [11, 12, 13, 21, 22, 23])
    #expect((column + row).shape == [2, 3])
    #expect((x * column).values == [10, 20, 30, 80, 100, 120])
    #expect((x - row).values == [0, 0, 0, 3, 3, 3])
    #expect((Tensor([], [2]) * x).values == [2, 4, 6, 8, 10, 12])
    let both = Tensor([2, 1, 2], [1, 2, 3, 4]) + Tensor([3, 1], [10, 20, 30])
    #expect(both.shape == [2, 3, 2])
    #expect(both.values == [11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34])
  }

  @Test(arguments: [([2, 3], [3], [2, 3]), ([2, 1], [1, 3], [2, 3]), ([], [4], [4]), ([], [], []), ([0, 3], [1, 3], [0, 3])] as [([Int], [Int], [Int])])
  func shapesThatMeetHaveACommonOne(_ a: [Int], _ b: [Int], _ both: [Int]) {
    #expect(Tensor.broadcast(a, b) == both && Tensor.broadcast(b, a) == both)
  }

  @Test(arguments: [([2, 3], [2]), ([3], [4]), ([2, 2], [3, 2, 1, 3])] as [([Int], [Int])])
  func shapesThatDoNotMeetHaveNone(_ a: [Int], _ b: [Int]) { #expect(Tensor.broadcast(a, b) == nil) }

  @Test func numbersComeOnEitherSide() {
    let y = Tensor([2], [2, 4])
    #expect((1 + y).values == [3, 5] && (y - 1).values == [1, 3] && (1 - y).values == [-1, -3])
    #expect((8 / y).values == [4, 2] && (y / 2).values == [1, 2] && (-y).values == [-2, -4])
  }

  @Test func interpolationIsExactAtItsEnds() {
    let a = Tensor([4], [1e30, 0.1, -3, .infinity]), b = Tensor([4], [1, 1e30, 0.7, 2])
    #expect(Tensor.lerp(a, b, 0).values == a.values)
    #expect(Tensor.lerp(a, b, 1).values == b.values)
    #expect(Tensor.lerp(b, a, 1).values == a.values)
    #expect(Tensor.lerp(Tensor([2], [0, 4]), Tensor([2], [2, 0]), 0.25).values == [0.5, 3])
    #expect(Tensor.lerp(Tensor([1], [1]), Tensor([2], [3, 5]), 0).values == [1, 1])
  }

  @Test func statisticsAreThoseOfTheWholeTensor() {
    #expect(x.sum == 21 && x.mean == 3.5 && x.minimum == 1 && x.maximum == 6)
    #expect(abs(x.standardDeviation - 3.5.squareRoot()) < Tolerance.double)
    #expect(abs(x.norm - 91.0.squareRoot()) < Tolerance.double)
    #expect(x[1].sum == 15)
    #expect(Tensor([1], [3]).standardDeviation.isNaN)
    #expect(Tensor(repeating: 0.1, [1_000_000]).mean == Double(Float(0.1)))
  }

  @Test(arguments: [[.nan, 1, 2], [1, .nan, 2], [1, 2, .nan], []] as [[Float]]) func extremesOfWhatIsNoNumberAreNone(_ values: [Float]) {
    let tensor = Tensor([values.count], values)
    #expect(tensor.minimum.isNaN && tensor.maximum.isNaN)
    #expect(tensor.isFinite == values.isEmpty)
  }

  @Test func aDifferenceThatIsNoNumberIsInfinite() {
    #expect(x.largestDifference(from: x + 0.5) == 0.5)
    #expect(Tensor([2], [1, .nan]).largestDifference(from: Tensor([2], [1, .nan])) == .infinity)
  }
}

@Suite struct BufferPoolTests {
  @Test func memoryThatWasLetGoIsUsedAgain() {
    let pool = BufferPool()
    let first = pool.take(1 << 20)
    pool.give(first, 1 << 20)
    #expect(pool.keptBytes == 1 << 20)
    let second = pool.take(1 << 20)
    #expect(second == first && pool.keptBytes == 0)
    pool.give(second, 1 << 20)
    pool.drain()
    #expect(pool.keptBytes == 0)
  }

  @Test func whatIsKeptDoesNotGrowWithTheNumberOfSteps() {
    let pool = BufferPool()
    var kept: [Int] = []
    for _ in 0..<50 {
      let buffers = [100, 70_000, 200_000, 200_000, 1 << 20].map { ($0, pool.take($0)) }
      for (count, pointer) in buffers { pool.give(pointer, count) }
      kept.append(pool.keptBytes)
    }
    #expect(Set(kept).count == 1)
    pool.drain()
  }

  @Test func noMoreThanItsLimitIsKept() {
    let pool = BufferPool(limit: 1 << 20)
    let buffers = (0..<5).map { _ in pool.take(400 << 10) }
    for buffer in buffers { pool.give(buffer, 400 << 10) }
    #expect(pool.keptBytes == 800 << 10)
    pool.drain()
  }

  @Test func whatLayLongestMakesRoom() {
    let pool = BufferPool(limit: 1 << 20), sizes = [300 << 10, 400 << 10, 500 << 10], buffers = sizes.map { pool.take($0) }
    for (buffer, size) in zip(buffers, sizes) { pool.give(buffer, size) }
    #expect(pool.keptBytes == 900 << 10, "the first went")
    #expect(pool.take(sizes[2]) == buffers[2] && pool.take(sizes[1]) == buffers[1] && pool.keptBytes == 0)
    for index in [1, 2] { pool.give(buffers[index], sizes[index]) }
    pool.limit = 600 << 10
    #expect(pool.keptBytes == 500 << 10, "a lower limit is kept to at once")
    pool.limit = 0
    #expect(pool.keptBytes == 0)
  }

  @Test(arguments: [4 << 20, (4 << 20) + 1, (6 << 20) - 63, 9_000_001]) func aLargeBufferBeginsOnALargePageAndHoldsEveryByte(_ count: Int) {
    let pool = BufferPool(limit: 0)
    for _ in 0..<3 {
      let buffer = pool.take(count)
      #expect(UInt(bitPattern: buffer) % (2 << 20) == 0)
      memset(buffer, 7, count)
      #expect(buffer.load(fromByteOffset: count - 1, as: UInt8.self) == 7)
      pool.give(buffer, count)
    }
    #expect(pool.keptBytes == 0)
  }

  @Test func everyBufferIsAlignedToACacheLine() {
    let pool = BufferPool()
    for count in [0, 1, 63, 65, 4097, 70_001] {
      let buffer = pool.take(count)
      #expect(UInt(bitPattern: buffer) % 64 == 0)
      pool.give(buffer, count)
    }
    pool.drain()
  }
}
