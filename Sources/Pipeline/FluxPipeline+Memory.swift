import Conditioning
import Tensors

/// What a request takes of the memory there is.
extension FluxPipeline {
  /// Pixels along each side of the tiles that a picture is decoded in; nil for the whole at once.
  public func side(of tile: Tile, for size: Size) -> Int? {
    switch tile {
    case .auto: residency.footprint.tile(for: size, within: residency.limit)
    case .whole: nil
    case .side(let side): side < max(size.width, size.height) ? side : nil
    }
  }

  /// Refuses a picture that cannot be made within the limit before anything is spent on it. A stand-in takes no memory.
  func checkRoom(for size: Size, _ conditioning: [Conditioning]) throws {
    guard engine is ModelEngine else { return }
    let works = [Work.decode(size)] + Set(conditioning.map(\.tokens)).map { .velocity(text: $0, size: size) }
    let least = works.map(residency.footprint.least).max() ?? 0
    guard least > residency.limit else { return }
    throw PipelineError.unusable(model: name, "a picture of \(size) takes more memory than there may be, \(MemorySize.text(residency.limit)); the smallest limit that works is \(MemorySize.text(least)) in \(precision.rawValue)")
  }
}

/// Bytes as `--memory-limit` takes them, rounded up.
enum MemorySize {
  static func text(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20)MB" }
}
