import Foundation
import FoundationNetworking
import Synchronization
import Testing

/// A headless Chromium that is steered by WebDriver; gone when nobody holds it.
final class Browser {
  private static let driver = "/usr/bin/chromedriver"
  /// Whether there is one. Debian's chromium and chromium-driver; Scripts/setup-ci installs them.
  static let isThere = FileManager.default.isExecutableFile(atPath: driver)

  private let process = Process()
  private let port: Int
  private var session = ""

  init() throws {
    port = Int.random(in: 20_000..<40_000)
    (process.executableURL, process.arguments) = (URL(filePath: Self.driver), ["--port=\(port)"])
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    let patience = ContinuousClock.now + .seconds(30)
    while (try? call("GET", "/status")) == nil, ContinuousClock.now < patience { usleep(100_000) }
    let options: [String: Any] = ["args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,900", "--force-device-scale-factor=1"]]
    let made = try call("POST", "/session", ["capabilities": ["alwaysMatch": ["goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"]]]])
    session = "/session/" + (try #require((made as? [String: Any])?["sessionId"] as? String))
  }

  deinit {
    _ = try? call("DELETE", session)
    process.terminate()
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
    var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")), timeoutInterval: 60)
    request.httpMethod = method
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    if let body { request.httpBody = try JSONSerialization.data(withJSONObject: body) }
    let done = DispatchSemaphore(value: 0), answer = Mutex<Result<Data, any Error>?>(nil)
    URLSession.shared.dataTask(with: request) { data, _, error in
      answer.withLock { $0 = data.map { .success($0) } ?? .failure(error ?? Refused(what: path)) }
      done.signal()
    }.resume()
    done.wait()
    let data = try #require(answer.withLock { $0 }).get()
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let value = object?["value"]
    if let failure = value as? [String: Any], let error = failure["error"] as? String { throw Refused(what: "\(path): \(error): \(failure["message"] ?? "")") }
    return value
  }
}
