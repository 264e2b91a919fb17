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
    var product = tile_product(outputs: outputs, inputs: inputs, block: block, is_int8: isInt8)
    let tile = 16 * block * pair, deep = tile_deep(&product)
    // BA16a<block>b<pair>a
    guard blocking.inner_nblks == 3, blocking.inner_blks.0 == 16, blocking.inner_blks.2 == pair, block % 16 == 0,
          (blocking.inner_idxs.0, blocking.inner_idxs.1, blocking.inner_idxs.2) == (0, 1, 0),
          blocking.strides.0 == tile, blocking.strides.1 == inputs / deep * tile, inputs % deep == 0, outputs % 16 == 0 else { return nil }
    return product
  }

  /// source [rows, inputs] times weights → target [rows, outputs] f32 (int32 sums of int8). How it is cut does not show in the bytes:
  /// every number is summed along the inputs in one order.
  static func run(_ product: tile_product, rows: Int, source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafePointer<Float>?,
                  target: UnsafeMutablePointer<Float>) {
    var (group, piece) = (Int(tile_group), 1024)
    func pieces() -> (rows: Int, columns: Int) { ((rows + group - 1) / group, (product.outputs + piece - 1) / piece) }
    while piece > 256, pieces().rows * pieces().columns < 4 * Team.threads { piece /= 2 }
    while group > 32, group >= 2 * rows || pieces().rows * pieces().columns < 2 * Team.threads { group /= 2 }
    let count = pieces(), rowBytes = product.inputs * (product.is_int8 ? 1 : 2), (group_, piece_) = (group, piece)
    Team.forEach(count.rows * count.columns) { index, _ in
      var product = product
      // The same columns for all rows, one after the other: their weights are read once.
      let first = index % count.rows * group_, column = index / count.rows * piece_
      let scratch = Storage(count: tile_scratch(&product))
      tile_multiply(&product, target + first * product.outputs, source + first * rowBytes, weights, bias, min(group_, rows - first),
                    column, min(product.outputs, column + piece_), scratch.start)
      withExtendedLifetime(scratch) {}
    }
  }
}
