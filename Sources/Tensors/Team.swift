import CKernels
import Foundation
import Synchronization

/// The one team of threads: oneDNN's own, for our kernels too.
package enum Team {
  private static let chosen = Atomic<Int>(0)

  /// How many threads work. Starts as the number of processors that this process may use.
  package static var threads: Int {
    let count = chosen.load(ordering: .relaxed)
    return count > 0 ? count : available
  }

  /// Asked once: the answer is read from files of the system, and every product wants to know.
  private static let available = ProcessInfo.processInfo.activeProcessorCount

  package static func use(threads: Int) throws {
    guard 1...1024 ~= threads else { throw TensorError.threads(threads) }
    chosen.store(threads, ordering: .relaxed)
  }

  /// Runs `body(index, thread)` for every index, each once, in any order, and returns when all are done. What `body`
  /// computes for an index must not depend on the thread: that is what makes results equal at any thread count.
  package static func forEach(_ count: Int, _ body: (_ index: Int, _ thread: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) { pointer in
        team_run(count, Int32(threads), pointer) { context, index, thread in
          context.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(index, Int(thread))
        }
      }
    }
  }

  /// Cuts `rows` into pieces of a fixed size and runs `body` on each range.
  package static func forRows(_ rows: Int, by piece: Int, _ body: (Range<Int>) -> Void) {
    forEach((rows + piece - 1) / piece) { index, _ in body(index * piece..<min(rows, (index + 1) * piece)) }
  }

  /// oneDNN reads the thread count of the thread that calls it, so every call is preceded by this.
  static func adopt(threads: Int = Team.threads) { team_set_threads(Int32(threads)) }
}

/// The kernels in use, chosen once for this processor.
nonisolated(unsafe) package let kernel: UnsafePointer<kernels> = kernels_in_use()

/// Which instruction set the kernels use (`avx512`, `avx2`, `portable`), and what is wrong with `FLUX_ISA`, if anything.
public enum InstructionSet {
  public static var name: String { String(cString: kernels_in_use().pointee.isa) }
  public static var complaint: String? { kernels_complaint().map { String(cString: $0) } }
}
