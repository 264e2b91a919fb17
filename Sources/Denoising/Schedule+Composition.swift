extension Schedule {
  /// The end of this schedule: what is left of it for a picture that is kept to 1 − `strength`. At 1 it is the whole.
  /// Reference: diffusers `FluxImg2ImgPipeline.get_timesteps`; in double, for in f32 a strength of 0.3 of ten steps would be four.
  public func truncated(strength: Double) throws -> Schedule {
    guard strength > 0, strength <= 1 else { throw DenoisingError.strength(strength) }
    let kept = min(Double(steps) * strength, Double(steps))
    return try sliced(Int(Double(steps) - kept)...steps)
  }

  /// The sigmas at these places, counted from 0.
  public func sliced(_ places: ClosedRange<Int>) throws -> Schedule {
    guard places.lowerBound >= 0, places.upperBound < sigmas.count, places.count > 1 else {
      let asked = "\(places.lowerBound + 1) to \(places.upperBound + 1)"
      throw DenoisingError.schedule("a slice needs at least two of the \(sigmas.count) sigmas, got \(asked)")
    }
    return try Schedule(part: Array(sigmas[places]))
  }

  /// `change` of every sigma; where this ends at 0, so must the result.
  public func mapped(_ change: (Float) throws -> Float) throws -> Schedule {
    let changed = try sigmas.map(change)
    return endsAtZero ? try Schedule(changed) : try Schedule(part: changed)
  }

  /// The same ends with the widths in opposite order: fine where this is coarse. Between 1 and 0 it is 1 − σ from behind.
  public func reversed() throws -> Schedule {
    let sum = sigmas[0] + sigmas[steps]
    return try Schedule(part: [sigmas[0]] + sigmas[1..<steps].reversed().map { sum - $0 } + [sigmas[steps]])
  }

  /// This and then the other. Where the one ends and the other begins at the same sigma, it is visited once.
  public func followed(by other: Schedule) throws -> Schedule {
    let rest = sigmas[steps] == other.sigmas[0] ? other.sigmas.dropFirst() : other.sigmas[...]
    return try Schedule(part: sigmas + rest)
  }
}
