/// One thing that a sweep varies, with the values that it takes, each once, in the order written.
public struct Axis: Sendable, Equatable, Codable {
  public let name: String
  public let values: [AxisValue]

  public init(_ name: String, _ values: [AxisValue]) { (self.name, self.values) = (name, values) }

  /// What is dear to change, dearest first: weights are read, prompts encoded, tables made anew. Work goes so that these vary slowest.
  static let dear = ["model", "lora", "prompt", "size"]
}

/// What is varied in a sweep, before it is known which cells that gives.
public struct Dimension: Sendable {
  public enum Source: Sendable {
    /// Each of them, with each value of the other axes.
    case values([AxisValue])
    /// Drawn for each sample between two numbers; in whole steps from the first where a step is given.
    case uniform(from: Double, to: Double, step: Double?)
    /// One of them, drawn for each sample.
    case choice([AxisValue])

    var isDrawn: Bool { if case .values = self { false } else { true } }
  }

  public let name: String
  public let source: Source

  public init(_ name: String, _ source: Source) { (self.name, self.source) = (name, source) }
}
