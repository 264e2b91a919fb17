import Foundation
import Testing

/// A headless Chromium that is steered by WebDriver; gone when nobody holds it.
final class Browser {
  private static let driver = "/usr/bin/chromedriver"
  /// Whether there is one. Debian's chromium and chromium-driver; Scripts/setup-ci installs them.
  static let isThere = FileManager.default.isExecutableFile(atPath: driver)

  private let process: Process
  private let port: Int
  private var session = ""

  init() throws {
    (process, port) = try Self.started()
    let options: [String: Any] = ["args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,900", "--force-device-scale-factor=1"]]
    let made = try call("POST", "/session", ["capabilities": ["alwaysMatch": ["goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"]]]])
    session = "/session/" + (try #require((made as? [String: Any])?["sessionId"] as? String))
  }

  /// A driver and the port that it took. One that does not come to listen is started anew twice; the error tells what the last one said.
  private static func started() throws -> (Process, port: Int) {
    let log = FileManager.default.temporaryDirectory.appending(path: "chromedriver-\(UUID()).log")
    defer { try? FileManager.default.removeItem(at: log) }
    var said = ""
    for _ in 1...3 {
      try Data().write(to: log)
      let process = Process(), output = try FileHandle(forWritingTo: log)
      // Only the driver itself can choose a port that nobody takes in between.
      (process.executableURL, process.arguments) = (URL(filePath: driver), ["--port=0"])
      (process.standardOutput, process.standardError) = (output, output)
      try process.run()
      let patience = ContinuousClock.now + .seconds(30)
      while process.isRunning, ContinuousClock.now < patience {
        said = String(decoding: try Data(contentsOf: log), as: UTF8.self)
        if let port = said.firstMatch(of: /started successfully on port (\d+)/).flatMap({ Int($0.1) }) { return (process, port) }
        usleep(50_000)
      }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
      said = String(decoding: try Data(contentsOf: log), as: UTF8.self)
    }
    throw Refused(what: "chromedriver listens nowhere: \(said)")
  }

  deinit {
    _ = try? call("DELETE", session)
    // Gently said, it stays.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  func open(_ file: URL) throws { _ = try call("POST", session + "/url", ["url": file.absoluteString]) }

  /// What a piece of JavaScript returns.
  @discardableResult
  func run(_ script: String) throws -> Any? {
    let value = try call("POST", session + "/execute/sync", ["script": script, "args": [Any]()])
    return value is NSNull ? nil : value
  }

  func text(_ script: String) throws -> String { try run("return String(\(script))") as? String ?? "" }

  /// Presses keys one after the other, as a person would.
  func press(_ keys: Key...) throws {
    let actions = keys.flatMap { [["type": "keyDown", "value": $0.rawValue], ["type": "keyUp", "value": $0.rawValue]] }
    _ = try call("POST", session + "/actions", ["actions": [["type": "key", "id": "keyboard", "actions": actions] as [String: Any]]])
  }

  enum Key: String {
    case left = "\u{E012}", up = "\u{E013}", right = "\u{E014}", down = "\u{E015}", enter = "\u{E007}", escape = "\u{E00C}"
    case c, d, t, x, one = "1", zero = "0", plus = "+", minus = "-", open = "[", close = "]", help = "?"
  }

  /// Clicks in the middle of the first element that a selector finds.
  func click(_ selector: String) throws {
    let element = try call("POST", session + "/element", ["using": "css selector", "value": selector]) as? [String: String]
    _ = try call("POST", session + "/element/\(try #require(element?.values.first))/click", [:])
  }

  /// Chooses in a list by its text.
  func choose(_ text: String, in selector: String) throws {
    let found = try run("""
      const list = document.querySelector(\(Self.quoted(selector))), option = [...list.options].find(o => o.textContent === \(Self.quoted(text)));
      if (!option) return false;
      list.value = option.value;
      list.dispatchEvent(new Event('change'));
      return true;
      """) as? Bool
    #expect(found == true, "\(selector) has no '\(text)'")
  }

  /// Draws with the mouse from a point to another.
  func drag(from: (Int, Int), to: (Int, Int)) throws {
    func move(_ point: (Int, Int)) -> [String: Any] { ["type": "pointerMove", "duration": 0, "x": point.0, "y": point.1] }
    let actions: [[String: Any]] = [move(from), ["type": "pointerDown", "button": 0], move(to), ["type": "pointerUp", "button": 0]]
    _ = try call("POST", session + "/actions", ["actions": [["type": "pointer", "id": "mouse", "actions": actions] as [String: Any]]])
  }

  func scroll(at point: (Int, Int), by amount: Int) throws {
    let wheel: [String: Any] = ["type": "scroll", "x": point.0, "y": point.1, "deltaX": 0, "deltaY": amount]
    _ = try call("POST", session + "/actions", ["actions": [["type": "wheel", "id": "wheel", "actions": [wheel]] as [String: Any]]])
  }

  /// A PNG of the window.
  func screenshot() throws -> [UInt8] {
    let text = try #require(try call("GET", session + "/screenshot") as? String)
    return Array(try #require(Data(base64Encoded: text)))
  }

  /// What the page complained of.
  var complaints: [String] {
    get throws { (try call("POST", session + "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []).compactMap { $0["message"] as? String } }
  }

  private static func quoted(_ text: String) -> String { String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self) }

  private struct Refused: Error { let what: String }

  private func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) throws -> Any? {
    let data = try HTTP.answer(port: port, method, path, body.map { try JSONSerialization.data(withJSONObject: $0) } ?? Data())
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let value = object?["value"]
    if let failure = value as? [String: Any], let error = failure["error"] as? String { throw Refused(what: "\(path): \(error): \(failure["message"] ?? "")") }
    return value
  }
}

/// The little of HTTP that a driver on this machine needs: one request, one answer. Foundation's own does not take chromedriver's headers.
private enum HTTP {
  struct Failed: Error { let what: String }

  static func answer(port: Int, _ method: String, _ path: String, _ body: Data) throws -> Data {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in()
    (address.sin_family, address.sin_port, address.sin_addr.s_addr) = (sa_family_t(AF_INET), in_port_t(port).bigEndian, in_addr_t(0x7F00_0001).bigEndian)
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
    }
    guard isConnected else { throw Failed(what: "nobody listens at \(port)") }
    let head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n"
    let request = Array(head.utf8) + body
    var sent = 0
    while sent < request.count {
      let count = request[sent...].withUnsafeBytes { send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw Failed(what: "the driver hung up") }
      sent += count
    }
    var answer = Data(), block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if let end = answer.firstRange(of: Data("\r\n\r\n".utf8)) {
        let header = String(decoding: answer[..<end.lowerBound], as: UTF8.self)
        let length = header.firstMatch(of: /(?i)content-length: *(\d+)/).flatMap { Int($0.1) } ?? 0
        if answer.count >= end.upperBound + length { return Data(answer[end.upperBound..<end.upperBound + length]) }
      }
      let count = recv(file, &block, block.count, 0)
      guard count > 0 else { throw Failed(what: "no answer to \(path)") }
      answer += block[..<count]
    }
  }
}
