import Denoising
import Pipeline
import Sweeps
import Synchronization
import Tensors
import Testing

/// The thread that writes pictures, and what is kept of trajectories: both are bounded.
@Suite struct WriterTests {
  @Test func jobsRunInOrderAndNoMoreWaitThanAreAllowed() throws {
    let writer = PictureWriter(most: 100), waiting = Atomic<Int>(0), most = Atomic<Int>(0), order = Mutex<[Int]>([])
    for job in 0..<50 {
      try writer.add(bytes: 30) {
        order.withLock { $0.append(job) }
        waiting.subtract(1, ordering: .relaxed)
      }
      let now = waiting.add(1, ordering: .relaxed).newValue
      if now > most.load(ordering: .relaxed) { most.store(now, ordering: .relaxed) }
    }
    try writer.add(bytes: 1000) {}                        // one may always wait, however large
    try writer.drain()
    writer.close()
    #expect(order.withLock { $0 } == Array(0..<50))
    #expect(most.load(ordering: .relaxed) <= 5)
  }

  private struct Full: Error {}

  @Test func whatGoesWrongIsToldAndEndsEverything() throws {
    let writer = PictureWriter(), done = Atomic<Int>(0)
    try writer.add(bytes: 1) { throw Full() }
    #expect(throws: Full.self) { try writer.drain() }
    #expect(throws: Full.self) { try writer.add(bytes: 1) { done.add(1, ordering: .relaxed) } }
    writer.close()
    #expect(done.load(ordering: .relaxed) == 0)
  }

  private static func place(_ index: Int, floats: Int) -> PrefixMemo.Place {
    let position = Trajectory.Position(index: index, sigma: 0.5, latents: Tensor(repeating: Float(index), [1, floats]), sampler: SamplerState())
    return PrefixMemo.Place(position, sigmas: [1, 0.5], guidance: [3])
  }

  @Test func theMemoGivesTheFurthestPlaceAndForgetsWhatWasOfNoUse() {
    let memo = PrefixMemo(most: 4 * 100 * 3)
    #expect(memo.furthest(on: ["start", "a", "b"]) == nil)
    memo.keep(Self.place(1, floats: 100), as: "a")
    memo.keep(Self.place(2, floats: 100), as: "b")
    #expect(memo.furthest(on: ["start", "a", "b", "c"])?.position.index == 2)
    #expect(memo.furthest(on: ["start", "a", "x"])?.position.index == 1)
    #expect(memo.furthest(on: ["a", "x"]) == nil, "before any step there is nothing to spare")
    #expect(memo.spared == 3)
    memo.keep(Self.place(3, floats: 100), as: "c")
    memo.keep(Self.place(4, floats: 100), as: "d")         // "b" was of use before "a" was
    #expect(memo.furthest(on: ["start", "x", "b"]) == nil)
    #expect(memo.furthest(on: ["start", "a"])?.position.index == 1)
    memo.keep(Self.place(5, floats: 1000), as: "large")
    #expect(memo.furthest(on: ["start", "large"]) == nil)
  }
}
