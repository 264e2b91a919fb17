import Foundation

/// A JSON value; numbers and booleans stay apart.
package enum JSON: Sendable, Equatable {
  case null, flag(Bool), number(Double), text(String), list([JSON]), map([String: JSON])

  /// The value of some bytes, or nil where they are not JSON.
  package init?(_ data: Data) {
    guard let value = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) else { return nil }
    self.init(foundation: value)
  }

  private init(foundation value: Any) {
    switch value {
    case let text as String: self = .text(text)
    // Foundation boxes both; only a boolean is of the C type `char`.
    case let number as NSNumber: self = number.objCType.pointee == CChar(UInt8(ascii: "c")) ? .flag(number.boolValue) : .number(number.doubleValue)
    case let list as [Any]: self = .list(list.map(JSON.init(foundation:)))
    case let map as [String: Any]: self = .map(map.mapValues(JSON.init(foundation:)))
    default: self = .null
    }
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
