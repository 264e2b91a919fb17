import Foundation
import Testing

/// The command on a terminal of its own, with somebody who types and looks.
final class PseudoTerminal {
  private let master: Int32
  private var process: pid_t = 0
  private(set) var text = ""
  private var bytes: [UInt8] = []

  // TIOCSPTLCK and TIOCGPTN of Linux and POSIX_SPAWN_SETSID of glibc, which Swift does not see.
  private static let lock: UInt = 0x4004_5431, numberOfTerminal: UInt = 0x8004_5430, newSession: Int16 = 0x80

  init(_ arguments: [String], in folder: URL, columns: Int = 100, environment: [String: String]) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    var locked: Int32 = 0, number: Int32 = 0
    try #require(master >= 0 && ioctl(master, Self.lock, &locked) == 0 && ioctl(master, Self.numberOfTerminal, &number) == 0)
    var size = winsize(ws_row: 40, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawnattr_setflags(&attributes, Self.newSession)          // then the terminal it opens first is its own
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/pts/\(number)", O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    let script = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder.path, ReleaseBinary.url.path] + arguments
    var words = script.map { strdup($0) } + [nil]
    var settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (words + settings).forEach { free($0) } }
    try #require(posix_spawn(&process, "/bin/sh", &actions, &attributes, &words, &settings) == 0)
  }

  deinit {
    if process > 0 {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    close(master)
  }

  func type(_ keys: String) {
    var bytes = Array(keys.utf8)
    _ = write(master, &bytes, bytes.count)
  }

  /// Waits until something stands there that was not there before; everything since then.
  @discardableResult
  func wait(for expected: String, sourceLocation: SourceLocation = #_sourceLocation) -> String {
    let patience = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < patience {
      look()
      if let range = text.range(of: expected) {
        let seen = String(text[..<range.upperBound])
        text = String(text[range.upperBound...])
        return seen
      }
      usleep(10_000)
    }
    Issue.record("'\(expected)' did not come: \(text.debugDescription)", sourceLocation: sourceLocation)
    return ""
  }

  private func look() {
    var block = [UInt8](repeating: 0, count: 4096)
    while case let count = read(master, &block, block.count), count > 0 { bytes += block[..<count] }
    guard let fresh = String(validating: bytes, as: UTF8.self) else { return }     // in the middle of a character
    text += fresh
    bytes = []
  }

  func signal(_ number: Int32) { kill(process, number) }

  /// Waits for the end: the exit code.
  func end() -> Int32 {
    var status: Int32 = 0
    let patience = ContinuousClock.now + .seconds(60)
    while waitpid(process, &status, WNOHANG) == 0 {
      look()
      guard ContinuousClock.now < patience else { return -1 }
      usleep(10_000)
    }
    look()
    process = 0
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
  }
}
