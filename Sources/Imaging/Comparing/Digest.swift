import COpenSSL

/// SHA-256, by OpenSSL.
enum Digest {
  /// The digest of some bytes, one part after the other, in 64 hexadecimal figures.
  static func sha256(_ parts: [UInt8]...) -> String {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    for part in parts { part.withUnsafeBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) } }
    var bytes = [UInt8](repeating: 0, count: 32), count: UInt32 = 0
    EVP_DigestFinal_ex(context, &bytes, &count)
    return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
