import ArgumentParser
import Foundation
import Pipeline

/// `fluxlua models`: what there is on this machine.
struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the models on this machine, and what each lacks to run.",
    discussion: "Looks in $FLUXLUA_MODELS (folders with colons between them) and in the cache of the Hugging Face hub. The path is what --model takes.")

  @Flag(help: "One JSON object a line.") var json = false

  func run() throws {
    let models = ModelPlaces().models()
    if json { return models.forEach { print(Self.json($0)) } }
    for model in models {
      let size = model.bytes < 1_000_000_000 ? String(format: "%.1f MB", Double(model.bytes) / 1e6) : String(format: "%.1f GB", Double(model.bytes) / 1e9)
      print("\(model.name)  \(model.kind), \(model.format), \(size)")
      if model.path != model.name { print("  \(model.path)") }
      if !model.missing.isEmpty { print("  missing: \(model.missing.joined(separator: ", "))") }
    }
    let places = ModelPlaces()
    if places.folders.isEmpty { print("\n$FLUXLUA_MODELS is not set: put the folders that hold models there, with colons between them.") }
  }

  /// One line of JSON.
  static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
