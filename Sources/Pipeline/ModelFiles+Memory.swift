import Checkpoints
import Foundation
import Tensors

extension Precision {
  /// What matrices are kept or multiplied in.
  var encoding: Encoding { self == .f32 ? .f32 : self == .int8 ? .int8 : .bf16 }
}

/// What a model's parts take in memory, known before anything is loaded.
extension ModelFiles {
  /// Bytes of a part's weights. What is used from the mapped file, as blocks are, counts too.
  func bytes(of part: ModelPart, _ precision: Precision) -> Int {
    // Convolutions are laid out in f32 where nothing multiplies bf16.
    let small = part == .clip || part == .vae, rounded = part == .vae && !Product.multipliesBF16 ? 4 : 2
    return checkpoint(of: part).entries.values.reduce(0) { sum, entry in
      let isMatrix = entry.shape.count > 1
      switch precision {
      case .f32, .auto: return sum + (entry.isBlocks ? entry.byteCount : entry.parameterCount * 4)
      case .bf16: return sum + (entry.isBlocks ? entry.byteCount : entry.parameterCount * rounded)
      case .int8: return sum + entry.parameterCount * (isMatrix && !small ? 1 : rounded)
      }
    }
  }

  /// The bytes of these that are used from the mapped file: blocks, unless they are made anew in int8.
  func mappedBytes(of part: ModelPart, _ precision: Precision) -> Int {
    guard precision != .int8 else { return 0 }
    return checkpoint(of: part).entries.values.reduce(0) { $1.isBlocks ? $0 + $1.byteCount : $0 }
  }

  /// What reading the transformer takes beside it: a matrix is made and then laid out, and one that is joined is larger than its parts.
  func readingBytes(_ precision: Precision) -> Int {
    let width = precision == .int8 ? 1 : precision == .bf16 ? 2 : 4
    return 4 * width * (transformer.entries.values.filter { precision == .int8 || !$0.isBlocks }.map(\.parameterCount).max() ?? 0)
  }

  private func checkpoint(of part: ModelPart) -> Checkpoint {
    switch part { case .transformer: transformer; case .t5: t5; case .clip: clip; case .vae: vae }
  }

  /// Bytes of all parts together.
  func bytes(_ precision: Precision) -> Int { ModelPart.allCases.reduce(0) { $0 + bytes(of: $1, precision) } }

  /// The most that is in memory at once when text encoders and transformer take turns.
  func bytesInTurns(_ precision: Precision) -> Int {
    max(bytes(of: .t5, precision) + bytes(of: .clip, precision), bytes(of: .transformer, precision)) + bytes(of: .vae, precision)
  }

  /// What the weights may take: the limit or the machine's memory, less what a step takes beside them.
  private func room(within limit: Int?) -> Int {
    let memory = min(limit ?? .max, Int(ProcessInfo.processInfo.physicalMemory))
    return memory - min(memory / 10, 2 << 30)
  }

  /// What of the machine's memory this process may take.
  static var room: Int {
    let memory = Int(ProcessInfo.processInfo.physicalMemory)
    return memory - min(memory / 10, 2 << 30)
  }

  /// The smallest limit that the model can work under at all, on a small picture.
  func least(_ precision: Precision) -> Int {
    let footprint = Footprint(files: self, precision: precision)
    return [Work.text(tokens: 512), .velocity(text: 256, size: Size(64)), .decode(Size(64))].map(footprint.least).max() ?? 0
  }

  /// Whether the transformer's weights are blocks that stay as the file has them.
  var keepsBlocks: Bool { transformer.entries.values.contains { $0.isBlocks && $0.shape.count > 1 } }

  /// What `auto` comes to, and why: blocks stay as they are; f32 while that takes less than a quarter of the memory; bf16 and then
  /// int8 while they fit.
  func precision(_ wanted: Precision, within limit: Int?) throws -> (Precision, reason: [String]) {
    let memory = min(limit ?? .max, Int(ProcessInfo.processInfo.physicalMemory)), quick = Product.multipliesBF16
    func gigabytes(_ bytes: Int) -> String { bytes < 1_000_000_000 ? "\((bytes + 500_000) / 1_000_000) MB" : String(format: "%.1f GB", Double(bytes) / 1e9) }
    var chosen = wanted, reason: [String] = []
    if wanted == .auto {
      if keepsBlocks {
        chosen = quick ? .bf16 : .f32
        reason = ["the weights stay as the file has them (\(transformer.mainType)), \(gigabytes(bytes(.bf16))), and are multiplied in \(chosen.rawValue)"]
      } else if bytes(.f32) < memory / 4 {
        chosen = .f32
      } else {
        chosen = bytesInTurns(.bf16) <= room(within: limit) ? .bf16 : .int8
        reason = ["the weights are kept in \(chosen.rawValue), \(gigabytes(bytes(chosen))) of \(gigabytes(memory)); in \(chosen == .bf16 ? "f32" : "bf16") they would take \(gigabytes(bytes(chosen == .bf16 ? .f32 : .bf16)))"]
      }
    }
    if let limit, least(chosen) > limit {
      let others = [Precision.bf16, .int8].filter { MemorySize.text(least($0)) != MemorySize.text(least(chosen)) && least($0) < least(chosen) && (!keepsBlocks || $0 == .int8) }.map { ", with precision \($0.rawValue) \(MemorySize.text(least($0)))" }
      throw PipelineError.unusable(model: name, "does not work under a memory limit of \(MemorySize.text(limit)); the smallest that works is \(MemorySize.text(least(chosen))) in \(chosen.rawValue)\(others.joined())")
    }
    guard limit != nil || bytesInTurns(chosen) <= room(within: limit) else {
      let smaller = [Precision.bf16, .int8].first { bytesInTurns($0) < bytesInTurns(chosen) && bytesInTurns($0) <= room(within: limit) }
      throw PipelineError.unusable(model: name, "its weights take \(gigabytes(bytesInTurns(chosen))) in \(chosen.rawValue), and a step more beside them, but this machine has \(gigabytes(memory))"
        + (smaller.map { "; try precision \($0.rawValue)" } ?? "; take a smaller file of the model, such as a Q4_K GGUF"))
    }
    return (chosen, reason)
  }
}

extension Checkpoint.Entry {
  /// Whether its numbers stay packed in memory.
  var isBlocks: Bool { encoding.map { !$0.isFloat } ?? false }
}
