import Foundation
import Synchronization
import TestSupport
import Testing

extension CommandTests {
/// What stands on a terminal while the command works.
@Suite struct TerminalTests {
  /// Runs the command with its stderr on a terminal of so many columns; everything that was written there.
  private func shown(columns: Int, _ shop: Workshop, _ arguments: [String], environment: [String: String] = ["TERM": "xterm"]) throws -> String {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var locked: Int32 = 0, number: Int32 = 0
    try #require(master >= 0 && ioctl(master, Self.lock, &locked) == 0 && ioctl(master, Self.numberOfTerminal, &number) == 0)
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(slave >= 0)
    let process = Process()
    (process.executableURL, process.arguments, process.currentDirectoryURL, process.environment) = (ReleaseBinary.url, arguments, shop.folder, environment)
    (process.standardError, process.standardOutput) = (FileHandle(fileDescriptor: slave, closeOnDealloc: false), FileHandle.nullDevice)
    try process.run()
    close(slave)
    var bytes: [UInt8] = [], block = [UInt8](repeating: 0, count: 4096)
    // Reading fails once nobody holds the other end.
    while case let count = read(master, &block, block.count), count > 0 { bytes += block[..<count] }
    process.waitUntilExit()
    close(master)
    #expect(process.terminationStatus == 0)
    return String(decoding: bytes, as: UTF8.self)
  }

  // TIOCSPTLCK and TIOCGPTN of Linux, which Swift does not see.
  private static let lock: UInt = 0x4004_5431, numberOfTerminal: UInt = 0x8004_5430

  private static let recipe = "flux.load():generate('a red apple', {steps = 12, size = {64, 32}}):save 'a.png'"

  @Test(arguments: [20, 30, 45, 80, 200]) func aMovingLineFitsIntoTheTerminal(_ columns: Int) throws {
    let shop = try Workshop(["a.lua": Self.recipe])
    let text = try shown(columns: columns, shop, ["run", "a.lua"])
    let moves = text.components(separatedBy: "\r\u{1B}[K").dropFirst().map { $0.prefix { $0 != "\r" && $0 != "\n" && $0 != "\r\n" } }
    for word in ["loading T5", "reading the prompt", "step 12 of 12", "decoding"] { #expect(moves.contains { $0.contains(word) }, "no '\(word)' in \(text)") }
    let moving = moves.filter { $0.contains("loading") || $0.contains(" of 12") || $0.contains("decoding") }
    for line in moving { #expect(line.count < columns, "\(line)") }
    #expect(moving.contains { $0.hasPrefix("[") } == (columns > 20), "the bar gives way first")
    #expect(text.hasSuffix("\r\u{1B}[Ksaved out/a/a.png\r\n") || text.hasSuffix("a step\r\nsaved out/a/a.png\r\n"), "\(text.suffix(80))")
  }

  private static let showing = "flux.progress 'mixing\\ncolours' flux.image{size = 16, fill = '#102030'}:show() print 'done'"

  @Test func aPictureIsDrawnWhereTheTerminalCanAndLeavesTheMovingLineWhole() throws {
    let shop = try Workshop(["a.lua": Self.showing])
    let blocks = try shown(columns: 80, shop, ["run", "a.lua"])
    // The moving line is gone before the picture begins.
    #expect(blocks.contains("\r\u{1B}[Kmixing colours\r\u{1B}[K\u{1B}[38;2;16;32;48m\u{1B}[48;2;16;32;48m" + String(repeating: "▀", count: 16) + "\u{1B}[0m\r\n"), "\(blocks)")
    #expect(blocks.components(separatedBy: "\u{1B}[0m\r\n").count == 8 + 1)
    #expect(try shown(columns: 80, shop, ["run", "a.lua"], environment: ["TERM": "xterm-kitty"]).contains("\u{1B}_Ga=T,f=100,q=2,m=0;iVBORw0KGgo"))
    #expect(try shown(columns: 80, shop, ["run", "a.lua"], environment: ["TERM": "foot"]).contains("\u{1B}P0;1q\"1;1;16;16#0;2;0;0;0"))
    #expect(try shown(columns: 80, shop, ["run", "a.lua", "--quiet"]).contains("▀"), "what the recipe wants seen is no chatter")
  }

  @Test func whereNoPictureCanBeDrawnItIsSaid() throws {
    let shop = try Workshop(["a.lua": Self.showing]), words = "warning: show: there is no terminal here to draw a picture on; save it instead"
    for environment in [["TERM": "dumb"], ["TERM": "xterm", "NO_COLOR": "1"]] {
      #expect(try shown(columns: 80, shop, ["run", "a.lua"], environment: environment).contains(words))
    }
    let outcome = try shop.fluxlua("run", "a.lua")
    #expect(outcome.status == 0 && outcome.output == "done\n" && outcome.errors.contains(words))
  }

  @Test func aDumbTerminalGetsPlainLinesAndAQuietOneNothing() throws {
    let shop = try Workshop(["a.lua": Self.recipe])
    #expect(!(try shown(columns: 80, shop, ["run", "a.lua"], environment: ["TERM": "dumb"]).contains("\u{1B}")))
    #expect(try shown(columns: 80, shop, ["run", "a.lua", "--quiet"]) == "")
  }
}
}
