import Tensors

/// Whose random numbers a seed means.
public enum NoiseKind: Sendable, Equatable {
  /// PyTorch's CPU generator in float32: diffusers with a CPU generator, ComfyUI.
  case torch
  /// The same, rounded to bfloat16.
  case torchBF16
  /// PyTorch on a card that keeps this many threads resident.
  case cuda(residentThreads: Int)
  /// AUTOMATIC1111's "NV": each picture of a batch has the next seed.
  case a1111

  /// Multiprocessors and threads of each, by the name of the card.
  public static let cards: [(name: String, residentThreads: Int)] = [
    ("T4", 40 * 1024), ("RTX 3060", 28 * 1536), ("L4", 58 * 1536), ("A10G", 80 * 1536), ("RTX 3090", 82 * 1536),
    ("RTX 4090", 128 * 1536), ("A100", 108 * 2048), ("H100 PCIe", 114 * 2048), ("RTX 5090", 170 * 1536), ("H100 SXM", 132 * 2048),
  ]

  /// From `torch`, `torch-bf16`, `a1111`, `cuda:<threads>` or `cuda:<card>`; nil for anything else.
  public init?(_ name: String) {
    switch name {
    case "torch": self = .torch
    case "torch-bf16": self = .torchBF16
    case "a1111": self = .a1111
    default:
      guard name.hasPrefix("cuda:"), case let card = name.dropFirst(5) else { return nil }
      if let threads = Int(card), 256...10_000_000 ~= threads { self = .cuda(residentThreads: threads) }
      else if let known = Self.cards.first(where: { $0.name.lowercased() == card.lowercased() }) { self = .cuda(residentThreads: known.residentThreads) }
      else { return nil }
    }
  }

  /// As it is read back.
  public var name: String {
    switch self {
    case .torch: "torch"
    case .torchBF16: "torch-bf16"
    case .cuda(let threads): "cuda:\(threads)"
    case .a1111: "a1111"
    }
  }

  /// The noise of `count` pictures of this shape, from one generator as each of these programs draws it: [count, …].
  public func normals(seed: Int64, count: Int, _ shape: [Int]) -> Tensor {
    let all = [count] + shape
    switch self {
    case .torch:
      var generator = TorchGenerator(seed: seed)
      return generator.normals(all)
    case .torchBF16:
      var generator = TorchGenerator(seed: seed)
      return generator.normals(all).roundedToBF16
    case .cuda(let threads):
      var generator = PhiloxGenerator(seed: seed, residentThreads: threads)
      return generator.normals(all)
    case .a1111:
      return Tensor.stacked((0..<count).map { PhiloxGenerator.firstLane(seed: seed &+ Int64($0), shape) })
    }
  }
}
