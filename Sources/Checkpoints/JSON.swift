import Foundation

/// A JSON value, decoded without guessing: numbers and booleans stay apart.
package enum JSON: Decodable, Sendable, Equatable {
  case null, flag(Bool), number(Double), text(String), list([JSON]), map([String: JSON])

  package init(from decoder: any Decoder) throws {
    if let keyed = try? decoder.container(keyedBy: Key.self) {
      var map: [String: JSON] = [:]
      for key in keyed.allKeys { map[key.stringValue] = try keyed.decode(JSON.self, forKey: key) }
      self = .map(map)
    } else if var list = try? decoder.unkeyedContainer() {
      var values: [JSON] = []
      while !list.isAtEnd { values.append(try list.decode(JSON.self)) }
      self = .list(values)
    } else {
      let single = try decoder.singleValueContainer()
      if let text = try? single.decode(String.self) { self = .text(text) }
      else if let number = try? single.decode(Double.self) { self = .number(number) }
      else if let flag = try? single.decode(Bool.self) { self = .flag(flag) }
      else { self = .null }
    }
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  /// The value of some bytes, or nil where they are not JSON.
  package init?(_ data: Data) {
    guard let value = try? JSONDecoder().decode(JSON.self, from: data) else { return nil }
    self = value
  }

  package var map: [String: JSON]? { if case .map(let map) = self { map } else { nil } }
  package var text: String? { if case .text(let text) = self { text } else { nil } }
  package var number: Double? { if case .number(let number) = self { number } else { nil } }
  package var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
  package var wholes: [Int]? {
    guard case .list(let list) = self else { return nil }
    let whole = list.compactMap { $0.number.flatMap { Int(exactly: $0) } }
    return whole.count == list.count ? whole : nil
  }

  /// As it would be written.
  package var shown: String {
    switch self {
    case .null: "null"
    case .flag(let flag): "\(flag)"
    case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
    case .text(let text): "\"\(text)\""
    case .list(let list): "[" + list.map(\.shown).joined(separator: ", ") + "]"
    case .map: "a table"
    }
  }
}
