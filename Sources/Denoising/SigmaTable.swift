/// The noise levels that a model was trained on: k/count for k = 1 … count, shifted by s. ComfyUI's schedules pick from it.
struct SigmaTable {
  let count: Int
  /// s of σ′ = s·σ / (1 + (s − 1)·σ); e^μ where the shift is a μ.
  let shift: Double

  /// Level k, from 1, the lowest, to `count`, which is 1.
  subscript(k: Int) -> Double { shifted(Double(k) / Double(count)) }

  func shifted(_ sigma: Double) -> Double { shift * sigma / (1 + (shift - 1) * sigma) }

  var lowest: Double { self[1] }
}
