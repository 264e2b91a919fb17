import CKernels
import COneDNN

/// Products of packed weights on the tile unit of the processor (Intel AMX), where it has one: several times as fast as oneDNN's,
/// whose layout they take.
package enum TileUnit {
  /// Whether it is used: oneDNN must see it too (ONEDNN_MAX_CPU_ISA may hide it), and FLUX_ISA must not ask for less.
  package static let isThere: Bool = {
    let amx = dnnl_cpu_isa_avx512_core_amx.rawValue
    return InstructionSet.name == "avx512" && dnnl_get_effective_cpu_isa().rawValue & amx == amx && tiles_are_there()
  }()

  /// How weights that lie so are multiplied here; nil where they are not.
  static func product(_ layout: dnnl_memory_desc_t) -> tile_product? {
    guard isThere, layout.ndims == 2, layout.format_kind == dnnl_blocked, layout.extra.flags == 0, layout.offset0 == 0,
          layout.data_type == dnnl_bf16 || layout.data_type == dnnl_s8 else { return nil }
    let (inputs, outputs, blocking) = (Int(layout.dims.0), Int(layout.dims.1), layout.format_desc.blocking)
    let isInt8 = layout.data_type == dnnl_s8, pair = isInt8 ? 4 : 2, block = Int(blocking.inner_blks.1)
    var product = tile_product(outputs: outputs, inputs: inputs, block: block, stride: outputs, is_int8: isInt8, accumulates: false)
    let tile = 16 * block * pair, deep = tile_deep(&product)
    // BA16a<block>b<pair>a
    guard blocking.inner_nblks == 3, blocking.inner_blks.0 == 16, blocking.inner_blks.2 == pair, block % 16 == 0,
          (blocking.inner_idxs.0, blocking.inner_idxs.1, blocking.inner_idxs.2) == (0, 1, 0),
          blocking.strides.0 == tile, blocking.strides.1 == inputs / deep * tile, inputs % deep == 0, outputs % 16 == 0 else { return nil }
    return product
  }

  /// How rows of bf16 are multiplied here by others that are laid out just before; nil where they are not.
  /// - Parameter stride: numbers from one row of the result to the next
  static func product(outputs: Int, inputs: Int, stride: Int, accumulates: Bool) -> tile_product? {
    let product = tile_product(outputs: outputs, inputs: inputs, block: 16, stride: stride, is_int8: false, accumulates: accumulates)
    return isThere && outputs % 16 == 0 && inputs % 32 == 0 ? product : nil
  }

  /// Rows as the unit takes them, laid out once for all columns of a product.
  struct GatheredRows {
    let rows: Int
    /// Rows that are made at a time.
    let group: Int
    private let bytesPerRow: Int
    private let storage: Storage

    /// - Parameter x: [rows, inputs]
    init(_ product: tile_product, rows: Int, source x: UnsafeRawPointer, group: Int = Int(tile_group)) {
      let bytesPerRow = product.inputs * (product.is_int8 ? 1 : 2), storage = Storage(count: (rows + 31) / 32 * 32 * bytesPerRow)
      (self.rows, self.group, self.bytesPerRow, self.storage) = (rows, group, bytesPerRow, storage)
      Team.forEach((rows + group - 1) / group) { index, _ in
        var product = product
        let first = index * group
        tile_gather(&product, storage.start + first * bytesPerRow, x + first * bytesPerRow, min(group, rows - first))
      }
    }

    var groups: Int { (rows + group - 1) / group }

    /// Some columns of the product of one group.
    func multiply(_ product: tile_product, group index: Int, columns: Range<Int>, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
                  target: UnsafeMutablePointer<Float>) {
      var product = product
      let first = index * group
      tile_multiply(&product, target + first * product.stride, storage.start + first * bytesPerRow, weights, bias, min(group, rows - first),
                    columns.lowerBound, columns.upperBound)
    }
  }

  /// All rows by the thread that asks, from `weights` [outputs, inputs] as checkpoints store them.
  static func runHere(_ product: tile_product, _ x: GatheredRows, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?, target: UnsafeMutablePointer<Float>) {
    var product = product
    let packed = Storage(count: product.outputs * product.inputs * 2)
    tile_pack(&product, packed.start, weights)
    for group in 0..<x.groups {
      x.multiply(product, group: group, columns: 0..<product.outputs, weights: packed.start, bias: bias, target: target)
    }
    withExtendedLifetime(packed) {}
  }

  /// source [rows, inputs] times weights → target [rows, outputs] f32 (int32 sums of int8). How it is cut does not show in the bytes:
  /// every number is summed along the inputs in one order.
  static func run(_ product: tile_product, rows: Int, source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
                  target: UnsafeMutablePointer<Float>) {
    var (group, piece) = (Int(tile_group), 1024)
    func pieces() -> Int { (rows + group - 1) / group * ((product.outputs + piece - 1) / piece) }
    while piece > 256, pieces() < 4 * Team.threads { piece /= 2 }
    while group > 32, group >= 2 * rows || pieces() < 2 * Team.threads { group /= 2 }
    let x = GatheredRows(product, rows: rows, source: source, group: group), width = piece
    Team.forEach(pieces()) { index, _ in
      // The same columns for all rows, one after the other: their weights are read once.
      let column = index / x.groups * width
      x.multiply(product, group: index % x.groups, columns: column..<min(product.outputs, column + width), weights: weights, bias: bias, target: target)
    }
  }
}
