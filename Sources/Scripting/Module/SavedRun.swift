import Checkpoints
import Conditioning
import Denoising
import Foundation
import Pipeline
import Tensors

/// A run between two steps as a file keeps it: a safetensors file whose metadata hold the plain values.
struct SavedRun: Codable {
  /// A number for each step as far as it is plain.
  enum Numbers: Codable, Equatable, CustomStringConvertible {
    case one(Double), list([Double])

    init?(_ value: LuaPerStep<Double>) {
      switch value {
      case .constant(let number): self = .one(number)
      case .list(let numbers): self = .list(numbers)
      case .function: return nil
      }
    }

    var description: String { switch self { case .one(let number): "\(number)"; case .list(let numbers): "\(numbers)" } }
    var perStep: LuaPerStep<Double> { switch self { case .one(let number): .constant(number); case .list(let numbers): .list(numbers) } }
  }

  /// A LoRA beside the weights.
  struct Adapter: Codable {
    var file: String, sha256: String
    /// nil of a function.
    var scale: Numbers?
    var text: Double?, partial: Bool, merge: Bool?

    init(_ loaded: LuaAdapter.Loaded) {
      (file, sha256, scale) = (loaded.given.file, loaded.lora.sha256, Numbers(loaded.given.scale))
      (text, partial, merge) = (loaded.given.text, loaded.given.isPartial, loaded.given.merge)
    }
  }

  /// A picture that steers; its latents are among the tensors.
  struct Control: Codable {
    /// nil of a model's own.
    var file: String?, hash: String?
    /// nil of a function.
    var scale: Numbers?
    var from: Double, to: Double, mode: Int?

    init(_ control: LuaControl, hash: String?) {
      (file, self.hash, scale) = (control.model, hash, Numbers(control.scale))
      (from, to, mode) = (control.from, control.to, control.mode)
    }
  }

  /// A step cache, and what it came to.
  struct Cache: Codable { var settings: StepCache, blocks: Int, spared: Int }

  var model: String
  var index: Int, sigma: Float
  var sigmas: [Float]
  var seeds: [Int64], width: Int, height: Int
  var sampler: String?, eta: Numbers?, sNoise: Numbers?
  var rng: String?
  var guidance: Numbers?
  var cfg: Numbers?, from = 0.0, to = 1.0, combine: String?
  /// Options that were functions: whoever goes on gives them again.
  var functions: [String]
  var numbers: [String: Double]
  var records: [PictureRecord]
  var cache: Cache?
  /// Of the model, and of the call.
  var modelAdapters: [Adapter]?, adapters: [Adapter]?
  var controls: [Control]?
}

/// The tensors beside it.
struct SavedTensors {
  var latents: Tensor
  var conditioning: [Conditioning], negative: [Conditioning]
  var sampler: [String: Tensor]
  /// What a step cache remembers.
  var cache: [String: Tensor]
  var repaint: Repaint?
  /// What the model was shown besides.
  var company: [String: Tensor] = [:]

  var named: [String: Tensor] {
    var all = ["latents": latents]
    for (list, name) in [(conditioning, "conditioning"), (negative, "negative")] {
      for (index, one) in list.enumerated() {
        all["\(name).\(index).sequence"] = one.sequence
        all["\(name).\(index).pooled"] = one.pooled
      }
    }
    for (name, tensor) in sampler { all["sampler.\(name)"] = tensor }
    for (name, tensor) in cache { all["cache.\(name)"] = tensor }
    if let repaint { all.merge(["repaint.mask": repaint.mask, "repaint.original": repaint.original, "repaint.noise": repaint.noise]) { $1 } }
    for (name, tensor) in company { all["company.\(name)"] = tensor }
    return all
  }

  init(latents: Tensor, conditioning: [Conditioning], negative: [Conditioning], sampler: [String: Tensor], cache: [String: Tensor], repaint: Repaint?, company: [String: Tensor]) {
    (self.latents, self.conditioning, self.negative, self.sampler, self.cache, self.repaint, self.company) = (latents, conditioning, negative, sampler, cache, repaint, company)
  }

  init(_ checkpoint: Checkpoint) throws {
    func list(_ name: String) throws -> [Conditioning] {
      var all: [Conditioning] = []
      while checkpoint.entries["\(name).\(all.count).sequence"] != nil {
        all.append(Conditioning(sequence: try checkpoint.tensor("\(name).\(all.count).sequence"), pooled: try checkpoint.tensor("\(name).\(all.count).pooled")))
      }
      return all
    }
    latents = try checkpoint.tensor("latents")
    (conditioning, negative) = (try list("conditioning"), try list("negative"))
    repaint = checkpoint.entries["repaint.mask"] == nil ? nil
      : Repaint(mask: try checkpoint.tensor("repaint.mask"), original: try checkpoint.tensor("repaint.original"), noise: try checkpoint.tensor("repaint.noise"))
    func tensors(_ start: String) throws -> [String: Tensor] {
      Dictionary(uniqueKeysWithValues: try checkpoint.entries.keys.filter { $0.hasPrefix(start) }.map { (String($0.dropFirst(start.count)), try checkpoint.tensor($0)) })
    }
    (sampler, cache, company) = (try tensors("sampler."), try tensors("cache."), try tensors("company."))
  }
}

/// The key of the metadata that hold the plain values.
private let savedKey = "fluxlua run"

extension LuaRun {
  /// Writes what it takes to go on from here.
  func save(at step: Step?, to path: String) throws {
    guard path.lowercased().hasSuffix(".safetensors") else { throw LuaError("'\(path)' must end in .safetensors") }
    let (saved, tensors) = try saved(at: step)
    let bytes = try saved.file(tensors, recipe: model.flux.session.files.recipe)
    try model.flux.session.files.write(bytes, to: path)
  }
}

extension LuaModel {
  /// A run that was saved, going on to the same bytes.
  func resume(_ path: String, _ changes: Argument) throws -> LuaRun {
    let file = try FileBytes(mapping: flux.session.files.file(path))
    let (saved, tensors) = try flux.engine { try SavedRun.read(file, path) }
    guard saved.model == pipeline.hash else {
      throw LuaError("'\(path)' was saved with another model (\(saved.model.prefix(10))…, this is \(pipeline.hash.prefix(10))…)")
    }
    try checkAdapters(of: saved, path)
    var options = try saved.options(tensors)
    let given = changes.isTable ? changes.keys.names : []
    if !changes.isAbsent { options = try options.changed(by: changes) }
    if let lost = saved.functions.first(where: { !given.contains($0) }) {
      throw LuaError("'\(lost)' was a function when '\(path)' was saved, and functions are not saved: give it again")
    }
    try tensors.check(path, width: pipeline.configuration.width)
    if !given.contains("lora") {
      try checkFiles(saved.adapters ?? [], path)
      options.merged = saved.records.first?.adapters?.map { $0.merged ?? false } ?? []
    }
    if !given.contains("control") { try checkNets(saved.controls ?? [], path) }
    let run = try LuaRun(self, options.prompt ?? PromptList(all: tensors.conditioning.map { .conditioning($0) }), options, changes.lua)
    let state = given.contains("sampler") ? SamplerState() : SamplerState(tensors: tensors.sampler, numbers: saved.numbers)
    let memory = saved.memory(tensors)
    try run.stand(at: .init(index: saved.index, sigma: saved.sigma, latents: tensors.latents, sampler: state, memory: given.isEmpty ? memory : memory.forgotten), after: saved.records, changed: !given.isEmpty)
    return run
  }
}

extension LuaModel {
  /// The model must have the adapters that it had when the run was saved.
  fileprivate func checkAdapters(of saved: SavedRun, _ path: String) throws {
    let had = saved.modelAdapters ?? []
    let have = adapters.map { SavedRun.Adapter($0) }
    guard had.map(\.sha256) != have.map(\.sha256) || had.map(\.scale) != have.map(\.scale) || had.map(\.text) != have.map(\.text) else { return }
    func list(_ all: [SavedRun.Adapter]) -> String {
      all.isEmpty ? "no LoRA" : all.map { "'\($0.file)' (scale \($0.scale.map { "\($0)" } ?? "a function"))" }.joined(separator: ", ")
    }
    throw LuaError("'\(path)' was saved with a model that had \(list(had)), this one has \(list(have)); model:with_lora gives it the same")
  }

  /// Files of adapters must be the ones that the run had.
  fileprivate func checkFiles(_ saved: [SavedRun.Adapter], _ path: String) throws {
    for (one, found) in zip(saved, try flux.loaded(saved.map { LuaAdapter(file: $0.file, isPartial: $0.partial) }, on: pipeline)) where one.sha256 != found.lora.sha256 {
      throw LuaError("'\(path)' was saved with another '\(one.file)' (sha256 \(one.sha256.prefix(10))…, this is \(found.lora.sha256.prefix(10))…)")
    }
  }

  /// And so must those of ControlNets.
  fileprivate func checkNets(_ saved: [SavedRun.Control], _ path: String) throws {
    for one in saved {
      guard let file = one.file, let hash = one.hash, let found = try flux.loaded(LuaControl(model: file), on: pipeline), found.hash != hash else { continue }
      throw LuaError("'\(path)' was saved with another '\(file)' (sha256 \(hash.prefix(10))…, this is \(found.hash.prefix(10))…)")
    }
  }
}

extension SavedTensors {
  /// What a mask left as it was and what the model was shown must be of the latents' shape, what a cache remembers of the model's.
  func check(_ path: String, width: Int) throws {
    let shape = latents.shape, height = shape.count == 4 ? shape[2] : 0, across = shape.count == 4 ? shape[3] : 0
    for (name, tensor) in company {
      let own = tensor.shape, isReference = name.hasPrefix("reference.")
      guard tensor.isFinite, isReference ? own.count == 3 && own.allSatisfy({ $0 > 0 }) && own[1] % 2 == 0 && own[2] % 2 == 0 && own[0] == shape[1]
        : own.count == 4 && own[0] == shape[0] && own[2] == height && own[3] == across && (name == "channels" || own[1] == shape[1]) else {
        throw CheckpointError.malformed(path, "holds '\(name)' of the shape \(own), which does not belong to latents of \(shape)")
      }
    }
    let tokens = company.filter { $0.key.hasPrefix("reference.") }.reduce(height * across / 4) { $0 + $1.value.shape[1] * $1.value.shape[2] / 4 }
    if let (name, tensor) = cache.first(where: { $0.value.shape != [tokens, width] || !$0.value.isFinite }) {
      throw CheckpointError.malformed(path, "holds a step cache '\(name)' of shape \(tensor.shape), where this model and size have finite numbers of shape \([tokens, width])")
    }
    guard let repaint else { return }
    guard shape.count == 4, repaint.original.shape == shape, repaint.noise.shape == shape, repaint.mask.shape == [1, 1, shape[2], shape[3]] else {
      throw CheckpointError.malformed(path, "holds a mask or a picture that is not of its latents' shape \(shape)")
    }
  }
}

extension SavedRun {
  static func read(_ file: FileBytes, _ path: String) throws -> (SavedRun, SavedTensors) {
    guard let json = try Safetensors.metadata(of: file)[savedKey] else { throw CheckpointError.malformed(path, "is not a run that was saved by step:save or run:save") }
    do { return (try JSONDecoder().decode(SavedRun.self, from: Data(json.utf8)), try SavedTensors(Checkpoint(safetensors: file))) }
    catch is DecodingError { throw CheckpointError.malformed(path, "holds a damaged record of its run") }
  }

  /// The bytes of a file, for whoever writes it.
  func file(_ tensors: SavedTensors, recipe: String) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = String(decoding: try encoder.encode(self), as: UTF8.self)
    return try Safetensors.file(tensors.named, metadata: [savedKey: json, FileAccess.Mark.key: recipe])
  }

  /// What evaluations remembered.
  func memory(_ tensors: SavedTensors) -> EvaluationMemory {
    cache.map { EvaluationMemory(tensors: tensors.cache, blocks: $0.blocks, spared: $0.spared) } ?? EvaluationMemory()
  }

  /// What the run was asked for, as far as it was plain.
  func options(_ tensors: SavedTensors) throws -> GenerateOptions {
    var options = GenerateOptions()
    options.size = PixelSize(width: width, height: height)
    options.seeds = seeds.count == 1 ? .one(seeds[0]) : .each(seeds)
    options.batch = tensors.latents.shape.first
    options.schedule = .given(try Schedule(part: sigmas))
    options.sampler = sampler.flatMap(NamedSampler.init(rawValue:)).map { .named($0) }
    (options.eta, options.sNoise, options.repaint) = (eta?.perStep, sNoise?.perStep, tensors.repaint)
    options.rng = rng.flatMap { NoiseKind($0) } ?? .torch
    options.guidance = guidance?.perStep
    restore(&options, tensors.company)
    options.cache = cache.map { .init(threshold: Double($0.settings.threshold), start: $0.settings.start, stop: $0.settings.stop) }
    options.lora = (adapters ?? []).map { LuaAdapter(file: $0.file, scale: $0.scale?.perStep ?? .constant(0), text: $0.text, isPartial: $0.partial, merge: $0.merge) }
    if let cfg {
      var two = GenerateOptions.CFGOptions()
      (two.scale, two.from, two.to) = (cfg.perStep, from, to)
      two.negative = PromptList(all: tensors.negative.map { .conditioning($0) })
      two.combine = combine.flatMap { name in Guidance.Combination.named.first { $0.key == name }?.value }.map { .named($0, combine ?? "") }
      options.cfg = two
    }
    return options
  }
}

extension SavedRun {
  /// What the model was shown besides, as latents.
  private func restore(_ options: inout GenerateOptions, _ company: [String: Tensor]) {
    options.control = (controls ?? []).enumerated().map { index, one in
      let latents = company[one.file == nil ? "channels" : "control.\(index)"]
      return LuaControl(model: one.file, picture: latents.map { .latents($0) }, scale: one.scale?.perStep ?? .constant(0), from: one.from, to: one.to, mode: one.mode)
    }
    var index = 0
    while let latents = company["reference.\(index)"] {
      options.reference.append(Reference(.latents(latents)))
      index += 1
    }
    if !options.control.contains(where: { $0.model == nil }) { options.channels = company["channels"] }
  }
}
