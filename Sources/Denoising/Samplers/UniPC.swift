import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// A predictor of third order, and a corrector that puts its last prediction right with the velocity seen there anyway. One evaluation.
/// Zhao et al. 2023 (UniPC), B₁(h) = h, in L = −ln σ: with d_q = (D₋q − D)/r_q, r_q = (L₋q − L)/h, h = ln(s/t),
/// prediction: (t/s)·x + (1 − t/s)·D + h·Σ ρ_q·d_q; correction: the same with ρ′_q, and h·ρ′·(D(prediction) − D) added.
///
/// The latents after a step are the prediction; the next step corrects them before it goes on, by a difference, so that what a caller
/// changed in between stays. A schedule's 0 is taken as 0.001, where it ends as ComfyUI does.
public struct UniPC: Sampler {
  public let name = NamedSampler.uniPC.rawValue
  private var history = History(depth: 3)
  /// The order of the prediction that waits for its correction; 0 where there is none.
  private var predicted = 0

  private static let highestOrder = 3
  /// What a final 0 is replaced by.
  private static let end = 0.001

  public init() {}

  public var state: SamplerState {
    get { history.state + SamplerState(numbers: ["predicted": Double(predicted)]) }
    set {
      history.state = newValue
      predicted = min(Int(exactly: newValue.numbers["predicted"] ?? 0) ?? 0, history.count)
    }
  }

  public mutating func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    let s = Double(step.sigma), t = step.next > 0 ? Double(step.next) : Self.end
    let denoised = x.denoised(by: try velocity(x, step.sigma), at: s)
    let x = predicted > 0 ? corrected(x, denoised: denoised, at: s) : x
    history.remember(denoised, at: s)
    let left = step.count - step.index + 1
    predicted = max(1, min(Self.highestOrder, step.count - 1, left, history.count))
    let h = log(s / t), weights = Self.weights(Coordinates(history, order: predicted, to: t), predicting: true)
    return .weighted([(t / s, x), (1 - t / s, denoised)] + Self.differences(history, weights, h))
  }

  /// The prediction x, put right by what is seen there.
  private func corrected(_ x: Tensor, denoised: Tensor, at t: Double) -> Tensor {
    let coordinates = Coordinates(history, order: predicted, to: t), h = coordinates.h
    let before = Self.weights(coordinates, predicting: true), after = Self.weights(coordinates, predicting: false)
    let change = before.indices.map { after[$0] - before[$0] }
    let last = h * after[predicted - 1]
    return .weighted([(1, x)] + Self.differences(history, change, h) + [(last, denoised), (-last, history[0].value)])
  }

  /// Where the past lies, seen from the newest: r_q for q = 1 …, in units of h.
  private struct Coordinates {
    let h: Double, r: [Double]

    init(_ history: History, order: Int, to t: Double) {
      let s = history[0].sigma, h = log(s / t)
      (self.h, r) = (h, (1..<max(order, 1)).map { log(s / history[$0].sigma) / h })
    }
  }

  /// h·Σ ρ_q·d_q, as weights of the denoised pictures.
  private static func differences(_ history: History, _ rho: [Double], _ h: Double) -> [(weight: Double, part: Tensor)] {
    rho.enumerated().flatMap { index, rho in
      let r = log(history[0].sigma / history[index + 1].sigma) / h
      return [(h * rho / r, history[index + 1].value), (-h * rho / r, history[0].value)]
    }
  }

  /// ρ: the solution of R·ρ = b, with rows r⁰, r¹, … of R, and b from the φ functions of h.
  private static func weights(_ coordinates: Coordinates, predicting: Bool) -> [Double] {
    let r = predicting ? coordinates.r : coordinates.r + [1]
    guard r.count > 1 else { return r.map { _ in 0.5 } }       // the paper's choice where one weight is left
    let x = -coordinates.h
    var g = expm1(x) / x - 1, factorial = 1.0, b: [Double] = []
    for q in 1...r.count {
      factorial *= Double(q)
      b.append(g * factorial / x)
      g = g / x - 1 / (factorial * Double(q + 1))
    }
    return solved((0..<r.count).map { row in r.map { pow($0, Double(row)) } }, b)
  }

  /// Gauss's elimination with the largest pivot.
  private static func solved(_ matrix: [[Double]], _ b: [Double]) -> [Double] {
    var rows = zip(matrix, b).map { $0 + [$1] }
    let n = b.count
    for column in 0..<n {
      let pivot = (column..<n).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
      rows.swapAt(column, pivot)
      for row in 0..<n where row != column {
        let factor = rows[row][column] / rows[column][column]
        for k in column...n { rows[row][k] -= factor * rows[column][k] }
      }
    }
    return (0..<n).map { rows[$0][n] / rows[$0][$0] }
  }
}
