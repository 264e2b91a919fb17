import Glibc

/// One axis of a plot: the values that it spans, and round numbers on it.
struct Scale {
  let range: ClosedRange<Double>
  let ticks: [(value: Double, text: String)]

  /// - Parameters:
  ///   - values: what the axis must span; infinities and what is no number are passed over
  ///   - most: the most ticks
  ///   - padded: whether the axis reaches to the next ticks, and not to the outermost values
  init(_ values: [Double], most: Int, padded: Bool) {
    let finite = values.filter { abs($0) < Scale.largest }
    var low = finite.min() ?? 0, high = finite.max() ?? 1
    if low == high { (low, high) = (low - max(abs(low) / 2, 0.5), high + max(abs(high) / 2, 0.5)) }
    let whole = finite.allSatisfy { $0 == $0.rounded() }
    var step = Scale.roundStep(atLeast: (high - low) / Double(max(most - 1, 1)))
    if whole { step = max(step, 1) }
    if padded { (low, high) = ((low / step + Scale.slack).rounded(.down) * step, (high / step - Scale.slack).rounded(.up) * step) }
    range = low...max(high, low + step)
    let first = (low / step - Scale.slack).rounded(.up), last = (high / step + Scale.slack).rounded(.down)
    let upper = range.upperBound
    ticks = stride(from: first, through: max(last, first), by: 1).map { $0 * step }.filter { $0 <= upper + step * Scale.slack }
      .map { ($0, Scale.text($0, step: step)) }
  }

  /// 0 at the beginning of the axis and 1 at its end.
  func place(_ value: Double) -> Double { (value - range.lowerBound) / (range.upperBound - range.lowerBound) }

  /// Beyond this a value is taken for infinite.
  private static let largest = 1e300
  /// What rounding may cost, in steps.
  private static let slack = 1e-9

  /// 1, 2 or 5 times a power of ten.
  private static func roundStep(atLeast size: Double) -> Double {
    let power = pow(10, floor(log10(size)))
    return ([1, 2, 5, 10].first { $0 * power >= size * (1 - slack) } ?? 10) * power
  }

  /// As many places after the point as the step has.
  private static func text(_ value: Double, step: Double) -> String {
    let places = max(0, -Int(floor(log10(step) + slack)))
    if abs(value) >= 1e7 || places > 6 { return "\(Float(value))" }
    let scale = pow(10, Double(places)), number = Int((abs(value) * scale).rounded())
    let (whole, part) = number.quotientAndRemainder(dividingBy: Int(scale))
    let sign = value < 0 && number > 0 ? "−" : ""
    if places == 0 { return "\(sign)\(whole)" }
    let figures = "\(part)"
    return "\(sign)\(whole).\(String(repeating: "0", count: places - figures.count))\(figures)"
  }
}
