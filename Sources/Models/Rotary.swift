import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// The angles by which q and k turn, so that attention sees where a token lies: cosines and sines of each token's position
/// on three axes. Su et al. 2021; FLUX.1 gives each axis its own share of a head's channels.
package struct Rotary: Sendable {
  package let cosines: Tensor     // [tokens, depth]
  package let sines: Tensor       // [tokens, depth]

  /// - Parameter positions: (index, row, column) of each token, text first.
  package init(positions: [[Float]], axes: [Int], theta: Double = 10_000) {
    let depth = axes.reduce(0, +)
    var cosines = [Float](), sines = [Float]()
    cosines.reserveCapacity(positions.count * depth)
    sines.reserveCapacity(positions.count * depth)
    // Frequencies in double, rounded only after the cosine: as the reference.
    let frequencies = axes.map { share in (0..<share / 2).map { 1 / pow(theta, Double(2 * $0) / Double(share)) } }
    for position in positions {
      for (axis, rates) in frequencies.enumerated() {
        for rate in rates {
          let angle = Double(position[axis]) * rate
          let (cosine, sine) = (Float(cos(angle)), Float(sin(angle)))
          cosines += [cosine, cosine]
          sines += [sine, sine]
        }
      }
    }
    self.cosines = Tensor([positions.count, depth], cosines)
    self.sines = Tensor([positions.count, depth], sines)
  }

  /// Text at the origin, then a picture of `rows` × `columns` tokens.
  package init(text: Int, rows: Int, columns: Int, axes: [Int]) {
    let picture = (0..<rows * columns).map { [0, Float($0 / columns), Float($0 % columns)] }
    self.init(positions: [[Float]](repeating: [0, 0, 0], count: text) + picture, axes: axes)
  }

  /// Text at the origin, a picture of so many tokens, then others that it looks at: each at index 1, below or beside those before it.
  /// Reference: diffusers `FluxKontextPipeline.prepare_latents` for one; ComfyUI's `ReferenceLatent` for several.
  package init(text: Int, picture: Grid, references: [Grid], axes: [Int]) {
    var positions = [[Float]](repeating: [0, 0, 0], count: text) + picture.positions(index: 0)
    var height = 0, width = 0
    for one in references {
      let below = one.rows + height <= one.columns + width
      let (row, column) = below ? (height, 0) : (0, width)
      positions += one.positions(index: 1, row: row, column: column)
      (height, width) = (max(height, one.rows + row), max(width, one.columns + column))
    }
    self.init(positions: positions, axes: axes)
  }

  /// How many tokens a picture is high and wide.
  package struct Grid: Hashable, Sendable {
    package let rows: Int, columns: Int
    package init(rows: Int, columns: Int) { (self.rows, self.columns) = (rows, columns) }
    /// Of latents [channels, height/8, width/8].
    package init(_ latents: Tensor) { self.init(rows: latents.shape[1] / 2, columns: latents.shape[2] / 2) }

    package var count: Int { rows * columns }

    func positions(index: Float, row: Int = 0, column: Int = 0) -> [[Float]] {
      (0..<count).map { [index, Float(row + $0 / columns), Float(column + $0 % columns)] }
    }
  }

  subscript(range: Range<Int>) -> (cosines: Tensor, sines: Tensor) { (cosines[range], sines[range]) }
}
