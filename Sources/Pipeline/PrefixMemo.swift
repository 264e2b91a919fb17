import Denoising

/// Where trajectories stood, by a name for everything that led there: pictures that begin alike compute their beginning once. Bounded in bytes.
public final class PrefixMemo {
  /// A place on the way, and what a picture's record says of the way to it.
  public struct Place {
    public let position: Trajectory.Position
    public let sigmas: [Float], guidance: [Float?], cfg: [Float]?
    /// Of each adapter, and of each control.
    public let scales: [[Float]], controls: [[Float]]

    public init(_ position: Trajectory.Position, sigmas: [Float], guidance: [Float?], cfg: [Float]? = nil, scales: [[Float]] = [], controls: [[Float]] = []) {
      (self.position, self.sigmas, self.guidance, self.cfg, self.scales, self.controls) = (position, sigmas, guidance, cfg, scales, controls)
    }

    var bytes: Int { ([position.latents] + Array(position.sampler.tensors.values) + Array(position.memory.tensors.values)).reduce(0) { $0 + $1.count * MemoryLayout<Float>.size } }
  }

  private var places: [String: (place: Place, used: Int)] = [:]
  private var bytes = 0, clock = 0
  private let most: Int
  /// Steps that were not computed because they were known.
  public private(set) var spared = 0

  /// - Parameter most: bytes of latents that are kept; the places that were of no use for longest go first
  public init(most: Int = 256 << 20) { self.most = most }

  /// The furthest known place on a way whose places have these names, the first being before any step.
  public func furthest(on names: [String]) -> Place? {
    for (steps, name) in names.enumerated().reversed() where steps > 0 {
      guard let found = places[name] else { continue }
      clock += 1
      places[name] = (found.place, clock)
      spared += steps
      return found.place
    }
    return nil
  }

  public func keep(_ place: Place, as name: String) {
    guard places[name] == nil, place.bytes <= most else { return }
    clock += 1
    places[name] = (place, clock)
    bytes += place.bytes
    while bytes > most, let oldest = places.min(by: { $0.value.used < $1.value.used }) {
      places[oldest.key] = nil
      bytes -= oldest.value.place.bytes
    }
  }
}
