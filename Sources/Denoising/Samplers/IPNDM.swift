import Tensors

/// Adams and Bashforth's method of even steps, up to fourth order, whatever the spacing is. One evaluation.
/// Liu et al. 2022 (PNDM), as "improved" by Zhang and Chen 2022 (DEIS): no Runge-Kutta start, the order grows 1, 2, 3, 4.
public struct IPNDM: Sampler {
  public let name = NamedSampler.ipndm.rawValue
  private var history = History(depth: 3)

  /// Of the velocity here and those before, the newest first: Adams and Bashforth's, for one more past velocity in each row.
  private static let weights: [[Double]] = [
    [1],
    [3.0 / 2, -1.0 / 2],
    [23.0 / 12, -16.0 / 12, 5.0 / 12],
    [55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24],
  ]

  public init() {}

  public var state: SamplerState {
    get { history.state }
    set { history.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let here = try velocity(x, step.sigma)
    defer { history.remember(here, at: Double(step.sigma)) }
    let weights = Self.weights[step.next > 0 ? history.count : 0], seen = [here] + history.entries.map(\.value)
    return .weighted([(1, x)] + zip(weights, seen).map { (Double(step.width) * $0, $1) })
  }
}
