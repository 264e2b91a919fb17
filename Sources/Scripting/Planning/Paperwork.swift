import Imaging
import Synchronization

/// What a rehearsed recipe would spend on files of pictures: pixels counted as they come, seconds found at the end by coding one
/// small picture in each way that was asked for.
package final class Paperwork: Sendable {
  package enum Task: Hashable, Sendable {
    case write(PictureFormat)
    /// Of a cell's picture, for a sheet or a page.
    case read
  }

  private let pixels = Mutex<[Task: Int]>([:])

  package func count(_ task: Task, pixels count: Int) { pixels.withLock { $0[task, default: 0] += count } }

  package func seconds() throws -> Double {
    let counted = pixels.withLock { $0 }
    guard !counted.isEmpty else { return 0 }
    let sample = try Self.sample()
    return try counted.reduce(0) { try $0 + Double($1.value) / Double(sample.width * sample.height) * Self.seconds(of: $1.key, sample) }
  }

  /// Of doing it once; the least of a few, since the first fills caches.
  private static func seconds(of task: Task, _ sample: Image) throws -> Double {
    let encoded = try sample.encoded(as: .png), clock = ContinuousClock()
    return try (0..<3).map { _ in
      try clock.measure {
        switch task {
        case .write(let format): _ = try sample.encoded(as: format, quality: format.defaultQuality)
        case .read: _ = try Image(file: encoded)
        }
      } / .seconds(1)
    }.min() ?? 0
  }

  /// A soft gradient with a little noise in it, as hard to pack as a painted picture.
  private static func sample() throws -> Image {
    let side = 128
    var state: UInt32 = 1
    let pixels = (0..<side * side * 3).map { place -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8((place / 3 % side + place / 3 / side) / 2 + 60 + Int(state >> 29))
    }
    return try Image(width: side, height: side, channels: 3, pixels: pixels)
  }
}
