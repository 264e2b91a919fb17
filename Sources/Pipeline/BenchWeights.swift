import Checkpoints
import Tensors

extension Tensor {
  /// Numbers from −1 to 1 that look like chance and are the same every time: what products are measured with.
  static func varied(_ shape: [Int]) -> Tensor { Tensor(shape, (0..<shape.reduce(1, *)).map { Float(($0 &* 2_654_435_761) >> 7 & 1023) / 512 - 1 }) }
}

/// Weights made in memory, each its own bytes: what speed is measured with.
struct BenchWeights {
  private var entries: [String: Checkpoint.Entry] = [:]

  mutating func add(_ name: String, _ shape: [Int], _ kept: Encoding) {
    let file = FileBytes(name: "bench", storage: Storage.filled(kept.bytes(of: shape.reduce(1, *)), kept))
    entries[name] = Checkpoint.Entry(name, type: kept.rawValue.uppercased(), shape: shape, file: file, first: 0, count: file.count)
  }

  mutating func linear(_ name: String, _ inputs: Int, _ outputs: Int, _ kept: Encoding, bias: Bool = true) {
    add("\(name).weight", [outputs, inputs], kept)
    if bias { add("\(name).bias", [outputs], .bf16) }
  }

  mutating func convolution(_ name: String, _ inputs: Int, _ outputs: Int, window: Int = 3) {
    add("\(name).weight", [outputs, inputs, window, window], .bf16)
    add("\(name).bias", [outputs], .bf16)
  }

  mutating func norm(_ name: String, _ channels: Int) {
    add("\(name).weight", [channels], .bf16)
    add("\(name).bias", [channels], .bf16)
  }

  var checkpoint: Checkpoint { Checkpoint(name: "bench", entries: entries) }
}
