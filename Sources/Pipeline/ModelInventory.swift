import Checkpoints
import Foundation
import Models

/// A model that was found on this machine.
public struct FoundModel: Sendable, Codable {
  public let name: String
  /// What `--model` takes.
  public let path: String
  /// dev, schnell, fill, control.
  public let kind: String
  /// Layout and main encoding: "diffusers, BF16", "GGUF, Q4_K".
  public let format: String
  /// Of the weights that it would run with.
  public let bytes: Int
  /// What it lacks to run; empty if nothing.
  public let missing: [String]
}

extension ModelPlaces {
  /// Every model in `$FLUXLUA_MODELS` and in the hub's cache, and the one inside the program.
  public func models() -> [FoundModel] {
    var found = [Self.model(.embedded, name: "embedded", path: "embedded", self)].compactMap { $0 }
    var seen: Set<String> = []
    for (name, path) in folders.flatMap({ candidates(in: $0, depth: 3) }) + snapshots.flatMap({ snapshot in
      candidates(in: snapshot.path, depth: 0).map { ($0.path == snapshot.path ? snapshot.name : "\(snapshot.name)/\($0.name)", $0.path) }
    }) where seen.insert(path).inserted {
      if let model = Self.model(.named(path), name: name, path: path, self) { found.append(model) }
    }
    return found
  }

  /// Folders with a transformer, and files that may hold one.
  private func candidates(in path: String, depth: Int) -> [(name: String, path: String)] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    if names.contains("transformer"), ModelShelf.isFolder("\(path)/transformer") { return [((path as NSString).lastPathComponent, path)] }
    let files = names.filter(ModelFile.mayBe).filter { name in
      (try? ModelFile(path: "\(path)/\(name)"))?.parts[.transformer] != nil
    }
    let inner = depth == 0 ? [] : names.filter { !$0.hasPrefix(".") && ModelShelf.isFolder("\(path)/\($0)") }
    return files.map { ($0, "\(path)/\($0)") } + inner.flatMap { candidates(in: "\(path)/\($0)", depth: depth - 1) }
  }

  private static func model(_ source: ModelSource, name: String, path: String, _ places: ModelPlaces) -> FoundModel? {
    let parts: ModelParts
    do { parts = try ModelParts(source, places) } catch {
      // What cannot run is listed too, with why.
      let seen = try? ModelDescription(path), main = seen?.encodings.first?.type
      return FoundModel(name: name, path: path, kind: seen?.parts.first?.kind ?? "?", format: [seen?.format, main].compactMap { $0 }.joined(separator: ", "),
                        bytes: seen?.bytes ?? 0, missing: ["\(error)"])
    }
    guard let transformer = parts.weights[.transformer], let settings = parts.settings[.transformer] else { return nil }
    let isFile = ModelFile.mayBe(transformer.path)
    let layout = !isFile ? "diffusers" : transformer.path.lowercased().hasSuffix(".gguf") ? "GGUF" : "safetensors"
    let main = transformer.checkpoint.mainType
    let bytes = parts.weights.values.reduce(0) { $0 + $1.checkpoint.byteCount }
    return FoundModel(name: name, path: path, kind: (try? FluxConfiguration(settings))?.kind ?? "?", format: "\(layout), \(main)", bytes: bytes, missing: parts.missing)
  }
}

extension Checkpoint {
  /// The type that takes the most bytes.
  var mainType: String {
    Dictionary(grouping: entries.values, by: \.type).mapValues { $0.reduce(0) { $0 + $1.byteCount } }.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "?"
  }
}
