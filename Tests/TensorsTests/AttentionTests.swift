import Foundation
import TestSupport
import Testing
import Tensors

@Suite(.serialized) struct AttentionTests {
  /// softmax(scale·q·kᵀ + bias)·v for heads held in f32, in double.
  func plainAttention(_ q: Tensor, _ k: Tensor, _ v: Tensor, scale: Float, bias: Tensor?) -> Tensor {
    let (heads, queries, depth, keys) = (q.shape[0], q.shape[1], q.shape[2], k.shape[1])
    var y = [Float](repeating: 0, count: queries * heads * depth)
    for h in 0..<heads {
      for i in 0..<queries {
        var scores = (0..<keys).map { j in
          Double(scale) * (0..<depth).reduce(0.0) { $0 + Double(q.floats[(h * queries + i) * depth + $1]) * Double(k.floats[(h * keys + j) * depth + $1]) }
            + Double(bias.map { $0.floats[(($0.shape[0] == 1 ? 0 : h) * queries + i) * keys + j] } ?? 0)
        }
        let largest = scores.max() ?? 0
        for j in 0..<keys { scores[j] = exp(scores[j] - largest) }
        let sum = scores.reduce(0, +)
        for d in 0..<depth {
          y[i * heads * depth + h * depth + d] = Float((0..<keys).reduce(0.0) { $0 + scores[$1] / sum * Double(v.floats[(h * keys + $1) * depth + d]) })
        }
      }
    }
    return Tensor([queries, heads * depth], y)
  }

  func heads(_ x: Tensor, _ encoding: Encoding) -> Heads {
    let heads = Heads(heads: x.shape[0], tokens: x.shape[1], depth: x.shape[2], encoding: encoding)
    heads.rows.write(x.reshaped([x.shape[0] * x.shape[1], x.shape[2]]), at: 0)
    return heads
  }

  @Test(arguments: [(1, 1, 4), (2, 5, 16), (3, 129, 12), (1, 300, 64), (2, 64, 128)])
  func attentionEqualsSumsInDouble(_ heads: Int, _ tokens: Int, _ depth: Int) throws {
    var random = Random(seed: 7)
    let (q, k, v) = (random.tensor([heads, tokens, depth], scale: 2), random.tensor([heads, tokens, depth], scale: 2), random.tensor([heads, tokens, depth]))
    for bias in [nil, random.tensor([heads, tokens, tokens]), random.tensor([1, tokens, tokens])] {
      let made = try Attention(scale: 0.3, bias: bias)(self.heads(q, .f32), self.heads(k, .f32), self.heads(v, .f32))
      #expect(made.largestDifference(from: plainAttention(q, k, v, scale: 0.3, bias: bias)) < Tolerance.product)
    }
  }

  @Test func attentionIsTheSameBytesAtAnyThreadCount() throws {
    var random = Random(seed: 8)
    for (encoding, depth) in Product.multipliesBF16 ? [(Encoding.f32, 24), (.bf16, 24), (.bf16, 32)] : [(.f32, 24)] {
      let q = random.tensor([3, 260, depth])
      let results = try [1, 2, 3].map { threads in
        try withThreads(threads) { try Attention(scale: 0.2)(heads(q, encoding), heads(q, encoding), heads(q, encoding)).values }
      }
      #expect(results[0] == results[1] && results[0] == results[2])
    }
  }

  @Test func bf16AttentionStaysWithinTheRoundingOfItsInputs() throws {
    guard Product.multipliesBF16 else { return }
    var random = Random(seed: 9)
    let x = random.tensor([2, 70, 32])
    let exact = try Attention(scale: 0.2)(heads(x, .f32), heads(x, .f32), heads(x, .f32))
    let rounded = try Attention(scale: 0.2)(heads(x, .bf16), heads(x, .bf16), heads(x, .bf16))
    #expect(rounded.largestDifference(from: exact) < 4 * Tolerance.bf16)
  }

  /// Numbers that bf16 holds, so that only the weights are rounded. One key, one more than a tile, one more than a piece, and many.
  @Test(arguments: [(1, 3, 32, 32), (2, 1, 33, 64), (1, 45, 513, 32), (2, 130, 97, 128), (1, 40, 2300, 64)])
  func bf16AttentionEqualsSumsInDoubleAtAwkwardSizes(_ heads: Int, _ queries: Int, _ keys: Int, _ depth: Int) throws {
    guard Product.multipliesBF16 else { return }
    var random = Random(seed: 10)
    let q = random.tensor([heads, queries, depth], scale: 2).roundedToBF16, k = random.tensor([heads, keys, depth], scale: 2).roundedToBF16
    let v = random.tensor([heads, keys, depth]).roundedToBF16
    let made = try Attention(scale: 0.3)(self.heads(q, .bf16), self.heads(k, .bf16), self.heads(v, .bf16))
    #expect(made.largestDifference(from: plainAttention(q, k, v, scale: 0.3, bias: nil)) < Tolerance.bf16)
  }

  @Test func aLaterKeyThatOutshinesAllOthersIsAllThatIsSeen() throws {
    guard Product.multipliesBF16 else { return }
    let (keys, depth) = (1100, 32)
    let q = Tensor([1, 1, depth], [Float](repeating: 8, count: depth))
    var k = Tensor.zeros([1, keys, depth]), v = Tensor.zeros([1, keys, depth])
    k.withMutableFloats { floats in for column in 0..<depth { floats[(keys - 1) * depth + column] = 8; floats[column] = -8 } }
    v.withMutableFloats { floats in for column in 0..<depth { floats[(keys - 1) * depth + column] = Float(column + 1); floats[column] = 1e30 } }
    let made = try Attention(scale: 1)(heads(q, .bf16), heads(k, .bf16), heads(v, .bf16))
    #expect(made.values == (1...depth).map(Float.init))
  }
}
