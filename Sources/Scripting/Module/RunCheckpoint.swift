import Checkpoints
import Foundation
import Tensors

/// A picture that is written down while it is being made, under a name that says what was asked for: the same call of the same
/// recipe goes on with it, to the same bytes, and the file is gone once the picture is there.
struct RunCheckpoint {
  private let every: Duration
  private let path: String
  private let files: FileAccess
  private var last = ContinuousClock.now

  /// Looks for what an earlier call left, and lets the run stand there.
  init(of run: LuaRun, every seconds: Double) throws {
    every = .seconds(seconds)
    files = run.model.flux.session.files
    let (start, tensors) = try run.saved(at: nil, hasCall: true)
    path = "checkpoints/\(try Self.key(start, tensors, run.model.flux)).safetensors"
    guard let found = try files.own(path) else { return }
    let (saved, kept) = try run.model.flux.engine { try SavedRun.read(FileBytes(mapping: found), path) }
    let state = kept.sampler
    try run.stand(at: .init(index: saved.index, sigma: saved.sigma, latents: kept.latents, sampler: .init(tensors: state, numbers: saved.numbers), memory: saved.memory(kept)),
                  after: saved.records, changed: false)
    run.model.flux.session.observer(.notice("going on after step \(saved.index) of \(saved.sigmas.count - 1), where this picture was interrupted"))
  }

  /// Everything that the picture depends on, the recipe's text for its functions.
  private static func key(_ start: SavedRun, _ tensors: SavedTensors, _ flux: FluxModule) throws -> String {
    var start = start
    for index in start.records.indices { start.records[index].recipe = nil }
    let digest = Digest()
    digest.update(flux.recipe.source)
    for (name, value) in flux.resolvedParameters { digest.update("\(name)=\(value)\n") }
    try start.file(tensors, recipe: "").withUnsafeBytes(digest.update)
    return String(digest.finish().prefix(24))
  }

  mutating func stepWasMade(_ run: LuaRun) throws {
    if ContinuousClock.now - last >= every { try write(run) }
  }

  mutating func write(_ run: LuaRun) throws {
    let (saved, tensors) = try run.saved(at: nil, hasCall: true)
    let bytes = try saved.file(tensors, recipe: files.recipe)
    try files.keep(bytes, at: path)
    last = .now
  }

  func remove() { files.forget(path) }
}
