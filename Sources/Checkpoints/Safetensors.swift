import Tensors
import Foundation

/// The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes without gaps.
/// Reference: the format description of the safetensors library.
package enum Safetensors {
  /// A header of more than this is a damaged file (the library's own limit).
  static let longestHeader = 100_000_000

  /// The entries of a file; every size, order and range is checked before anything is believed.
  package static func entries(of file: FileBytes) throws -> [String: Checkpoint.Entry] {
    let bytes = file.bytes
    defer { withExtendedLifetime(file) {} }
    let (object, first) = try header(of: file)
    let available = bytes.count - first
    var entries: [String: Checkpoint.Entry] = [:]
    var ranges: [(Range<Int>, String)] = []
    for (name, value) in object where name != "__metadata__" {
      let (type, shape, range) = try entry(value, name, file)
      guard range.upperBound <= available else {
        throw CheckpointError.malformed(file.name, "tensor '\(name)' ends \(range.upperBound) bytes after the header but the file has only \(available) there; it is cut off, download it again")
      }
      entries[name] = Checkpoint.Entry(name, type: type, shape: shape, file: file, first: first + range.lowerBound, count: range.count)
      ranges.append((range, name))
    }
    try checkCover(&ranges, available, file)
    return entries
  }

  /// The texts that a file carries besides its tensors.
  package static func metadata(of file: FileBytes) throws -> [String: String] {
    try header(of: file).fields["__metadata__"]?.map?.compactMapValues(\.text) ?? [:]
  }

  /// The header's fields, and where the tensors begin.
  private static func header(of file: FileBytes) throws -> (fields: [String: JSON], first: Int) {
    let bytes = file.bytes
    defer { withExtendedLifetime(file) {} }
    guard bytes.count >= 8 else { throw CheckpointError.malformed(file.name, "\(bytes.count) bytes are too few for a safetensors file") }
    let length = bytes.loadUnaligned(as: UInt64.self).littleEndian
    guard length >= 2, length <= UInt64(longestHeader) else {
      throw CheckpointError.malformed(file.name, "the header's length, \(length) bytes, is impossible; this is not a safetensors file")
    }
    guard Int(length) <= bytes.count - 8 else {
      throw CheckpointError.malformed(file.name, "the header alone takes \(length) bytes but the file has \(bytes.count); it is cut off, download it again")
    }
    let header = Data(bytes[8..<8 + Int(length)])
    guard let object = JSON(header)?.map else {
      throw CheckpointError.malformed(file.name, "the header is not valid JSON; the file is damaged")
    }
    return (object, 8 + Int(length))
  }

  private static func entry(_ value: JSON, _ name: String, _ file: FileBytes) throws -> (String, [Int], Range<Int>) {
    guard let fields = value.map, let type = fields["dtype"]?.text, let shape = fields["shape"]?.wholes,
          let offsets = fields["data_offsets"]?.wholes,
          offsets.count == 2, shape.count <= 8, shape.allSatisfy({ $0 >= 0 }) else {
      throw CheckpointError.malformed(file.name, "the header's entry for '\(name)' lacks a dtype, a shape or two offsets")
    }
    guard let width = widths[type] else { throw CheckpointError.malformed(file.name, "tensor '\(name)' has the unknown type \(type)") }
    guard offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw CheckpointError.malformed(file.name, "tensor '\(name)' has the impossible range \(offsets)")
    }
    var size = width
    for axis in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: max(axis, 1))
      guard !overflow else { throw CheckpointError.malformed(file.name, "tensor '\(name)' has the impossible shape \(shape)") }
      size = product
    }
    if shape.contains(0) { size = 0 }
    guard size == offsets[1] - offsets[0] else {
      throw CheckpointError.malformed(file.name, "tensor '\(name)' of shape \(shape) in \(type) needs \(size) bytes but has \(offsets[1] - offsets[0])")
    }
    return (type, shape, offsets[0]..<offsets[1])
  }

  /// Tensors follow each other without overlap and without a gap, to the last byte.
  private static func checkCover(_ ranges: inout [(Range<Int>, String)], _ available: Int, _ file: FileBytes) throws {
    ranges.sort { ($0.0.lowerBound, $0.0.upperBound) < ($1.0.lowerBound, $1.0.upperBound) }
    var end = 0
    for (range, name) in ranges {
      guard range.lowerBound == end else {
        throw CheckpointError.malformed(file.name, "tensor '\(name)' \(range.lowerBound < end ? "overlaps the one before it" : "leaves a gap before it"); the header is damaged")
      }
      end = range.upperBound
    }
    guard end == available else {
      throw CheckpointError.malformed(file.name, "\(available - end) bytes after the last tensor belong to none; the header is damaged")
    }
  }

  static let widths = ["F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
                       "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1]

  /// A file of f32 tensors, in name order, with texts as metadata.
  package static func file(_ tensors: [String: Tensor], metadata: [String: String] = [:]) throws -> [UInt8] {
    var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
    var at = 0
    let names = tensors.keys.sorted()
    for name in names {
      guard let tensor = tensors[name] else { continue }
      header[name] = ["dtype": "F32", "shape": tensor.shape, "data_offsets": [at, at + tensor.count * 4]] as [String: Any]
      at += tensor.count * 4
    }
    var json = [UInt8](try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys]))
    json += [UInt8](repeating: 32, count: (8 - json.count % 8) % 8)
    var bytes = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) }
    bytes.reserveCapacity(8 + json.count + at)
    bytes += json
    for name in names { tensors[name]?.withFloats { bytes += UnsafeRawBufferPointer($0) } }
    return bytes
  }
}
