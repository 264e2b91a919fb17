import Tensors

/// The linear multistep method: the integral of the polynomial through the last velocities, over the true spacing. One evaluation.
/// Adams and Bashforth 1883 in σ, up to fourth order; the order grows 1, 2, 3, 4. Named so in k-diffusion (Crowson 2022).
public struct LMS: Sampler {
  public let name = NamedSampler.lms.rawValue
  private var history = History(depth: 3)
  public init() {}

  public var state: SamplerState {
    get { history.state }
    set { history.state = newValue }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let s = Double(step.sigma), t = Double(step.next), here = try velocity(x, step.sigma)
    defer { history.remember(here, at: s) }
    let past = t > 0 ? history.entries : []
    let seen = [(sigma: s, value: here)] + past, nodes = seen.map(\.sigma)
    return .weighted([(1, x)] + seen.indices.map { (Self.integral(of: LagrangePolynomial(nodes: nodes, one: $0), from: s, to: t), seen[$0].value) })
  }

  /// Gauss and Legendre's rule of two points, exact up to third degree.
  private static func integral(of f: LagrangePolynomial, from a: Double, to b: Double) -> Double {
    let middle = (a + b) / 2, half = (b - a) / 2, offset = half / 3.0.squareRoot()
    return half * (f(middle - offset) + f(middle + offset))
  }
}
