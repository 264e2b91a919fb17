import CKernels
import Synchronization

/// A product cut into fixed tiles, each made by one thread: rows of the weight are unpacked to f32 a tile at a time, just
/// before they are multiplied. The cut does not depend on the number of threads, so neither do the bytes.
struct TiledProduct {
  let x: Operand
  let outputs: Int, inputs: Int
  let encoding: Encoding
  let weights: UnsafeRawPointer
  let bias: UnsafePointer<Float>?
  let y: UnsafeMutablePointer<Float>
  let stride: Int

  static let outputsPerTile = 256
  static let rowsPerTile = 128

  func run() throws {
    let failure = Mutex<TensorError?>(nil)
    let tiles = (outputs + Self.outputsPerTile - 1) / Self.outputsPerTile
    // Without unpacking, tiles of rows are free to go to different threads; with it, a thread keeps the rows it unpacked.
    let strips = encoding == .f32 ? (x.rows + Self.rowsPerTile - 1) / Self.rowsPerTile : 1
    for shape in shapes { _ = try Product.primitive(shape, threads: 1) }
    Team.forEach(tiles * strips) { index, _ in
      do {
        let rows = strips == 1 ? 0..<x.rows : piece(index % strips, of: x.rows, by: Self.rowsPerTile)
        try multiply(rows, piece(index / strips, of: outputs, by: Self.outputsPerTile))
      } catch {
        failure.withLock { $0 = error as? TensorError ?? .product("a tile", -1) }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private func multiply(_ rows: Range<Int>, _ columns: Range<Int>) throws {
    let unpacked = encoding == .f32 ? nil : unpack(columns)
    let tile = unpacked?.start ?? UnsafeMutableRawPointer(mutating: weights + columns.lowerBound * inputs * 4)
    for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsPerTile) {
      let count = min(Self.rowsPerTile, rows.upperBound - first)
      let primitive = try Product.primitive(shape(rows: count, outputs: columns.count), threads: 1)
      try Product.run(primitive, source: x.at(first), weights: tile, bias: bias.map { $0 + columns.lowerBound },
                      target: y + first * stride + columns.lowerBound)
    }
  }

  private func unpack(_ columns: Range<Int>) -> Storage {
    let storage = Storage(count: columns.count * inputs * 4)
    let from = (weights + columns.lowerBound * inputs * 2).assumingMemoryBound(to: UInt16.self)
    let to = storage.start.assumingMemoryBound(to: Float.self)
    if encoding == .bf16 { kernel.pointee.f32_from_bf16(to, from, columns.count * inputs) }
    else { kernel.pointee.f32_from_f16(to, from, columns.count * inputs) }
    return storage
  }

  private func piece(_ index: Int, of count: Int, by size: Int) -> Range<Int> {
    index * size..<min(count, (index + 1) * size)
  }

  private func shape(rows: Int, outputs: Int) -> Product.Shape {
    Product.Shape(rows: rows, outputs: outputs, inputs: inputs, source: .f32, weights: .f32, sourceStride: inputs,
                  targetStride: stride, bias: bias != nil, layout: .rows(stride: inputs))
  }

  /// Every shape that the tiles have, so that all are made before the team starts.
  private var shapes: [Product.Shape] {
    let rows = Set([min(Self.rowsPerTile, x.rows), x.rows % Self.rowsPerTile]).filter { $0 > 0 }
    let columns = Set([min(Self.outputsPerTile, outputs), outputs % Self.outputsPerTile]).filter { $0 > 0 }
    return rows.flatMap { rows in columns.map { shape(rows: rows, outputs: $0) } }
  }
}
