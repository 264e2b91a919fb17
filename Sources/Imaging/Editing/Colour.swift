/// A colour of 8-bit red, green and blue.
public struct Colour: Equatable, Hashable, Sendable {
  public var red: UInt8, green: UInt8, blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  public init(grey: UInt8) {
    self.init(red: grey, green: grey, blue: grey)
  }

  /// "#rrggbb", "#rgb", or one of the sixteen names that HTML began with (and "grey"); nil for anything else.
  public init?(_ text: String) {
    let text = text.lowercased()
    let hex = text.hasPrefix("#") ? String(text.dropFirst()) : Colour.names[text] ?? ""
    guard hex.allSatisfy(\.isHexDigit), hex.utf8.count == hex.count, let value = UInt32(hex, radix: 16) else { return nil }
    switch hex.count {
    case 6: self.init(red: UInt8(value >> 16 & 255), green: UInt8(value >> 8 & 255), blue: UInt8(value & 255))
    case 3: self.init(red: UInt8(value >> 8 & 15) * 17, green: UInt8(value >> 4 & 15) * 17, blue: UInt8(value & 15) * 17)
    default: return nil
    }
  }

  public static let black = Colour(grey: 0)
  public static let white = Colour(grey: 255)

  /// The brightness, as `Image.grey` weighs it (ITU-R BT.601).
  var luma: UInt8 {
    let sum: UInt32 = UInt32(red) * 19_595 + UInt32(green) * 38_470 + UInt32(blue) * 7_471
    return UInt8((sum + 0x8000) >> 16)
  }

  func bytes(channels: Int) -> [UInt8] { channels == 1 ? [luma] : [red, green, blue] }

  func mixed(with other: Colour, _ part: Double) -> Colour {
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8((Double(a) + (Double(b) - Double(a)) * part).rounded()) }
    return Colour(red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
  }

  private static let names = [
    "black": "000000", "silver": "c0c0c0", "gray": "808080", "grey": "808080", "white": "ffffff", "maroon": "800000",
    "red": "ff0000", "purple": "800080", "fuchsia": "ff00ff", "green": "008000", "lime": "00ff00", "olive": "808000",
    "yellow": "ffff00", "navy": "000080", "blue": "0000ff", "teal": "008080", "aqua": "00ffff",
  ]
}
