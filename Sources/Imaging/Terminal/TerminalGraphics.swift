/// How a terminal is told to show a picture.
///
///     let kitty = TerminalGraphics(["TERM": "xterm-kitty"])
///     try kitty?.drawing(image, columns: 80, rows: 22)      // bytes to be written there
public enum TerminalGraphics: Equatable, Sendable {
  /// The kitty protocol: a PNG in pieces of base64.
  case kitty
  /// DEC's sixels: 216 colours, six rows of pixels at a time.
  case sixel
  /// Two pixels to a character, `▀` in 24-bit colours.
  case blocks

  /// What the variables of the environment say of the terminal; nil where it is told to show no colours.
  public init?(_ environment: [String: String]) {
    let term = environment["TERM"] ?? "", program = environment["TERM_PROGRAM"] ?? ""
    if term == "dumb" || environment["NO_COLOR"]?.isEmpty == false { return nil }
    // A multiplexer between us and the terminal passes on text alone.
    let isMultiplexed = environment["TMUX"] != nil || term.hasPrefix("screen") || term.hasPrefix("tmux")
    if !isMultiplexed {
      if term.contains("kitty") || term.contains("ghostty") || environment["KITTY_WINDOW_ID"] != nil || ["WezTerm", "ghostty"].contains(program) { self = .kitty; return }
      if term.contains("sixel") || ["foot", "foot-extra", "mlterm", "yaft-256color", "contour"].contains(term) { self = .sixel; return }
    }
    self = .blocks
  }

  /// Pixels of a character cell where nobody says.
  private static let cell = (width: 10, height: 20)

  /// The picture within so many columns and rows, and the cursor at the start of the line below it. It is made smaller where it
  /// must be, and never larger.
  ///
  /// - Parameter screen: the size of all columns and rows in pixels, where it is known
  public func drawing(_ image: Image, columns: Int, rows: Int, screen: (width: Int, height: Int)? = nil) throws(ImagingError) -> [UInt8] {
    let cell = screen.map { (width: max($0.width / max(columns, 1), 1), height: max($0.height / max(rows + 2, 1), 1)) } ?? Self.cell
    switch self {
    case .kitty: return try Self.kitty(image.fitting(columns * cell.width, rows * cell.height))
    case .sixel: return try Self.sixel(image.fitting(columns * cell.width, rows * cell.height))
    case .blocks: return try Self.blocks(image.fitting(columns, 2 * rows))
    }
  }

  /// Reference: kitty's description of its graphics protocol: at most 4,096 letters a piece, m=1 where more follow.
  private static func kitty(_ image: Image) throws(ImagingError) -> [UInt8] {
    var plain = image
    plain.text = []
    let letters = Base64.letters(of: try plain.encoded(as: .png))
    var out: [UInt8] = []
    for start in stride(from: 0, to: letters.count, by: 4096) {
      let end = min(start + 4096, letters.count), more = end < letters.count ? 1 : 0
      out += Array("\u{1B}_G\(start == 0 ? "a=T,f=100,q=2," : "")m=\(more);".utf8) + letters[start..<end] + Array("\u{1B}\\".utf8)
    }
    return out + [10]
  }

  /// Reference: DEC's VT3xx manual on sixel graphics. Levels 0, 51, …, 255 of each colour.
  private static func sixel(_ image: Image) -> [UInt8] {
    let image = image.coloured(), (width, height) = (image.width, image.height)
    var out = "\u{1B}P0;1q\"1;1;\(width);\(height)"
    for index in 0..<216 { out += "#\(index);2;\(index / 36 * 20);\(index / 6 % 6 * 20);\(index % 6 * 20)" }
    func index(_ place: Int) -> Int {
      func level(_ channel: Int) -> Int { (Int(image.pixels[3 * place + channel]) * 5 + 127) / 255 }
      return level(0) * 36 + level(1) * 6 + level(2)
    }
    for top in stride(from: 0, to: height, by: 6) {
      // For each colour of the band, which of the six pixels of each column have it.
      var bands: [Int: [UInt8]] = [:]
      for row in top..<min(top + 6, height) {
        for x in 0..<width { bands[index(row * width + x), default: [UInt8](repeating: 0, count: width)][x] |= 1 << UInt8(row - top) }
      }
      for (colour, bits) in bands.sorted(by: { $0.key < $1.key }) { out += "#\(colour)\(runs(bits))$" }
      out += "-"
    }
    return Array((out + "\u{1B}\\\n").utf8)
  }

  /// `!5~` for five of the same.
  private static func runs(_ bits: [UInt8]) -> String {
    var out = "", start = 0
    while start < bits.count {
      let end = bits[start...].firstIndex { $0 != bits[start] } ?? bits.count, sign = String(UnicodeScalar(63 + bits[start]))
      out += end - start > 3 ? "!\(end - start)\(sign)" : String(repeating: sign, count: end - start)
      start = end
    }
    return out
  }

  /// The upper pixel in the foreground, the lower one in the background.
  private static func blocks(_ image: Image) -> [UInt8] {
    let image = image.coloured(), width = image.width
    func colour(_ x: Int, _ y: Int) -> String {
      let at = 3 * (y * width + x)
      return "\(image.pixels[at]);\(image.pixels[at + 1]);\(image.pixels[at + 2])"
    }
    var out = ""
    for y in stride(from: 0, to: image.height, by: 2) {
      var last = ""
      for x in 0..<width {
        // Below a picture of an odd height is the terminal's own colour.
        let pair = "\u{1B}[38;2;\(colour(x, y))m" + (y + 1 < image.height ? "\u{1B}[48;2;\(colour(x, y + 1))m" : "\u{1B}[49m")
        out += (pair == last ? "" : pair) + "▀"
        last = pair
      }
      out += "\u{1B}[0m\n"
    }
    return Array(out.utf8)
  }
}

extension Image {
  /// As large as it is, or as large as fits.
  fileprivate func fitting(_ most: Int, _ high: Int) throws(ImagingError) -> Image {
    let scale = min(1, Double(max(most, 1)) / Double(width), Double(max(high, 1)) / Double(height))
    if scale == 1 { return self }
    return try resized(width: max(1, Int(Double(width) * scale)), height: max(1, Int(Double(height) * scale)), .area)
  }
}

/// RFC 4648.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func letters(of bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      let word = (0..<3).reduce(UInt32(0)) { $0 << 8 | ($1 < count ? UInt32(bytes[start + $1]) : 0) }
      for place in 0..<4 { out.append(place <= count ? alphabet[Int(word >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "=")) }
    }
    return out
  }
}
