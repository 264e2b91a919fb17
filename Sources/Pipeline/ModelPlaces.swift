import Checkpoints
import Foundation

/// Where models are kept on this machine: the folders of `$FLUXLUA_MODELS`, and the cache of the Hugging Face hub.
public struct ModelPlaces: Sendable {
  /// `$FLUXLUA_MODELS`, folders with colons between them.
  public let folders: [String]
  /// Caches of the hub: `models--owner--name/snapshots/revision`.
  public let hubs: [String]

  public init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    folders = (environment["FLUXLUA_MODELS"] ?? "").split(separator: ":").map(String.init)
    let home = environment["HOME"] ?? NSHomeDirectory()
    func set(_ name: String, _ inside: String = "") -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 + inside } }
    hubs = [set("HF_HUB_CACHE") ?? set("HF_HOME", "/hub") ?? set("XDG_CACHE_HOME", "/huggingface/hub") ?? "\(home)/.cache/huggingface/hub"]
  }

  /// Everything that a recipe may read models from.
  public var all: [String] { folders + hubs }

  /// The folder or file that is meant by a path or a name of the hub (`owner/name`, or `owner/name/file`).
  /// - Throws: an error that names the command by which a model of the hub is fetched
  public func located(_ text: String) throws -> String {
    if FileManager.default.fileExists(atPath: text) { return text }
    if let found = find(text) { return found }
    guard let name = HubName(text) else { throw CheckpointError.unreadable(text, "there is no such folder or file") }
    throw CheckpointError.unreadable(text, "it is no folder here, nor is a model of that name in \(searched); nothing is ever downloaded. To fetch it: \(name.command)")
  }

  /// A model of the hub, or something in `$FLUXLUA_MODELS` by its name; nil where there is none.
  public func find(_ text: String) -> String? {
    guard !text.hasPrefix("/"), !text.split(separator: "/").contains("..") else { return nil }
    let name = HubName(text)
    for folder in folders {
      for candidate in [text, name?.short].compactMap({ $0 }) where FileManager.default.fileExists(atPath: "\(folder)/\(candidate)") {
        return "\(folder)/\(candidate)"
      }
    }
    guard let name else { return nil }
    for hub in folders + hubs {
      guard let snapshot = Self.snapshot("\(hub)/\(name.folder)") else { continue }
      let path = name.file.map { "\(snapshot)/\($0)" } ?? snapshot
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    return nil
  }

  /// What was looked through, for people.
  var searched: String {
    (folders.isEmpty ? "$FLUXLUA_MODELS (not set)" : "$FLUXLUA_MODELS (\(folders.joined(separator: ", ")))") + " or the hub's cache (\(hubs.joined(separator: ", ")))"
  }

  /// The revision that `main` means, or the last one.
  static func snapshot(_ folder: String) -> String? {
    let revisions = ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/snapshots")) ?? []).sorted()
    let main = (try? String(contentsOfFile: "\(folder)/refs/main", encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    return (revisions.first { $0 == main } ?? revisions.last).map { "\(folder)/snapshots/\($0)" }
  }

  /// Every model folder of the hubs that is in a cache.
  var snapshots: [(name: String, path: String)] {
    var found: [(name: String, path: String)] = []
    for hub in hubs {
      for folder in ((try? FileManager.default.contentsOfDirectory(atPath: hub)) ?? []).sorted() where folder.hasPrefix("models--") {
        guard let path = Self.snapshot("\(hub)/\(folder)") else { continue }
        found.append((String(folder.dropFirst("models--".count)).replacing("--", with: "/"), path))
      }
    }
    return found
  }
}

/// `owner/name`, or `owner/name/file`, as the hub names models.
struct HubName {
  private let owner: Substring, name: Substring
  let file: String?

  init?(_ text: String) {
    guard let match = text.wholeMatch(of: /([A-Za-z0-9][\w.\-]*)\/([\w.\-]+)(?:\/([\w.\-\/]+))?/), match.2 != "..", match.2 != "." else { return nil }
    (owner, name, file) = (match.1, match.2, match.3.map(String.init))
  }

  var folder: String { "models--\(owner)--\(name)" }
  var short: String { file.map { "\(name)/\($0)" } ?? String(name) }
  var command: String { "huggingface-cli download \(owner)/\(name)" + (file.map { " \($0)" } ?? "") }
}
