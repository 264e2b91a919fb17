import Foundation
import Scripting

/// What the terminal of this process can show.
enum Terminal {
  /// Whether errors may be coloured: `NO_COLOR` is honoured.
  static var coloursErrors: Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDERR_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }

  /// Of stdout; 80 where there is none.
  static var columns: Int {
    var size = winsize()
    return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
  }
}

extension Exit {
  /// What a failure of this kind ends the program with.
  init(_ kind: RecipeFailure.Kind) {
    self = switch kind {
    case .interrupted: .interrupted
    case .terminated: .terminated
    case .unusable: .unusable
    case .usage: .usage
    case .failed, .timeLimit, .memoryLimit: .failed
    }
  }
}
