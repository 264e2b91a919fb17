import TestSupport
import Testing
import Tensors

@Suite(.serialized) struct ConvolutionTests {
  /// The same sum in double; x [height·width, inputs], w [outputs, inputs, k, k].
  func plain(_ x: Tensor, _ extent: Extent, _ w: Tensor, bias: Tensor, stride: Int, padding: (Int, Int)) -> Tensor {
    let (outputs, inputs, k) = (w.shape[0], w.shape[1], w.shape[2])
    let height = (extent.height + padding.0 + padding.1 - k) / stride + 1, width = (extent.width + padding.0 + padding.1 - k) / stride + 1
    var y: [Float] = []
    for r in 0..<height { for c in 0..<width { for o in 0..<outputs {
      var sum = Double(bias.floats[o])
      for i in 0..<inputs { for a in 0..<k { for b in 0..<k {
        let (row, column) = (r * stride + a - padding.0, c * stride + b - padding.0)
        guard 0..<extent.height ~= row, 0..<extent.width ~= column else { continue }
        sum += Double(x.floats[(row * extent.width + column) * inputs + i]) * Double(w.floats[((o * inputs + i) * k + a) * k + b])
      } } }
      y.append(Float(sum))
    } } }
    return Tensor([height * width, outputs], y)
  }

  @Test(arguments: [(3, 8, 3, 1, 1, 1), (8, 3, 3, 1, 1, 1), (4, 12, 3, 1, 1, 1), (16, 12, 1, 1, 0, 0), (5, 7, 3, 2, 0, 1), (16, 96, 3, 1, 1, 1), (48, 48, 3, 2, 0, 1)])
  func convolutionsEqualSumsInDouble(_ inputs: Int, _ outputs: Int, _ window: Int, _ stride: Int, _ before: Int, _ after: Int) throws {
    var random = Random(seed: 10)
    let w = random.tensor([outputs, inputs, window, window]), bias = random.tensor([outputs])
    let layer = try Convolution(weight: Rows(w.reshaped([outputs, inputs * window * window])), inputs: inputs, window: window, bias: bias,
                                stride: stride, padding: (before, after), precision: .f32)
    for extent in [Extent(height: 6, width: 6), Extent(height: 9, width: 14)] {
      let x = random.tensor([extent.area, inputs])
      let expected = plain(x, extent, w, bias: bias, stride: stride, padding: (before, after))
      let results = try [1, 2].map { threads in try withThreads(threads) { try layer(Operand(x, .f32), extent) } }
      #expect(results[0].largestDifference(from: expected) < Tolerance.product)
      #expect(results[0].values == results[1].values)
    }
    #expect(OneDNN.implementations.filter { $0.contains("ref") } == [])
  }
}
