import Foundation
import Pipeline
import Tensors

/// What a recipe would take, found by running it against a stand-in for the model: every option is read and every step made,
/// but nothing is computed or written.
package struct Plan: Sendable, Encodable, Equatable {
  /// What one of the recipe's models would do.
  package struct Model: Sendable, Encodable, Equatable {
    package var name: String, kind: String, precision: String
    /// Prompts that are encoded, calls of the transformer (one for each picture and pass), pictures that are decoded.
    package var prompts: Int, evaluations: Int, pictures: Int
    package var megapixels: Double
    /// How many pictures of each size, the most first.
    package var sizes: [String]
    /// With the reading of its weights.
    package var seconds: Double
    package var bytes: Int, mapped: Int
  }

  package var recipe: String
  package var models: [Model]
  package var steps: Int
  /// Steps that cells of a sweep share, and that are made once for all of them: not among `steps`.
  package var shared: Int
  package var files: [String]
  /// What the recipe itself takes: Lua, samplers, files.
  package var overhead: Double
  package var threads: Int

  package var seconds: Double { models.reduce(overhead) { $0 + $1.seconds } }
  package var bytes: Int { models.map(\.bytes).max() ?? 0 }
  package var mapped: Int { models.map(\.mapped).max() ?? 0 }
  package var pictures: Int { models.reduce(0) { $0 + $1.pictures } }
  package var evaluations: Int { models.reduce(0) { $0 + $1.evaluations } }
  package var megapixels: Double { models.reduce(0) { $0 + $1.megapixels } }
}

extension Plan.Model {
  init(_ pipeline: FluxPipeline) throws {
    let workload = pipeline.workload, estimate = try pipeline.estimate(workload)
    var pixels = 0, bySize: [Size: Int] = [:]
    (prompts, evaluations, pictures) = (0, 0, 0)
    for (work, count) in workload {
      switch work {
      case .text: prompts += count
      case .velocity: evaluations += count
      case .decode(let size):
        pictures += count
        pixels += count * size.width * size.height
        bySize[size, default: 0] += count
      case .encode, .preview, .network: break
      }
    }
    megapixels = Double(pixels) / 1e6
    sizes = bySize.sorted { ($0.value, $0.key.width) > ($1.value, $1.key.width) }.map { bySize.count == 1 ? "\($0.key)" : "\($0.value) of \($0.key)" }
    (name, kind, precision) = (pipeline.defaults.name ?? pipeline.name, pipeline.kind, pipeline.precision.rawValue)
    (seconds, bytes, mapped) = (estimate.seconds, estimate.bytes, estimate.mapped)
  }
}

extension Recipe {
  /// What the recipe would take.
  package func plan(_ settings: Settings) -> Result<Plan, RecipeFailure> {
    let steps = Counter(), start = ContinuousClock.now
    var settings = settings
    let observer = settings.session.observer
    settings.session.observer = { activity in
      if case .step = activity { steps.count() }
      if case .notice = activity { observer(activity) }
    }
    return run(settings) { [settings] flux, _ in
      let overhead = try (ContinuousClock.now - start) / .seconds(1) + settings.session.files.paperwork.seconds()
      return Plan(recipe: name, models: try flux.loaded.map(Plan.Model.init), steps: steps.value, shared: flux.work.prefixes.spared, files: settings.session.files.saved,
                  overhead: overhead, threads: Team.threads)
    }
  }
}

extension Plan {
  private enum Key: String, CodingKey { case recipe, models, pictures, megapixels, steps, shared = "shared_steps", evaluations, seconds, bytes, mapped = "mapped_bytes", threads, files }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(recipe, forKey: .recipe)
    try fields.encode(models, forKey: .models)
    try fields.encode(files, forKey: .files)
    try fields.encode(seconds, forKey: .seconds)
    try fields.encode(megapixels, forKey: .megapixels)
    for (value, key) in [(pictures, Key.pictures), (steps, .steps), (shared, .shared), (evaluations, .evaluations), (bytes, .bytes), (mapped, .mapped), (threads, .threads)] { try fields.encode(value, forKey: key) }
  }

  /// For programs: one line.
  package var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  /// For people.
  package var report: String {
    var lines = ["\(recipe) would make \(Self.count(pictures, "picture"))\(size) in \(Self.count(steps, "step")), with \(Self.count(evaluations, "evaluation")) of the transformer."]
    func line(_ name: String, _ value: String) { lines.append("  " + name.padding(toLength: 9, withPad: " ", startingAt: 0) + value) }
    if shared > 0 { lines[0] += "\n  \(Self.count(shared, "further step")) \(shared == 1 ? "is" : "are") shared between cells, and made once." }
    for model in models { line(models.count == 1 ? "model" : "a model", "\(model.name) (\(model.kind), \(model.precision))") }
    if !models.isEmpty { line("time", "about \(Self.time(seconds)) on \(Self.count(threads, "thread"))") }
    if !models.isEmpty { line("memory", "about \(Self.memory(bytes)) at the most" + (mapped > 0 ? ", and \(Self.memory(mapped)) of the model's files that are mapped" : "")) }
    if let last = files.last { line("files", files.count == 1 ? last : "\(files.count), the last one \(last)") }
    return lines.joined(separator: "\n")
  }

  private var size: String {
    guard pictures > 0 else { return "" }
    let sizes = models.flatMap(\.sizes)
    let all = sizes.count == 1 ? " of \(sizes[0])" : sizes.count <= 3 ? ": \(sizes.joined(separator: ", "))," : " of \(sizes.count) sizes"
    return all + String(format: " (%.3g megapixels)", megapixels)
  }

  package static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  /// `45 s`, `12 min`, `3 h 20 min`.
  package static func time(_ seconds: Double) -> String {
    if seconds < 9.95 { return String(format: "%.1f s", seconds) }
    if seconds < 99.5 { return String(format: "%.0f s", seconds) }
    let minutes = Int((seconds / 60).rounded())
    return minutes < 100 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }

  package static func memory(_ bytes: Int) -> String {
    bytes < 1_000_000_000 ? "\((bytes + 500_000) / 1_000_000) MB" : String(format: "%.1f GB", Double(bytes) / 1e9)
  }
}
