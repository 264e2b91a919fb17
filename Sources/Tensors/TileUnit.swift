import CKernels
import COneDNN

/// Products of packed weights on the tile unit of the processor (Intel AMX), where it has one: several times as fast as oneDNN's,
/// whose layout they take.
package enum TileUnit {
  /// Whether it is used: oneDNN must see it too (ONEDNN_MAX_CPU_ISA may hide it), and FLUX_ISA must not ask for less.
  package static let isThere = InstructionSet.name == "avx512" && isSeen && tiles_are_there()

  /// Whether oneDNN has it for the products that stay its own.
  private static var isSeen: Bool { OneDNN.uses(dnnl_cpu_isa_avx512_core_amx) }

  /// Whether bf16 is multiplied faster than f32 here: by the tile unit, or by vectors that are made for it.
  static var isBF16Quick: Bool { isSeen || OneDNN.uses(dnnl_cpu_isa_avx512_core_bf16) && !bf16_vectors_are_slow() }

  /// How rows of bf16 or int8 are multiplied here; nil where they are not.
  /// - Parameter stride: numbers from one row of the result to the next
  static func product(outputs: Int, inputs: Int, stride: Int, isInt8: Bool = false, accumulates: Bool = false) -> tile_product? {
    var product = tile_product(outputs: outputs, inputs: inputs, stride: stride, is_int8: isInt8, accumulates: accumulates)
    return isThere && outputs > 0 && outputs % 16 == 0 && inputs > 0 && inputs % tile_deep(&product) == 0 ? product : nil
  }

  /// How weights lie for it: tile after tile. Where 64 columns lie side by side, as oneDNN has it, loads wait longer for memory.
  static func layout(_ product: tile_product) throws -> dnnl_memory_desc_t {
    try OneDNN.memory([product.inputs, product.outputs], product.is_int8 ? dnnl_s8 : dnnl_bf16, tag: product.is_int8 ? dnnl_BA16a16b4a : dnnl_BA16a16b2a)
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
    func multiply(_ product: tile_product, group index: Int, columns: Range<Int>, weights: UnsafeRawPointer, ending: Ending, target: UnsafeMutablePointer<Float>) {
      var product = product
      let first = index * group
      let additions = ending.additions.map { one in
        tile_addition(rows: UnsafeRawPointer(one.rows.start(of: index)), weights: one.start, inputs: one.inputs, from: one.outputs.lowerBound, to: one.outputs.upperBound)
      }
      additions.withUnsafeBufferPointer { additions in
        var last = tile_ending(bias: ending.bias, by_row: ending.byRow.map { $0 + first }, by_column: ending.byColumn, additions: additions.baseAddress, count: additions.count)
        tile_multiply(&product, target + first * product.stride, start(of: index), weights, &last, min(group, rows - first), columns.lowerBound, columns.upperBound)
      }
    }

    private func start(of group: Int) -> UnsafeMutableRawPointer { storage.start + group * self.group * bytesPerRow }
  }

  /// A small product in bf16 that is added to some outputs of another while it is made.
  struct Addition {
    /// Cut into the same groups as the other product's.
    let rows: GatheredRows
    /// As `tile_pack` lays them out.
    let weights: Storage
    let inputs: Int
    /// Multiples of 32.
    let outputs: Range<Int>
    /// Outputs of the weights before these.
    var skipped = 0

    var start: UnsafeRawPointer { UnsafeRawPointer(weights.start + skipped * inputs * 2) }

    /// Of some outputs of the other product, counted from its first.
    func within(_ range: Range<Int>) -> Addition? {
      let kept = outputs.clamped(to: range)
      guard !kept.isEmpty else { return nil }
      return Addition(rows: rows, weights: weights, inputs: inputs, outputs: kept.lowerBound - range.lowerBound..<kept.upperBound - range.lowerBound,
                      skipped: skipped + kept.lowerBound - outputs.lowerBound)
    }
  }

  /// What is done to sums once they are whole, while they are near.
  struct Ending {
    var bias: UnsafePointer<Float>?
    /// What sums of int8 are multiplied by, of each row and of each output.
    var byRow: UnsafePointer<Float>?, byColumn: UnsafePointer<Float>?
    var additions: [Addition] = []

    /// The same for some of the outputs.
    func of(_ outputs: Range<Int>) -> Ending {
      Ending(bias: bias.map { $0 + outputs.lowerBound }, byRow: byRow, byColumn: byColumn.map { $0 + outputs.lowerBound }, additions: additions.compactMap { $0.within(outputs) })
    }
  }

  /// All rows by the thread that asks, from weights as `packed` lays them out.
  static func runHere(_ product: tile_product, _ x: GatheredRows, weights: Storage, ending: Ending, target: UnsafeMutablePointer<Float>) {
    for group in 0..<x.groups { x.multiply(product, group: group, columns: 0..<product.outputs, weights: weights.start, ending: ending, target: target) }
    withExtendedLifetime(weights) {}
  }

  /// Rows of a weight in any encoding, laid out for a product in bf16 by the thread that asks: sixteen at a time, which the second cache holds.
  static func packed(_ product: tile_product, _ weight: Rows) -> Storage {
    let bytes = 16 * product.inputs * 2, packed = Storage(count: product.outputs / 16 * bytes), strip = Storage(count: bytes)
    var few = product
    few.outputs = 16
    for row in stride(from: 0, to: product.outputs, by: 16) {
      weight.unpack(row..<row + 16, to: strip.start, as: .bf16)
      tile_pack(&few, packed.start + row / 16 * bytes, strip.start)
    }
    return packed
  }

  /// How many rows and outputs are made at a time, so that every thread has some.
  private static func cut(_ product: tile_product, rows: Int) -> (group: Int, piece: Int) {
    var (group, piece) = (Int(tile_group), 1024)
    func pieces() -> Int { (rows + group - 1) / group * ((product.outputs + piece - 1) / piece) }
    while piece > 256, pieces() < 4 * Team.threads { piece /= 2 }
    while group > 32, group >= 2 * rows || pieces() < 2 * Team.threads { group /= 2 }
    return (group, piece)
  }

  /// Rows laid out for a product, cut as it is best cut.
  static func gathered(_ product: tile_product, rows: Int, source: UnsafeRawPointer) -> GatheredRows {
    GatheredRows(product, rows: rows, source: source, group: cut(product, rows: rows).group)
  }

  /// The same rows in bf16, cut as others are.
  static func gathered(_ x: Operand, groupedAs other: GatheredRows) -> GatheredRows {
    GatheredRows(tile_product(outputs: 16, inputs: x.width, stride: 16, is_int8: false, accumulates: false), rows: x.rows, source: x.start, group: other.group)
  }

  /// x times weights → target [rows, stride] f32 (int32 sums of int8 without scales). How it is cut does not show in the bytes:
  /// every number is summed along the inputs in one order.
  static func run(_ product: tile_product, _ x: GatheredRows, weights: UnsafeRawPointer, ending: Ending, target: UnsafeMutablePointer<Float>) {
    let width = cut(product, rows: x.rows).piece
    Team.forEach(x.groups * ((product.outputs + width - 1) / width)) { index, _ in
      // The same columns for all rows, one after the other: their weights are read once.
      let column = index / x.groups * width
      x.multiply(product, group: index % x.groups, columns: column..<min(product.outputs, column + width), weights: weights, ending: ending, target: target)
    }
  }
}

extension InstructionSet {
  /// The kernels' set, and what multiplies bf16 where something does: what the bytes of a picture depend on.
  public static var full: String { TileUnit.isThere ? "\(name)+amx" : TileUnit.isBF16Quick ? "\(name)+bf16" : name }
}
