import COpenSSL
import Foundation

/// SHA-256, by OpenSSL: what a picture and a ledger name a model, a recipe or a file by.
package struct Digest {
  private let context: OpaquePointer?

  package init() {
    context = EVP_MD_CTX_new()
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
  }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  package func update(_ text: String) {
    Array(text.utf8).withUnsafeBytes(update)
  }

  /// The digest in 64 hexadecimal figures; nothing may be added after it.
  package consuming func finish() -> String {
    var bytes = [UInt8](repeating: 0, count: 32), count: UInt32 = 0
    EVP_DigestFinal_ex(context, &bytes, &count)
    EVP_MD_CTX_free(context)
    let figures = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [figures[Int($0 >> 4)], figures[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The digest of some bytes.
  package static func sha256(_ bytes: [UInt8]) -> String {
    let digest = Digest()
    bytes.withUnsafeBytes(digest.update)
    return digest.finish()
  }
}

extension Checkpoint {
  /// A name for these weights: SHA-256 over every tensor's name, type, shape and bytes; of tensors beyond 64 KiB, the
  /// first and last 32 KiB, so that 24 GB are named in a moment. It tells checkpoints apart; it does not prove a download.
  package func addFingerprint(to digest: Digest) {
    let sample = 32 << 10
    for name in entries.keys.sorted() {
      guard let entry = entries[name] else { continue }
      digest.update("\(name) \(entry.type) \(entry.shape)\n")
      entry.withBytes { bytes in
        if bytes.count <= 2 * sample { return digest.update(bytes) }
        digest.update(UnsafeRawBufferPointer(rebasing: bytes.prefix(sample)))
        digest.update(UnsafeRawBufferPointer(rebasing: bytes.suffix(sample)))
      }
    }
  }
}
