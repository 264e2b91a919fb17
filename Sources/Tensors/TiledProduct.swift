import CKernels
import Synchronization

/// A product cut into tiles, each made by one thread: rows of the weight are unpacked a tile at a time, just before they are
/// multiplied. Either the cut does not depend on the number of threads or it does not show, so neither do the bytes.
struct TiledProduct {
  let x: Operand
  let weights: [Rows]                 // their outputs follow each other
  /// A bias, and what adapters add where `joins` says that they can.
  var ending: TileUnit.Ending
  let y: UnsafeMutablePointer<Float>
  let stride: Int
  /// Whether it is added to what y holds.
  var accumulates = false
  /// x as the tile unit takes it, where that was made before.
  var gathered: TileUnit.GatheredRows?

  static let outputsPerTile = 256
  /// Rows that it pays to lay out for the tile unit.
  static let fewest = 32
  static let rowsPerTile = 128

  /// Rows of a weight, the place of their outputs in y, and the rows of x that they are multiplied with.
  private struct Tile {
    let weight: Int, outputs: Range<Int>, column: Int, rows: Range<Int>
  }

  /// Adds what adapters add, while the product is made; for rows that the tile unit takes.
  mutating func join(_ adapters: [Adapter.Share]) {
    guard let unit = unit(outputs: 16) else { preconditionFailure("adapters that join nothing") }
    let rows = TileUnit.GatheredRows(unit, rows: x.rows, source: x.start)
    ending.additions = adapters.compactMap { $0.adapter.addition($0.scale, of: rows) }
    gathered = rows
  }

  func run() throws {
    if PanelledRows.take(x) { return x.rows < Self.fewest ? runRowByRow() : runInPanels() }
    let failure = Mutex<TensorError?>(nil), tiles = tiles
    for shape in Set(tiles.filter { unit(outputs: $0.outputs.count) == nil }.flatMap { tile in heights(tile.rows).map { shape(rows: $0, outputs: tile.outputs.count) } }) {
      _ = try Product.primitive(shape, threads: 1)      // all are made before the team starts
    }
    // How wide a tile is does not show in how x is laid out for it.
    let gathered = self.gathered ?? unit(outputs: 16).map { TileUnit.GatheredRows($0, rows: x.rows, source: x.start) }
    Team.forEach(tiles.count) { index, _ in
      do { try multiply(tiles[index], gathered) } catch { failure.withLock { $0 = error as? TensorError ?? .product("a tile", -1) } }
    }
    withExtendedLifetime(weights) {}
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// All of it by the processor's vectors.
  private func runInPanels() {
    let rows = PanelledRows(x), all = cut { _ in rows.strips(tiles: (weights.reduce(0) { $0 + $1.count } + Self.outputsPerTile - 1) / Self.outputsPerTile) }
    Team.forEach(all.count) { index, _ in
      let tile = all[index]
      rows.multiply(tile.rows, weight: weights[tile.weight][tile.outputs], bias: ending.bias.map { $0 + tile.column }, target: y + tile.column, stride: stride,
                    accumulates: accumulates)
    }
    withExtendedLifetime((weights, x)) {}
  }

  /// The same for few rows: an output after the other, its weights unpacked where they are multiplied.
  private func runRowByRow() {
    let tiles = cut { _ in [0..<x.rows] }, inputs = x.width, rows = x.start.assumingMemoryBound(to: Float.self)
    Team.forEach(tiles.count) { index, _ in
      let tile = tiles[index], strip = Storage(count: inputs * 4), plain = strip.start.assumingMemoryBound(to: Float.self)
      for (output, column) in zip(tile.outputs, tile.column...) {
        weights[tile.weight].unpack(row: output, inputs: 0..<inputs, to: plain)
        kernel.pointee.dot_rows?(y + column, stride, rows, inputs, plain, ending.bias?[column] ?? 0, x.rows, inputs, accumulates)
      }
      withExtendedLifetime(strip) {}
    }
    withExtendedLifetime((weights, x)) {}
  }

  /// Without unpacking, strips of x are free to go to different threads; with it, a thread keeps the rows it unpacked.
  private var tiles: [Tile] {
    cut { weight in weight.encoding == x.encoding && unit(outputs: 16) == nil ? pieces(of: x.rows, by: Self.rowsPerTile) : [0..<x.rows] }
  }

  /// - Parameter strips: the rows of x that a weight's tiles are multiplied with
  private func cut(_ strips: (Rows) -> [Range<Int>]) -> [Tile] {
    var column = 0, tiles: [Tile] = []
    for (index, weight) in weights.enumerated() {
      let strips = strips(weight)
      for outputs in pieces(of: weight.count, by: Self.outputsPerTile) {
        for rows in strips { tiles.append(Tile(weight: index, outputs: outputs, column: column + outputs.lowerBound, rows: rows)) }
      }
      column += weight.count
    }
    return tiles
  }

  /// - Parameter gathered: x for the tile unit, where it is used
  private func multiply(_ tile: Tile, _ gathered: TileUnit.GatheredRows?) throws {
    let weight = weights[tile.weight], inputs = x.width
    if let gathered, let unit = unit(outputs: tile.outputs.count) {
      let ending = ending.of(tile.column..<tile.column + tile.outputs.count)
      return TileUnit.runHere(unit, gathered, weights: TileUnit.packed(unit, weight[tile.outputs]), ending: ending, target: y + tile.column)
    }
    let unpacked = weight.encoding == x.encoding ? nil : Storage(count: tile.outputs.count * inputs * x.encoding.width)
    if let unpacked { weight.unpack(tile.outputs, to: unpacked.start, as: x.encoding) }
    let factors = unpacked?.start ?? weight.start + tile.outputs.lowerBound * weight.stride
    var first = tile.rows.lowerBound
    for height in heights(tile.rows, each: true) {
      let primitive = try Product.primitive(shape(rows: height, outputs: tile.outputs.count), threads: 1)
      try Product.run(primitive, source: x.at(first), weights: factors, bias: ending.bias.map { $0 + tile.column },
                      target: y + first * stride + tile.column)
      first += height
    }
    withExtendedLifetime(unpacked) {}
  }

  /// How the tile unit makes a tile of so many outputs; nil where it does not. Fewer rows do not pay for laying out their factors.
  private func unit(outputs: Int) -> tile_product? {
    guard x.encoding == .bf16, x.rows >= Self.fewest else { return nil }
    return TileUnit.product(outputs: outputs, inputs: x.width, stride: stride, accumulates: accumulates)
  }

  /// The heights of the strips that some rows are multiplied in: the different ones, or each.
  private func heights(_ rows: Range<Int>, each: Bool = false) -> [Int] {
    let heights = pieces(of: rows.count, by: Self.rowsPerTile).map(\.count)
    return each ? heights : Array(Set(heights))
  }

  private func pieces(of count: Int, by size: Int) -> [Range<Int>] {
    Swift.stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
  }

  private func shape(rows: Int, outputs: Int) -> Product.Shape {
    Product.Shape(rows: rows, outputs: outputs, inputs: x.width, source: x.encoding, weights: x.encoding, sourceStride: x.width,
                  targetStride: stride, bias: ending.bias != nil, layout: .rows(stride: x.width), accumulates: accumulates)
  }
}
