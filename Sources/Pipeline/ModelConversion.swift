import Checkpoints
import Foundation
import Glibc
import Imaging
import Tensors

/// Weights written anew in another encoding, tensor by tensor in pieces, so that a file of any size takes little memory. The
/// file appears whole or not at all.
public struct ModelConversion {
  /// What the large matrices become; all else stays in f32 or bf16.
  public enum Target: String, CaseIterable, Sendable {
    case bf16, int8, q8_0

    var ending: String { self == .q8_0 ? ".gguf" : ".safetensors" }
  }

  private let source: String, output: String
  private let target: Target
  private let plans: [Plan]
  private let metadata: [String: String]

  /// One tensor of the new file.
  private struct Plan {
    let name: String, entry: Checkpoint.Entry, type: String, bytes: Int
    var encoding: Encoding?         // nil: copied as it is
  }

  /// - Throws: `CheckpointError` or `PipelineError` for what cannot be converted; nothing is written before `run`
  public init(_ source: String, to output: String, as target: Target) throws {
    (self.source, self.output, self.target) = (source, output, target)
    guard output.lowercased().hasSuffix(target.ending) else { throw PipelineError.option("OUT", "must end in \(target.ending) for \(target.rawValue), got '\(output)'") }
    guard !FileManager.default.fileExists(atPath: output) else { throw PipelineError.option("OUT", "'\(output)' is there already; move it away or choose another name") }
    let entries: [String: Checkpoint.Entry]
    if ModelShelf.isFolder(source) {
      guard let part = try ModelPart.allCases.lazy.compactMap({ try ModelShelf.part($0, in: source) }).first else {
        throw PipelineError.unusable(model: source, "is no folder of one part with its weights; give one, such as \(source)/transformer")
      }
      (entries, metadata) = (part.checkpoint.entries, [:])
    } else {
      let file = try ModelFile(path: source)
      (entries, metadata) = (file.weights, file.metadata.filter { $0.key != "_quantization_metadata" })
    }
    plans = try entries.keys.sorted().flatMap { name in try entries[name].map { try Self.plans(name, $0, target) } ?? [] }
    guard plans.contains(where: { $0.entry.shape.count > 1 && $0.entry.encoding != nil }) else { throw PipelineError.unusable(model: source, "holds no matrices of weights to convert") }
  }

  /// Layers at the ends of a model, small and sensitive, which published files leave alone too.
  private static let ends = ["img_in.", "txt_in.", "time_in.", "vector_in.", "guidance_in.", "final_layer.", "x_embedder.", "context_embedder.", "norm_out.", "shared."]
  private static let anywhere = ["embed", "relative_attention_bias", "attn_rel_b"]

  private static func plans(_ name: String, _ entry: Checkpoint.Entry, _ target: Target) throws -> [Plan] {
    guard let stored = entry.encoding else { return target == .q8_0 ? [] : [Plan(name: name, entry: entry, type: entry.type, bytes: entry.byteCount)] }
    let count = entry.parameterCount, width = entry.shape.dropFirst().reduce(1, *)
    let isEnd = ends.contains { name.hasPrefix($0) || name.contains(".\($0)") } || name == "proj_out.weight" || anywhere.contains { name.contains($0) }
    let isLarge = entry.shape.count == 2 && count > 1024 && !isEnd
    switch target {
    case .q8_0 where isLarge && width % 32 == 0: return [Plan(name: name, entry: entry, type: "Q8_0", bytes: count / 32 * 34, encoding: .q8_0)]
    case .int8 where isLarge:
      return [Plan(name: name, entry: entry, type: "I8", bytes: count, encoding: .int8),
              Plan(name: String(name.dropLast("weight".count)) + "weight_scale", entry: entry, type: "F32", bytes: entry.shape[0] * 4, encoding: .int8)]
    case _ where entry.shape.count > 1 || target == .bf16:
      return [Plan(name: name, entry: entry, type: "BF16", bytes: count * 2, encoding: stored == .bf16 ? nil : .bf16)]
    default: return [Plan(name: name, entry: entry, type: "F32", bytes: count * 4, encoding: .f32)]
    }
  }

  /// Writes the file.
  /// - Parameter progress: the share of bytes that is written; may throw to stop, and then no file is left
  public func run(progress: (Double) throws -> Void = { _ in }) throws {
    var problem: (any Error)?
    let total = plans.reduce(0) { $0 + $1.bytes }
    do {
      try AtomicFile.write(to: output) { (file) throws(ImagingError) in
        do {
          var writer = FileWriter(file, output)
          try writer.write(header)
          var done = 0
          for plan in plans {
            try writer.pad(to: target == .q8_0 ? Self.alignment : 1)
            try write(plan, to: &writer) { try progress(Double(done + $0) / Double(max(total, 1))) }
            done += plan.bytes
          }
        } catch let error as ImagingError { throw error } catch {
          problem = error
          throw .unwritable(output, FileProblem(EIO))
        }
      }
    } catch { throw problem ?? error }
  }

  private static let alignment = 32
  /// Numbers that are converted at once.
  private static let piece = 4 << 20

  private func write(_ plan: Plan, to writer: inout FileWriter, _ progress: (Int) throws -> Void) throws {
    guard let encoding = plan.encoding else { return try writer.write(plan.entry.array) }
    let rows = try Checkpoint(name: source, entries: [plan.name: plan.entry]).rows(plan.name)
    let step = max(1, Self.piece / max(rows.width, 1))
    var written = 0
    for first in stride(from: 0, to: rows.count, by: step) {
      let part = rows[first..<min(rows.count, first + step)]
      let bytes = try converted(part, encoding, scales: plan.name.hasSuffix("weight_scale"))
      try writer.write(bytes)
      written += bytes.count
      try progress(written)
    }
  }

  private func converted(_ rows: Rows, _ encoding: Encoding, scales: Bool) throws -> [UInt8] {
    guard encoding == .int8 || encoding == .q8_0 else {
      let made = try rows.converted(to: encoding)
      return withExtendedLifetime(made) { Array(UnsafeRawBufferPointer(start: made.start, count: made.count * made.stride)) }
    }
    let values = try rows.tensor()
    return values.withFloats { encoding == .q8_0 ? Self.q8_0($0) : scales ? Self.scales($0, rows.width) : Self.int8($0, rows.width) }
  }

  private static func largest(_ x: Slice<UnsafeBufferPointer<Float>>) -> Float { x.reduce(0) { max($0, abs($1)) } }

  private static func scales(_ x: UnsafeBufferPointer<Float>, _ width: Int) -> [UInt8] {
    stride(from: 0, to: x.count, by: width).flatMap { row in withUnsafeBytes(of: largest(x[row..<row + width]) / 127) { Array($0) } }
  }

  private static func int8(_ x: UnsafeBufferPointer<Float>, _ width: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: x.count)
    for row in stride(from: 0, to: x.count, by: width) {
      let scale = largest(x[row..<row + width]) / 127
      guard scale > 0 else { continue }
      for i in row..<row + width { bytes[i] = UInt8(bitPattern: Int8(max(-127, min(127, (x[i] / scale).rounded(.toNearestOrEven))))) }
    }
    return bytes
  }

  /// Blocks of 32: the largest over 127 as f16, then whole multiples of it.
  private static func q8_0(_ x: UnsafeBufferPointer<Float>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(x.count / 32 * 34)
    for block in stride(from: 0, to: x.count, by: 32) {
      let scale = largest(x[block..<block + 32]) / 127, half = Float16(scale).bitPattern
      bytes += [UInt8(truncatingIfNeeded: half), UInt8(truncatingIfNeeded: half >> 8)]
      for i in block..<block + 32 { bytes.append(UInt8(bitPattern: scale > 0 ? Int8(max(-127, min(127, (x[i] / scale).rounded()))) : 0)) }
    }
    return bytes
  }

  // Headers.

  private var header: [UInt8] { get throws { target == .q8_0 ? ggufHeader : try safetensorsHeader } }

  private var safetensorsHeader: [UInt8] {
    get throws {
      var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata], at = 0
      for plan in plans {
        let shape = plan.name.hasSuffix("weight_scale") ? [plan.entry.shape[0]] : plan.entry.shape
        header[plan.name] = ["dtype": plan.type, "shape": shape, "data_offsets": [at, at + plan.bytes]] as [String: Any]
        at += plan.bytes
      }
      var json = [UInt8](try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys]))
      json += [UInt8](repeating: 32, count: (8 - json.count % 8) % 8)
      return Self.little(UInt64(json.count)) + json
    }
  }

  private static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

  private var ggufHeader: [UInt8] {
    func text(_ text: String) -> [UInt8] { Self.little(UInt64(text.utf8.count)) + Array(text.utf8) }
    let architecture = plans.contains { $0.name.contains("SelfAttention") || $0.name.hasPrefix("enc.") } ? "t5encoder" : "flux"
    var bytes = GGUF.magic + Self.little(UInt32(3)) + Self.little(UInt64(plans.count)) + Self.little(UInt64(3))
    bytes += text("general.architecture") + Self.little(UInt32(8)) + text(architecture)
    bytes += text("general.quantization_version") + Self.little(UInt32(4)) + Self.little(UInt32(2))
    bytes += text("general.file_type") + Self.little(UInt32(4)) + Self.little(UInt32(7))
    let numbers: [String: UInt32] = ["F32": 0, "Q8_0": 8, "BF16": 30]
    var at = 0
    for plan in plans {
      let axes = plan.entry.shape.isEmpty ? [1] : plan.entry.shape
      bytes += text(plan.name) + Self.little(UInt32(axes.count)) + axes.reversed().flatMap { Self.little(UInt64($0)) }
      bytes += Self.little(numbers[plan.type] ?? 0) + Self.little(UInt64(at))
      at += (plan.bytes + Self.alignment - 1) / Self.alignment * Self.alignment
    }
    return bytes
  }
}

/// Writes to an open file and counts.
private struct FileWriter {
  private let file: Int32, path: String
  private var count = 0

  init(_ file: Int32, _ path: String) { (self.file, self.path) = (file, path) }

  mutating func write(_ bytes: [UInt8]) throws {
    var written = 0
    while written < bytes.count {
      let n = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: written), $0.count - written) }
      if n < 0 && errno == EINTR { continue }
      guard n >= 0 else { throw ImagingError.unwritable(path, FileProblem(errno)) }
      written += n
    }
    count += bytes.count
  }

  mutating func pad(to alignment: Int) throws {
    try write([UInt8](repeating: 0, count: (alignment - count % alignment) % alignment))
  }
}
