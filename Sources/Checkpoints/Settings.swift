/// One of a model's json files, read key by key; an error names the file and the key.
package struct Settings {
  package let file: String
  private let values: [String: JSON]

  package init(_ bytes: FileBytes) throws {
    file = bytes.name
    guard bytes.count < 64 << 20 else { throw CheckpointError.malformed(bytes.name, "\(bytes.count) bytes are too many for a configuration") }
    guard let values = JSON(bytes.data)?.map else {
      throw CheckpointError.malformed(bytes.name, "is not a JSON object")
    }
    self.values = values
  }

  /// Settings that no file holds, such as sizes read from the tensors of `file`.
  package init(of file: String, _ values: [String: JSON]) { (self.file, self.values) = (file, values) }

  /// Whether these are the settings of something of which so much is known: most of it is here, and nothing says otherwise.
  func agrees(with known: [String: JSON]) -> Bool {
    let here = known.filter { has($0.key) }
    return 2 * here.count >= known.count && here.allSatisfy { values[$0.key] == $0.value }
  }

  package func has(_ key: String) -> Bool { values[key].map { $0 != .null } ?? false }

  /// A whole number within `range`; `standard` where the key is missing, or an error if there is none.
  package func whole(_ key: String, _ range: ClosedRange<Int>, standard: Int? = nil) throws -> Int {
    guard has(key) else { return try fallback(key, standard) }
    guard let number = values[key]?.number, let value = Int(exactly: number), range ~= value else {
      throw CheckpointError.setting(file, key, "must be a whole number from \(range.lowerBound) to \(range.upperBound), got \(shown(key))")
    }
    return value
  }

  package func real(_ key: String, standard: Double? = nil) throws -> Double {
    guard has(key) else { return try fallback(key, standard) }
    guard let number = values[key]?.number, number.isFinite else { throw CheckpointError.setting(file, key, "must be a number, got \(shown(key))") }
    return number
  }

  package func flag(_ key: String, standard: Bool? = nil) throws -> Bool {
    guard has(key) else { return try fallback(key, standard) }
    guard let value = values[key]?.flag else { throw CheckpointError.setting(file, key, "must be true or false, got \(shown(key))") }
    return value
  }

  package func text(_ key: String, standard: String? = nil) throws -> String {
    guard has(key) else { return try fallback(key, standard) }
    guard let value = values[key]?.text else { throw CheckpointError.setting(file, key, "must be a text, got \(shown(key))") }
    return value
  }

  package func wholes(_ key: String, _ range: ClosedRange<Int>, standard: [Int]? = nil) throws -> [Int] {
    guard has(key) else { return try fallback(key, standard) }
    guard let whole = values[key]?.wholes, 1...64 ~= whole.count, whole.allSatisfy(range.contains) else {
      throw CheckpointError.setting(file, key, "must be a list of whole numbers from \(range.lowerBound) to \(range.upperBound), got \(shown(key))")
    }
    return whole
  }

  /// A map of texts, such as the index of a sharded checkpoint.
  package func texts(_ key: String) throws -> [String: String] {
    guard let map = values[key]?.map, case let texts = map.compactMapValues(\.text), texts.count == map.count else {
      throw CheckpointError.setting(file, key, "must be a map from names to files")
    }
    return texts
  }

  /// Refuses a value that this engine does not compute.
  package func expect(_ key: String, _ expected: String, standard: String) throws {
    let value = try text(key, standard: standard)
    guard value == expected else { throw CheckpointError.setting(file, key, "is \"\(value)\", but only \"\(expected)\" is known here") }
  }

  private func shown(_ key: String) -> String { values[key]?.shown ?? "nothing" }

  private func fallback<T>(_ key: String, _ standard: T?) throws -> T {
    guard let standard else { throw CheckpointError.setting(file, key, "is missing") }
    return standard
  }
}
