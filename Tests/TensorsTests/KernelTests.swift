import CKernels
import TestSupport
import Testing
import Tensors

/// Every vector kernel writes what the plain one writes, at lengths that do not fit a vector.
@Suite struct KernelTests {
  static let rows = 3

  /// Numbers of every size that a model has, and a mean that is not zero.
  func numbers(_ count: Int, seed: UInt64, scale: Float = 3) -> [Float] {
    var random = Random(seed: seed &* 1000 &+ UInt64(count))
    return (0..<count).map { _ in random.float() * scale + 0.25 }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func layerNormsAreThoseOfPlainC(_ table: KernelTable, _ width: Int) throws {
    let x = numbers(Self.rows * width, seed: 1), gain = numbers(width, seed: 2), offset = numbers(width, seed: 3)
    for (gains, offsets) in [(nil, nil), (gain, nil), (nil, offset), (gain, offset)] as [([Float]?, [Float]?)] {
      try table.check("layer_norm(\(gains != nil), \(offsets != nil))", Self.rows * width, within: Tolerance.longSum) { kernels, y, to in
        kernels.layer_norm(y, to, x, gains, offsets, Self.rows, width, 1e-6)
      }
    }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func rmsNormsAreThoseOfPlainC(_ table: KernelTable, _ width: Int) throws {
    let x = numbers(Self.rows * width, seed: 4), gain = numbers(width, seed: 5)
    try table.check("rms_norm", Self.rows * width, within: Tolerance.longSum) { kernels, y, to in
      kernels.rms_norm(y, to, x, gain, Self.rows, width, 1e-6)
    }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func headsAreCutNormedAndTurnedAsInPlainC(_ table: KernelTable, _ length: Int) throws {
    // A second stream's rows, behind two of the first, of 2 heads; x has columns of others on its right.
    let tokens = 3, heads = 2
    for depth in Set([length, length + length % 2]) {
      let layout = head_layout(tokens: tokens, x_stride: heads * depth + 5, heads: heads, depth: depth, y_tokens: tokens + 3, y_first: 2)
      let x = numbers(tokens * layout.x_stride, seed: 6), gain = numbers(depth, seed: 7)
      let cosines = numbers(tokens * depth, seed: 8), sines = numbers(tokens * depth, seed: 9)
      for normed in [false, true] {
        for turned in [false, true] where !turned || depth % 2 == 0 {
          try table.check("split_heads(\(normed), \(turned))", heads * layout.y_tokens * depth, within: Tolerance.longSum) { kernels, y, to in
            kernels.split_heads(y, to, x, normed ? gain : nil, turned ? cosines : nil, turned ? sines : nil, layout, 1e-6)
          }
        }
      }
    }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func softmaxesAreThoseOfPlainC(_ table: KernelTable, _ columns: Int) throws {
    let stride = columns + 3
    let scores = numbers(Self.rows * columns, seed: 10, scale: 30), bias = numbers(Self.rows * stride, seed: 11)
    let mask = (0..<Self.rows * stride).map { $0 % stride > $0 / stride ? -Float.greatestFiniteMagnitude : 0 }
    for extra in [nil, bias, mask] as [[Float]?] {
      // Scores stay below 64: beyond, the rounding of a score before the exponential is all that one sees.
      for scale in [Float(1), 0.125, 2] {
        try table.check("softmax(\(scale))", Self.rows * columns, within: Tolerance.longSum) { kernels, y, to in
          kernels.softmax(y, to, scores, extra, stride, scale, Self.rows, columns)
        }
      }
    }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func activationsAreThoseOfPlainC(_ table: KernelTable, _ count: Int) throws {
    for scale in [Float(1), 12, 200] {
      let a = numbers(count, seed: 12, scale: scale), b = numbers(count, seed: 13)
      try table.check("silu", count) { kernels, y, to in kernels.silu(y, to, a, count) }
      try table.check("gelu_quick", count) { kernels, y, to in kernels.gelu_quick(y, to, a, count) }
      try table.check("gelu_gated", count) { kernels, y, to in kernels.gelu_gated(y, to, a, b, count) }
    }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func columnsOfAWiderRowAreActivatedAndTheOthersLeftAlone(_ table: KernelTable, _ width: Int) throws {
    let (from, to) = (width + 7, width + 4)
    let x = numbers(Self.rows * from, seed: 14, scale: 8)
    try table.check("gelu_tanh", (Self.rows - 1) * to + width) { kernels, y, encoding in
      kernels.gelu_tanh(y, encoding, to, x, from, Self.rows, width)
    }
    try table.check("gelu_tanh, dense", Self.rows * width) { kernels, y, encoding in
      kernels.gelu_tanh(y, encoding, width, x, width, Self.rows, width)
    }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func gatedSumsAreThoseOfPlainC(_ table: KernelTable, _ width: Int) throws {
    let x = numbers(Self.rows * width, seed: 15), y = numbers(Self.rows * width, seed: 16), gate = numbers(width, seed: 17)
    for gates in [nil, gate] as [[Float]?] {
      try table.check("gated_add", Self.rows * width, encodings: [.f32]) { kernels, out, _ in
        let sum = out.assumingMemoryBound(to: Float.self)
        sum.update(from: x, count: x.count)
        kernels.gated_add(sum, y, gates, Self.rows, width)
      }
    }
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func channelSumsAddToWhatIsThere(_ table: KernelTable, _ channels: Int) throws {
    let x = numbers(Self.rows * channels, seed: 18)
    let results = [try #require(kernels_named("portable")).pointee, table.kernels].map { kernels in
      var sums = [Double](repeating: 0.5, count: channels), squares = [Double](repeating: 0.25, count: channels)
      kernels.channel_sums(&sums, &squares, x, Self.rows, channels)
      return sums + squares
    }
    #expect(zip(results[0], results[1]).allSatisfy { abs($0 - $1) <= Tolerance.double * max(1, abs($0)) })
    #expect(abs(results[0][0] - (0.5 + Double(x[0]) + Double(x[channels]) + Double(x[2 * channels]))) <= Tolerance.double * 10)
  }

  @Test(arguments: KernelTable.all, awkwardLengths) func scaledChannelsAreThoseOfPlainC(_ table: KernelTable, _ channels: Int) throws {
    let x = numbers(Self.rows * channels, seed: 19), gain = numbers(channels, seed: 20), offset = numbers(channels, seed: 21)
    for silu: Int32 in [0, 1] {
      try table.check("scale_channels(\(silu))", Self.rows * channels) { kernels, y, to in
        kernels.scale_channels(y, to, x, gain, offset, silu, Self.rows, channels)
      }
    }
  }

  @Test(arguments: KernelTable.all.filter { $0.kernels.panels.rows > 0 }, [(1, 1, 1), (5, 7, 3), (12, 32, 64), (13, 33, 9), (61, 100, 256)])
  func aProductOfPanelsEqualsSumsInDouble(_ table: KernelTable, _ size: (rows: Int, columns: Int, depth: Int)) throws {
    let kernels = table.kernels, shape = kernels.panels, (rows, columns, depth) = size, stride = columns + 3
    var random = Random(seed: 12)
    let x = random.tensor([rows, depth]), w = random.tensor([columns, depth]), bias = random.tensor([columns]), before = random.tensor([rows, stride]).values
    #expect(shape.columns % 16 == 0 && shape.depth % 256 == 0)
    func laid(_ x: Tensor, _ width: Int) -> [Float] {
      (0..<(x.rows + width - 1) / width).flatMap { panel in
        var to = [Float](repeating: .nan, count: width * depth)
        kernels.panel_lay?(&to, x.floats + panel * width * depth, depth, min(width, x.rows - panel * width), width, depth)
        return to
      }
    }
    let a = laid(x, shape.rows), b = laid(w, shape.columns)
    for adds in [false, true] {
      var y = before
      kernels.panel_multiply?(&y, stride, a, b, bias.floats, depth, rows, columns, adds)
      for r in 0..<rows {
        #expect(y[r * stride + columns..<(r + 1) * stride] == before[r * stride + columns..<(r + 1) * stride], "what lies between rows stays")
        for c in 0..<columns {
          var sum = Double(bias.floats[c]) + (adds ? Double(before[r * stride + c]) : 0)
          for k in 0..<depth { sum += Double(x.floats[r * depth + k]) * Double(w.floats[c * depth + k]) }
          #expect(abs(Double(y[r * stride + c]) - sum) < Double(Tolerance.product), "row \(r), column \(c)")
        }
      }
    }
  }

  @Test(arguments: KernelTable.all.filter { $0.kernels.panels.rows > 0 }, [1, 31, 32, 77, 1000])
  func aRowTimesAFewRowsIsTheirSumsInDouble(_ table: KernelTable, _ depth: Int) throws {
    var random = Random(seed: 13)
    let rows = 3, x = random.tensor([rows, depth + 1]), w = random.tensor([depth])
    for adds in [false, true] {
      var y: [Float] = [7, 8, 9, 10, 11, 12]
      table.kernels.dot_rows?(&y, 2, x.floats, depth + 1, w.floats, 0.5, rows, depth, adds)
      for r in 0..<rows {
        var sum = 0.5 + (adds ? Double(7 + 2 * r) : 0)
        for k in 0..<depth { sum += Double(x.floats[r * (depth + 1) + k]) * Double(w.floats[k]) }
        #expect(abs(Double(y[2 * r]) - sum) < Double(Tolerance.product) && y[2 * r + 1] == Float(8 + 2 * r), "row \(r)")
      }
    }
  }

  @Test(arguments: KernelTable.allAndPlain) func activationsOfHugeNumbersAreTheirLimits(_ table: KernelTable) throws {
    let kernels = table.kernels
    let x: [Float] = [1e4, 1e20, 3e38, -1e4, -1e20, -3e38, 0, -0.0, Float.leastNormalMagnitude / 100]
    var y = [Float](repeating: 7, count: x.count)
    for apply in [kernels.silu, kernels.gelu_quick] {
      apply(&y, row_f32, x, x.count)
      #expect(zip(x, y).allSatisfy { $1 == max($0, 0) || abs($0) < 1 && abs($1) <= abs($0) }, "\(y)")
    }
    kernels.gelu_tanh(&y, row_f32, x.count, x, x.count, 1, x.count)
    #expect(zip(x, y).allSatisfy { $1 == max($0, 0) || abs($0) < 1 && abs($1) <= abs($0) }, "\(y)")
  }

  @Test(arguments: KernelTable.allAndPlain) func aMaskedScoreWeighsNothing(_ table: KernelTable) throws {
    let kernels = table.kernels
    for masked in [-Float.greatestFiniteMagnitude, -Float.infinity, -1e9] {
      let scores: [Float] = [1, 1, 5, 1, 1], bias: [Float] = [0, 0, masked, 0, 0]
      var p = [Float](repeating: 7, count: 5)
      kernels.softmax(&p, row_f32, scores, bias, 5, 1, 1, 5)
      #expect(p == [0.25, 0.25, 0, 0.25, 0.25])
    }
  }

  @Test(arguments: KernelTable.allAndPlain) func hugeScoresGiveWeightsThatAddUpToOne(_ table: KernelTable) throws {
    let kernels = table.kernels
    let scores: [Float] = [3e38, -3e38, 3e38, 0, 1e30]
    var p = [Float](repeating: 7, count: 5)
    kernels.softmax(&p, row_f32, scores, nil, 0, 1, 1, 5)
    #expect(p == [0.5, 0, 0.5, 0, 0])
  }

  @Test(arguments: KernelTable.allAndPlain) func whatIsNotANumberStaysVisible(_ table: KernelTable) throws {
    let kernels = table.kernels
    let x = [Float](repeating: 1, count: 16) + [.nan] + [Float](repeating: 1, count: 16)
    var y = [Float](repeating: 7, count: x.count)
    kernels.softmax(&y, row_f32, x, nil, 0, 1, 1, x.count)
    #expect(y.allSatisfy { $0.isNaN })
    kernels.silu(&y, row_f32, x, x.count)
    #expect(y.filter(\.isNaN).count == 1 && y[16].isNaN)
    kernels.layer_norm(&y, row_f32, x, nil, nil, 1, x.count, 1e-6)
    #expect(y.allSatisfy { $0.isNaN })
  }

  @Test(arguments: KernelTable.allAndPlain) func aConstantRowIsNormedToItsOffset(_ table: KernelTable) throws {
    let kernels = table.kernels
    let x = [Float](repeating: 2.5, count: 33), offset = numbers(33, seed: 22), gain = numbers(33, seed: 23)
    var y = [Float](repeating: 7, count: 33)
    kernels.layer_norm(&y, row_f32, x, gain, offset, 1, 33, 1e-6)
    #expect(y == offset)
  }
}
