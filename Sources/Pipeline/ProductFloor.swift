import Tensors

/// What some blocks take at the least: each of their products by itself, attention's two included, through oneDNN.
struct ProductFloor {
  /// And how many of them there are.
  typealias Shape = (rows: Int, inputs: Int, outputs: Int, count: Int)

  private let linear: [(product: LoneProduct, count: Int)], modulations: [(product: LoneProduct, count: Int)]
  private let attention: LoneAttention?, attentions: Int
  /// The least of each.
  private var linearSeconds: [Double], modulationSeconds: [Double], attentionSeconds = Double.infinity

  /// - Parameters:
  ///   - modulations: of one row, which are never rounded to int8
  ///   - attentions: how often so many tokens attend to each other, with so many heads
  ///   - encoding: of the weights
  init(_ linear: [Shape], modulations: [Shape] = [], attentions: (heads: Int, tokens: Int, depth: Int, count: Int)?, _ encoding: Encoding) throws {
    let multiplied = Self.multiplied(encoding), between: Encoding = multiplied == .f32 ? .f32 : .bf16
    func lone(_ shape: Shape, _ encoding: Encoding) throws -> (LoneProduct, Int) {
      (try LoneProduct(rows: shape.rows, inputs: shape.inputs, outputs: shape.outputs, encoding: encoding), shape.count)
    }
    self.linear = try linear.map { try lone($0, multiplied) }
    self.modulations = try modulations.map { try lone($0, between) }
    attention = try attentions.map { try LoneAttention(heads: $0.heads, tokens: $0.tokens, depth: $0.depth, encoding: between) }
    self.attentions = attentions?.count ?? 0
    (linearSeconds, modulationSeconds) = (linear.map { _ in .infinity }, modulations.map { _ in .infinity })
  }

  /// What weights of an encoding are multiplied in here.
  static func multiplied(_ encoding: Encoding) -> Encoding {
    if encoding == .int8 { return Product.multipliesInt8 ? .int8 : .f32 }
    return encoding == .f32 || !Product.multipliesBF16 ? .f32 : .bf16
  }

  /// Runs each once.
  mutating func measure() throws {
    for (index, one) in linear.enumerated() { linearSeconds[index] = min(linearSeconds[index], try Self.seconds { try one.product.run() }) }
    for (index, one) in modulations.enumerated() { modulationSeconds[index] = min(modulationSeconds[index], try Self.seconds { try one.product.run() }) }
    if let attention { attentionSeconds = min(attentionSeconds, try Self.seconds { try attention.run() }) }
  }

  /// Seconds by kind.
  var parts: [String: Double] {
    func sum(_ seconds: [Double], _ all: [(product: LoneProduct, count: Int)]) -> Double { zip(seconds, all).reduce(0) { $0 + $1.0 * Double($1.1.count) } }
    return ["linear": sum(linearSeconds, linear), "attention": attention == nil ? 0 : attentionSeconds * Double(attentions), "modulation": sum(modulationSeconds, modulations)]
  }
  var seconds: Double { parts.values.reduce(0, +) }

  static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .seconds(1)
  }
}
