import Foundation

/// What a recipe may use, each with the words that the person wrote, since errors name the option.
package struct Limits: Sendable {
  /// Seconds from the recipe's start.
  package struct Time: Sendable {
    package let seconds: Double
    package let written: String

    /// `10s`, `10m`, `1.5h`, or seconds without a unit.
    package init?(_ text: String) {
      guard let seconds = number(in: text, units: ["": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600]) else { return nil }
      self.seconds = seconds
      written = text
    }

    var message: String { "stopped by --time-limit \(written)" }
  }

  /// Bytes of Lua's own values: tables, strings, functions. Tensors and pictures are not among them.
  package struct Memory: Sendable {
    package let bytes: Int
    package let written: String

    /// `256MB`, `1GB`, `64MiB`, or bytes without a unit. Units are powers of 1024.
    package init?(_ text: String) {
      let units = ["": 1, "k": 1024, "m": 1_048_576, "g": 1_073_741_824].flatMap { prefix, scale in
        ["", "b", "ib"].map { (prefix + $0, Double(scale)) }
      }
      guard let bytes = number(in: text.lowercased(), units: Dictionary(units) { first, _ in first }),
            bytes >= 1_048_576, bytes < 1e15 else { return nil }
      self.bytes = Int(bytes)
      written = text
    }

    private init() { (bytes, written) = (256 << 20, "256MB") }

    package static let standard = Memory()

    package var message: String { "out of memory: the recipe's Lua values reached --lua-memory \(written)" }
  }

  package var time: Time?
  package var memory = Memory.standard
  /// Bytes of tensors and pictures that a recipe holds at once; three quarters of the machine.
  package var objectBytes = Int(ProcessInfo.processInfo.physicalMemory / 4 * 3)
  /// What `math.random` starts from.
  package var seed: Int64 = 0

  package init() {}
}

private func number(in text: String, units: [String: Double]) -> Double? {
  let digits = text.prefix { $0.isNumber || $0 == "." }
  guard let scale = units[String(text.dropFirst(digits.count)).trimmingSpaces], let value = Double(digits), value > 0 else { return nil }
  return value * scale
}

private extension String {
  var trimmingSpaces: String { String(drop { $0 == " " }) }
}
