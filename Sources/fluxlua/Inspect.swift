import ArgumentParser
import Foundation
import Imaging
import Pipeline

/// `fluxlua inspect FILE`: what made a picture, from what it carries; what a model file or folder holds.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Show what made a picture, or what a model file or a LoRA holds.")

  @Argument(help: "A PNG, JPEG or WebP picture, a .safetensors or .gguf file, or a folder of a model.", completion: .file(extensions: ["png", "jpg", "jpeg", "webp", "safetensors", "gguf"]))
  var picture: String
  @Option(help: ArgumentHelp("Hold a LoRA against this model; without it, against the names of FLUX.1's layers.", valueName: "model")) var model: String?
  @Flag(help: "Print only the recipe's text.") var recipe = false
  @Flag(help: "Print only the record, as JSON.") var json = false

  func run() throws {
    if ModelDescription.describes(picture) { return try describe() }
    let image: Image
    do { image = try Image(contentsOf: picture) } catch { Exit.unusable.leave(saying: "\(error)") }
    let record = image.text["fluxlua"].flatMap { try? JSONDecoder().decode(PictureRecord.self, from: Data($0.utf8)) }
    if recipe || json {
      guard let record else { Exit.unusable.leave(saying: "\(picture): carries no record of fluxlua") }
      if json { return print(record.json) }
      guard let recipe = record.recipe else { Exit.unusable.leave(saying: "\(picture): was not made by a recipe") }
      return print(recipe.text, terminator: recipe.text.hasSuffix("\n") ? "" : "\n")
    }
    print("\(picture): \(image.width)x\(image.height) \(image.channels == 1 ? "grey" : "RGB")")
    if let record { show(record) }
    let shown = record == nil ? [] : ["fluxlua", Infotext.key, "Recipe"]
    for entry in image.text where !shown.contains(entry.key) { print("\n\(entry.key):\n\(entry.value)") }
    if image.text.isEmpty { print("carries no text") }
  }

  /// What a file or folder of weights holds.
  private func describe() throws {
    if recipe { Exit.usage.leave(saying: "--recipe is for pictures; \(picture) is a model") }
    do {
      if AdapterDescription.describes(picture) {
        let description = try AdapterDescription(picture, on: model.map { $0 == "embedded" ? .embedded : .named($0) })
        return print(json ? Models.json(description) : description.lines.joined(separator: "\n"))
      }
      if ControlNetFile.describes(picture) {
        let description = try ControlNetFile(picture).description
        return print(json ? Models.json(description) : description.lines.joined(separator: "\n"))
      }
      let description = try ModelDescription(picture)
      if json { print(Models.json(description)) } else { print(description.lines.joined(separator: "\n")) }
    } catch { Exit.unusable.leave(saying: "\(error)") }
  }

  private func show(_ record: PictureRecord) {
    func line(_ name: String, _ value: String?) {
      if let value { print((name + ":").padding(toLength: 13, withPad: " ", startingAt: 0) + value) }
    }
    func list(_ values: [Float]) -> String { Set(values).count == 1 && values.count > 1 ? "\(values[0]) at every step" : values.map { "\($0)" }.joined(separator: " ") }
    line("prompt", record.prompt)
    line("negative", record.negative)
    line("seed", "\(record.seed)" + (record.batch > 1 ? ", picture \(record.picture) of \(record.batch)" : "") + (record.noise == "given" ? " (noise given by the recipe)" : ""))
    line("sampler", "\(record.sampler), \(max(record.sigmas.count - 1, 0)) steps")
    line("sigmas", record.sigmas.map { "\($0)" }.joined(separator: " "))
    line("guidance", record.guidance.contains { $0 != nil } ? list(record.guidance.map { $0 ?? .nan }) : nil)
    line("cfg", record.cfg.map(list))
    for adapter in record.adapters ?? [] {
      line("lora", "\(adapter.name), sha256 \(adapter.sha256.prefix(12))…, scale \(list(adapter.scales))" + (adapter.text.map { ", text \($0)" } ?? ""))
    }
    for control in record.controls ?? [] {
      line("control", (control.name.map { "\($0), sha256 \(control.sha256?.prefix(12) ?? "")…, " } ?? "the model's own, ") + (control.mode.map { "mode \($0), " } ?? "")
        + "scale \(list(control.scales)), picture sha256 \(control.picture.prefix(12))…")
    }
    for reference in record.references ?? [] { line("reference", "picture sha256 \(reference.prefix(12))…") }
    if let redux = record.redux {
      line("redux", "\(redux.name), sha256 \(redux.sha256.prefix(12))…, \(redux.pictures.count) \(redux.pictures.count == 1 ? "picture" : "pictures")")
    }
    line("model", "\(record.model.name) (\(record.model.kind), \(record.model.precision)), sha256 \(record.model.hash)")
    line("made by", "fluxlua \(record.fluxlua), oneDNN \(record.oneDNN), \(record.isa) kernels")
    line("scripted", record.scripted ? "yes: functions of the recipe had a hand in the loop" : nil)
    guard let recipe = record.recipe else { return }
    line("recipe", "\(recipe.name), sha256 \(recipe.sha256)")
    for (name, value) in recipe.parameters.sorted(by: { $0.key < $1.key }) { line("  \(name)", value) }
    print("\n" + recipe.text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  \($0)" }.joined(separator: "\n"),
          terminator: recipe.text.hasSuffix("\n") ? "" : "\n")
  }
}
