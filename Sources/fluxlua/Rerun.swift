import ArgumentParser
import Foundation
import Imaging
import Pipeline
import Scripting
import Tensors

/// `fluxlua rerun PICTURE`: makes a picture again from what it carries, and compares.
struct Rerun: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a picture again from what it carries, and say whether it is the same.",
    discussion: """
      Values alone make it again where no function of a recipe had a hand in it; else the recipe that it carries is run to that picture. Exit code 0 \
      where both are identical, 1 where they differ.
      """)

  @ArgumentParser.Argument(help: "A picture that fluxlua made.", completion: .file(extensions: ["png", "jpg", "jpeg", "webp"])) var picture: String
  @Option(name: .shortAndLong, help: ArgumentHelp("Write what was made to this file.", valueName: "file")) var output: String?
  @Option(help: ArgumentHelp("The folder whose files the recipe may read; the current one by default.", valueName: "folder")) var folder = "."
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func run() throws {
    try engine.useThreads()
    let image: Image
    do { image = try Image(contentsOf: picture) } catch { Exit.unusable.leave(saying: "\(error)") }
    guard let record = image.text["fluxlua"].flatMap({ try? JSONDecoder().decode(PictureRecord.self, from: Data($0.utf8)) }) else {
      Exit.unusable.leave(saying: "\(picture): carries no record of fluxlua")
    }
    let attempt = Attempt(wanted: WantedPicture(image, record), source: try engine.source(), folder: folder, display: ProgressDisplay(quiet: engine.quiet), limits: try engine.limits())
    let memory = try engine.memoryBytes()
    throw EngineThread.run(attempt.cancellation, memoryLimit: memory) { conclude(attempt) }
  }

  private func conclude(_ attempt: Attempt) -> Exit {
    let result: (image: Image, way: String)
    do { result = try attempt.made() } catch let exit as Exit { return exit } catch {
      attempt.display.say("fluxlua: \(error)")
      return switch (error as? Cancelled)?.reason { case .interrupted: .interrupted; case .terminated: .terminated; default: .failed }
    }
    let wanted = attempt.wanted
    if let output {
      do { try result.image.write(to: output) } catch {
        attempt.display.say("fluxlua: \(error)")
        return .failed
      }
    }
    guard (result.image.width, result.image.height, result.image.channels) == (wanted.picture.width, wanted.picture.height, wanted.picture.channels) else {
      print("\(picture): was edited after it was made: it is \(wanted.picture.width)x\(wanted.picture.height), what was made is \(result.image.width)x\(result.image.height)")
      return .failed
    }
    if result.image.pixels == wanted.picture.pixels {
      print("\(picture): identical, made again \(result.way)")
      return .done
    }
    let decibels = (try? result.image.psnr(wanted.picture)) ?? 0
    let own = result.image.text["fluxlua"].flatMap { try? JSONDecoder().decode(PictureRecord.self, from: Data($0.utf8)) }
    let differences = own?.differences(from: wanted.record) ?? []
    print("\(picture): differs by \(String(format: "%.1f", decibels)) dB, made again \(result.way)")
    for difference in differences { print("  \(difference)") }
    if differences.isEmpty { print("  model, version and instruction set are the same; the picture was edited, saved with losses, or made from files that have changed") }
    return .failed
  }
}

/// The work of `rerun`, which takes the engine's thread.
private struct Attempt: @unchecked Sendable {
  let wanted: WantedPicture
  let source: ModelSource
  let folder: String
  let display: ProgressDisplay
  let limits: Limits
  let cancellation = Cancellation()

  /// By values where they say it all and give the same pixels, else by the recipe.
  func made() throws -> (image: Image, way: String) {
    let byValues = try replayed()
    if let byValues, byValues.pixels == wanted.picture.pixels { return (byValues, "from its values") }
    guard let recipe = wanted.record.recipe else {
      guard let byValues else {
        display.say("fluxlua: the picture carries no recipe, and its values alone do not make it: functions, a picture or given noise had a hand in it")
        throw Exit.failed
      }
      return (byValues, "from its values")
    }
    if let byRecipe = try rerun(recipe) { return (byRecipe, "by its recipe \(recipe.name)") }
    guard let byValues else {
      display.say("fluxlua: \(recipe.name), as the picture carries it, no longer makes such a picture: files that it reads may have changed")
      throw Exit.failed
    }
    return (byValues, "from its values")
  }

  private func replayed() throws -> Image? {
    guard let request = try wanted.record.request() else { return nil }
    let pipeline: FluxPipeline
    do { pipeline = try FluxPipeline(source, precision: Precision(rawValue: wanted.record.model.precision) ?? .auto, cancellation: cancellation) } catch {
      display.say("fluxlua: \(error)")
      throw Exit.unusable
    }
    pipeline.observer = display.show
    let images = try pipeline.generate(request), place = wanted.record.picture - 1
    guard images.indices.contains(place) else { return nil }
    var image = images[place], record = PictureRecord(request, on: pipeline, size: request.size ?? Size(pipeline.defaults.size), picture: place + 1, batch: images.count)
    record.recipe = wanted.record.recipe
    image.text = record.texts
    return image
  }

  private func rerun(_ given: PictureRecord.Recipe) throws -> Image? {
    let out = FileManager.default.temporaryDirectory.appending(path: "fluxlua-rerun-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: out) }
    let files = FileAccess(recipeFolder: folder, out: out, recipe: given.name)
    var session = Session(model: source, precision: Precision(rawValue: wanted.record.model.precision) ?? .auto, files: files, observer: display.show)
    session.wanted = wanted
    if let cell = wanted.cell { session.sweeps.mode = .only(cell) }
    let settings = Recipe.Settings(parameters: given.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, limits: limits, cancellation: cancellation, session: session)
    let outcome = Recipe(name: given.name, folder: folder, source: given.text).run(settings)
    if let made = wanted.made, cancellation.requested == nil { return made }
    guard case .failure(let failure) = outcome else { return nil }
    display.say("fluxlua: \(failure.report)")
    throw failure.kind == .interrupted ? Exit.interrupted : failure.kind == .terminated ? .terminated : failure.kind == .unusable ? .unusable : .failed
  }
}
