import Checkpoints
import Tensors

/// A safetensors file made by hand, to be wrong in one place.
struct ForgedFile {
  var header: String
  var data: [UInt8] = []
  /// What the first eight bytes say, where that is not the truth.
  var claimedLength: UInt64?

  var bytes: [UInt8] {
    withUnsafeBytes(of: (claimedLength ?? UInt64(header.utf8.count)).littleEndian) { Array($0) } + Array(header.utf8) + data
  }

  func open() throws -> Checkpoint { try Checkpoint(safetensors: FileBytes(name: "forged", bytes: bytes)) }

  /// One f32 tensor 'a' of two numbers, sound but for what the header is made to say of it.
  static func one(dtype: String = "\"F32\"", shape: String = "[2]", offsets: String = "[0,8]", bytes: Int = 8) -> ForgedFile {
    ForgedFile(header: "{\"a\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}}", data: [UInt8](repeating: 0, count: bytes))
  }
}

extension FileBytes {
  /// Bytes that no file holds.
  init(name: String, bytes: [UInt8]) {
    let storage = Storage(count: bytes.count)
    bytes.withUnsafeBytes { if let from = $0.baseAddress { storage.start.copyMemory(from: from, byteCount: $0.count) } }
    self.init(name: name, storage: storage)
  }
}
