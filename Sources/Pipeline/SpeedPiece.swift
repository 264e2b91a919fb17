import Tensors

/// A piece of FLUX.1 at full width, made ready to be worked through as often as one likes.
public struct SpeedPiece {
  /// What it multiplies in.
  let encoding: Encoding
  /// Pixels along each side, of what has some.
  let size: Int?
  let tokens: Int?
  /// Additions and multiplications of one.
  let operations: Double
  /// How many are worked through at once, such as layers.
  let count: Int
  /// The products of one alone, of what has such a floor.
  let floor: ProductFloor?
  private let work: () throws -> Void

  init(_ encoding: Encoding, size: Int? = nil, tokens: Int? = nil, operations: Double, count: Int = 1, floor: ProductFloor? = nil, _ work: @escaping () throws -> Void) {
    (self.encoding, self.size, self.tokens, self.operations, self.count, self.floor, self.work) = (encoding, size, tokens, operations, count, floor, work)
    // What was left over from making weights goes, and buffers stay as they do in an engine that has room.
    BufferPool.shared.drain()
    BufferPool.shared.limit = Self.kept
  }

  private static let kept = 2 << 30       // bytes

  /// Works through it, and says what one took.
  public func seconds() throws -> Double { try ProductFloor.seconds(work) / Double(count) }
}
