import CKernels
import Foundation
import Synchronization
import TestSupport
import Testing
import Tensors

@Suite struct TeamTests {
  @Test(arguments: [1, 2, 3, 8], [0, 1, 2, 7, 1000]) func everyIndexRunsOnce(_ threads: Int, _ count: Int) throws {
    try withThreads(threads) {
      let runs = Mutex([Int](repeating: 0, count: count)), strangers = Atomic<Int>(0)
      Team.forEach(count) { index, thread in
        runs.withLock { $0[index] += 1 }
        if !(0..<threads).contains(thread) { strangers.add(1, ordering: .relaxed) }
      }
      #expect(runs.withLock { $0 } == [Int](repeating: 1, count: count))
      #expect(strangers.load(ordering: .relaxed) == 0)
    }
  }

  @Test(arguments: [1, 2, 3, 8]) func aRunInsideARunStaysInItsPlace(_ threads: Int) throws {
    try withThreads(threads) {
      let orders = Mutex([[Int]](repeating: [], count: 6)), elsewhere = Atomic<Int>(0)
      Team.forEach(6) { outer, _ in
        let here = pthread_self()
        Team.forEach(5) { inner, _ in
          if pthread_equal(here, pthread_self()) == 0 { elsewhere.add(1, ordering: .relaxed) }
          orders.withLock { $0[outer].append(inner) }
        }
      }
      #expect(orders.withLock { $0 } == [[Int]](repeating: [0, 1, 2, 3, 4], count: 6))
      #expect(elsewhere.load(ordering: .relaxed) == 0)
    }
  }

  @Test(arguments: [1, 3]) func rowsAreCutIntoPiecesWithoutOverlap(_ threads: Int) throws {
    try withThreads(threads) {
      let ranges = Mutex<[Range<Int>]>([])
      Team.forRows(23, by: 5) { range in ranges.withLock { $0.append(range) } }
      #expect(ranges.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } } == [0..<5, 5..<10, 10..<15, 15..<20, 20..<23])
    }
  }

  @Test(arguments: [0, -1, 1025, .max]) func anImpossibleNumberOfThreadsIsAnError(_ count: Int) {
    #expect(message { try Team.use(threads: count) } == "the number of threads must be from 1 to 1024, got \(count)")
  }

  @Test func kernelsOfAnUnknownInstructionSetAreNone() {
    #expect(kernels_named("sse9") == nil && kernels_named("") == nil)
    #expect(kernels_named("portable") != nil)
  }

  // The environment belongs to the whole process, so each of these has one of its own.
  @Test func aWrongInstructionSetIsComplainedAbout() async {
    await #expect(processExitsWith: .success) {
      setenv("FLUX_ISA", "sse9", 1)
      try #require(InstructionSet.complaint == "FLUX_ISA must be avx512, avx2 or portable")
    }
  }

  @Test func theInstructionSetThatIsAskedForIsUsed() async {
    await #expect(processExitsWith: .success) {
      setenv("FLUX_ISA", "portable", 1)
      try #require(InstructionSet.complaint == nil)
      try #require(InstructionSet.name == "portable")
    }
  }

  @Test func withoutAWishTheBestThatTheProcessorHasIsUsed() async {
    await #expect(processExitsWith: .success) {
      unsetenv("FLUX_ISA")
      try #require(InstructionSet.complaint == nil)
      try #require(InstructionSet.name == (["avx512", "avx2", "portable"] as [String]).first { name in kernels_named(name) != nil })
    }
  }
}
