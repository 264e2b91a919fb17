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
  func checkRoom(for request: Request, _ size: Size, _ conditioning: [Conditioning]) throws {
    if request.adapters.contains(where: \.isMerged) { hasMerged = true }
    guard engine is ModelEngine else { return }
    let others = request.references.reduce(0) { $0 + tokens(of: $1) }
    let nets = Dictionary(request.controls.compactMap(\.net).map { ($0.hash, $0) }) { one, _ in one }.values
    let beside = besideBytes(nets: Array(nets), isMerged: request.adapters.contains(where: \.isMerged))
    let steps = Set(conditioning.map(\.tokens)).map { residency.footprint.least(.velocity(text: $0, size: size, beside: others)) + beside }
    let least = max(residency.footprint.least(.decode(size)), steps.max() ?? 0)
    guard least > residency.limit else { return }
    throw PipelineError.unusable(model: name, "a picture of \(size) takes more memory than there may be, \(MemorySize.text(residency.limit)); the smallest limit that works is \(MemorySize.text(least)) in \(precision.rawValue)")
  }

  /// Bytes of what stands beside the transformer: networks, and a second one that adapters are merged with.
  func besideBytes(nets: [ControlNetFile], isMerged: Bool) -> Int {
    nets.reduce(isMerged ? residency.footprint.copy : 0) { $0 + $1.bytes(precision) }
  }

  /// How many tokens a picture to look at adds.
  private func tokens(of reference: Reference) -> Int {
    if case .latents(let latents) = reference.picture { return latents.count / (4 * latentChannels) }
    return reference.size(grain: 2 * reduction).map(tokens) ?? 0
  }
}

/// Bytes as `--memory-limit` takes them, rounded up.
enum MemorySize {
  static func text(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20)MB" }
}
