import Foundation
import Imaging

/// The terminal that a picture can be drawn on: stdout, or stderr where stdout goes elsewhere.
struct PictureTerminal {
  let handle: FileHandle
  private let graphics: TerminalGraphics
  private let columns: Int, rows: Int
  /// Of the whole screen, where the terminal says so.
  private let pixels: (width: Int, height: Int)?

  /// nil where there is none, and where it shows no colours.
  init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard let file = [STDOUT_FILENO, STDERR_FILENO].first(where: { isatty($0) == 1 }),
          let graphics = TerminalGraphics(environment) else { return nil }
    var size = winsize()
    let known = ioctl(file, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
    (columns, rows) = known ? (Int(size.ws_col), max(Int(size.ws_row), 4)) : (80, 24)
    pixels = known && size.ws_xpixel > 0 && size.ws_ypixel > 0 ? (Int(size.ws_xpixel), Int(size.ws_ypixel)) : nil
    self.graphics = graphics
    handle = file == STDOUT_FILENO ? .standardOutput : .standardError
  }

  /// The picture with a line below it left free.
  func drawing(_ image: Image) throws -> [UInt8] { try graphics.drawing(image, columns: columns, rows: rows - 2, screen: pixels) }
}
