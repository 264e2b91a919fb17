import Foundation
import Tensors

/// f8 and int8 weights that were divided by a scale when they were made: w = q · scale. Two dialects, one meaning; of int8, one
/// scale for each output in `….weight_scale`.
///
/// The older one marks the file with a tensor `scaled_fp8` and keeps `….scale_weight`; the newer one keeps `….weight_scale`, and
/// says the format in the metadata `_quantization_metadata` or a tensor `….comfy_quant`. Reference: ComfyUI `QUANTIZATION.md`.
enum ScaledWeights {
  private static let format = "float8_e4m3fn"
  private static let companions = ["scale_weight", "weight_scale", "scale_input", "input_scale", "comfy_quant"]

  /// The entries with every scale put to its weight, and without the scales.
  static func resolved(_ entries: [String: Checkpoint.Entry], _ metadata: [String: String], _ file: String) throws -> [String: Checkpoint.Entry] {
    func isMarker(_ name: String) -> Bool { name == "scaled_fp8" || name.hasSuffix(".scaled_fp8") }
    let markers = entries.keys.filter(isMarker).map { String($0.dropLast("scaled_fp8".count)) }
    let formats = try formats(metadata, file)
    var resolved = entries.filter { !isMarker($0.key) }
    for (name, entry) in entries {
      guard let dot = name.lastIndex(of: "."), companions.contains(String(name[name.index(after: dot)...])) else { continue }
      // A norm's own `scale` is no companion; these stand beside a weight.
      guard entries[name[..<dot] + ".weight"] != nil else { continue }
      resolved[name] = nil
      if name.hasSuffix(".comfy_quant") { try check(entry, file) }
    }
    for (name, entry) in resolved where name.hasSuffix(".weight") {
      let stem = String(name.dropLast("weight".count))
      if entry.type != "I8", let format = formats.first(where: { stem == $0.key + "." || stem.hasSuffix("." + $0.key + ".") })?.value, format != Self.format {
        throw unknown(format, entry.origin, file)
      }
      if entry.type == "I8", let scale = entries[stem + "weight_scale"] {
        resolved[name]?.scales = try numbers(scale, entry.shape.first ?? 0, file)
        continue
      }
      guard entry.type == "F8_E4M3" else { continue }
      guard let scale = entries[stem + "scale_weight"] ?? entries[stem + "weight_scale"] else {
        guard !markers.contains(where: { stem.hasPrefix($0) }) else {
          throw CheckpointError.malformed(file, "is marked scaled_fp8, but '\(name)' lacks its scale '\(stem)scale_weight'; the file is damaged")
        }
        continue
      }
      resolved[name]?.scale = try number(scale, file)
    }
    return resolved
  }

  private static func unknown(_ format: String, _ name: String, _ file: String) -> CheckpointError {
    .malformed(file, "tensor '\(name)' is quantised as \(format); of ComfyUI's formats only \(Self.format) is read: take the fp8 or a GGUF file of the model")
  }

  /// One scale for a whole weight.
  private static func number(_ entry: Checkpoint.Entry, _ file: String) throws -> Float {
    guard entry.parameterCount == 1, let encoding = entry.encoding, encoding.isFloat else {
      throw CheckpointError.malformed(file, "the scale '\(entry.origin)' must be one number in F32, F16 or BF16, got shape \(entry.shape) in \(entry.type)")
    }
    let bytes = entry.array
    let value: Float = bytes.withUnsafeBytes { raw in
      switch encoding {
      case .f16: Float(Float16(bitPattern: raw.loadUnaligned(as: UInt16.self)))
      case .bf16: Float(bitPattern: UInt32(raw.loadUnaligned(as: UInt16.self)) << 16)
      default: raw.loadUnaligned(as: Float.self)
      }
    }
    guard value.isFinite, value != 0 else { throw CheckpointError.malformed(file, "the scale '\(entry.origin)' is \(value); the file is damaged") }
    return value
  }

  /// One scale for each output.
  private static func numbers(_ entry: Checkpoint.Entry, _ count: Int, _ file: String) throws -> Tensor {
    guard entry.parameterCount == count, entry.type == "F32" else {
      throw CheckpointError.malformed(file, "the scales '\(entry.origin)' must be \(count) numbers in F32, got shape \(entry.shape) in \(entry.type)")
    }
    return try Checkpoint(name: file, entries: [entry.origin: entry]).tensor(entry.origin).reshaped([count])
  }

  /// Formats of layers by name, where the metadata says them.
  private static func formats(_ metadata: [String: String], _ file: String) throws -> [String: String] {
    guard let text = metadata["_quantization_metadata"] else { return [:] }
    guard let layers = JSON(Data(text.utf8))?.map?["layers"]?.map else {
      throw CheckpointError.malformed(file, "'_quantization_metadata' is no JSON object with 'layers'; the file is damaged")
    }
    return layers.compactMapValues { $0.map?["format"]?.text }
  }

  private static func check(_ entry: Checkpoint.Entry, _ file: String) throws {
    guard entry.count < 1 << 16, let format = JSON(Data(entry.array))?.map?["format"]?.text else {
      throw CheckpointError.malformed(file, "'\(entry.origin)' is no JSON object with a 'format'; the file is damaged")
    }
    if format != Self.format { throw unknown(format, String(entry.origin.dropLast("comfy_quant".count)) + "weight", file) }
  }
}
