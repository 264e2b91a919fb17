import Tensors

/// What a multistep sampler has seen: velocities or denoised pictures, the newest first, each with its noise level.
struct History {
  typealias Entry = (sigma: Double, value: Tensor)

  /// How many it keeps.
  let depth: Int
  private(set) var entries: [Entry] = []

  init(depth: Int) { self.depth = depth }

  var count: Int { entries.count }
  subscript(index: Int) -> Entry { entries[index] }

  mutating func remember(_ value: Tensor, at sigma: Double) {
    entries = Array(([(sigma, value)] + entries).prefix(depth))
  }

  var state: SamplerState {
    get {
      var state = SamplerState()
      for (index, entry) in entries.enumerated() {
        state.tensors["history.\(index)"] = entry.value
        state.numbers["history.\(index).sigma"] = entry.sigma
      }
      return state
    }
    set {
      entries = []
      for index in 0..<depth {
        guard let sigma = newValue.numbers["history.\(index).sigma"], let value = newValue.tensors["history.\(index)"] else { break }
        entries.append((sigma, value))
      }
    }
  }
}
