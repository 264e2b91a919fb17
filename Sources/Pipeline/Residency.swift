import Tensors

/// A part of a model that is read when it is first asked for, and may be let go.
final class Lazy<Part> {
  private let make: () throws -> Part
  private var part: Part?

  init(_ make: @escaping () throws -> Part) { self.make = make }

  func callAsFunction() throws -> Part {
    if let part { return part }
    let made = try make()
    // What lay ready for reading is of no use to the steps.
    BufferPool.shared.drain()
    part = made
    return made
  }

  /// Lets the part go, memory and all; it is read again when it is next asked for.
  func release() {
    part = nil
    // Its weights would lie in the pool, in sizes that nothing else asks for, and what passes through it would be new each time.
    BufferPool.shared.drain()
  }
}

/// Which parts of a model are in memory at the same time.
///
/// Before a part works, what does not fit beside it goes: first the text encoders, since a prompt is read once, then the
/// autoencoder, which is soon read again, and the transformer last. Large text encoders go in any case once the prompts are read.
final class Residency {
  let footprint: Footprint
  /// What the process may hold of its own.
  let limit: Int
  /// What the machine has, mapped files included.
  private let memory: Int
  /// Lets a part go.
  var release: (Work.Part) -> Void = { _ in }
  /// Whether buffers are kept for later where there is room.
  var keepsBuffers = true
  /// Is told how many bytes of buffers may be kept from one block to the next.
  var keep: (Int) -> Void = { _ in }
  private(set) var present: Set<Work.Part> = []
  /// The most that was held so far, and the most that was mapped.
  private(set) var peak = 0, mappedPeak = 0
  /// Bytes of weights that stand beside the transformer and go with it: ControlNets, a copy that adapters are merged with.
  var beside = 0

  private static let leaving: [Work.Part] = [.text, .autoEncoder, .transformer]
  /// Text encoders of more bytes are not kept for a prompt that may never come.
  private static let largeText = 1 << 30

  /// - Parameter memory: of the machine, less what others need
  init(_ footprint: Footprint, limit: Int?, memory: Int) {
    (self.footprint, self.limit, self.memory) = (footprint, min(limit ?? .max, memory), memory)
  }

  /// Makes room for a piece of work.
  /// - Parameter tile: pixels along each side of the tiles that a picture is decoded in
  func admit(_ work: Work, tile: Int? = nil) {
    let activations = footprint.activations(work, tile: tile)
    present.insert(work.part)
    for part in Self.leaving where part != work.part && present.contains(part) {
      let isSpent = part == .text && footprint.weights(part) + footprint.mapped(part) > Self.largeText
      if !isSpent, Footprint.program + own + activations <= limit, Footprint.program + own + mapped + activations <= memory { break }
      present.remove(part)
      release(part)
    }
    let needed = Footprint.program + own + activations, room = keepsBuffers ? max(0, min(limit, memory - mapped) - needed) : 0
    let kept = min(footprint.worthKeeping(work, tile: tile), room)
    keep(kept)
    peak = max(peak, needed + kept)
    mappedPeak = max(mappedPeak, mapped)
  }

  private var own: Int { present.reduce(present.contains(.transformer) ? beside : 0) { $0 + footprint.weights($1) } }
  private var mapped: Int { present.reduce(0) { $0 + footprint.mapped($1) } }
}
