import Checkpoints
import Conditioning
import Denoising
import Foundation
import Imaging
import Tensors

/// Everything that made a picture, so that the picture can carry it: what was asked for, and what the loop then did.
public struct PictureRecord: Codable, Sendable, Equatable {
  /// The recipe that asked for it.
  public struct Recipe: Codable, Sendable, Equatable {
    public var name: String
    public var text: String
    public var sha256: String
    /// Declared parameters as they were set.
    public var parameters: [String: String]

    public init(name: String, text: String, parameters: [String: String] = [:]) {
      (self.name, self.text, self.parameters) = (name, text, parameters)
      sha256 = Digest.sha256(Array(text.utf8))
    }
  }

  /// The weights.
  public struct Model: Codable, Sendable, Equatable {
    public var name: String, kind: String, hash: String, precision: String
  }

  /// A LoRA beside the weights.
  public struct Adapter: Codable, Sendable, Equatable {
    /// The file.
    public var name: String
    public var sha256: String
    /// How much of it at each step.
    public var scales: [Float] = []
    /// How much of what it says of the text encoders, where it says anything.
    public var text: Float?
    /// Whether it was part of the weights.
    public var merged: Bool?
  }

  /// A picture that steered.
  public struct Control: Codable, Sendable, Equatable {
    /// The ControlNet's file; nil for a model's own control.
    public var name: String?, sha256: String?
    /// Which kind of picture it is.
    public var mode: Int?
    /// SHA-256 of its pixels.
    public var picture: String
    /// How much of it at each step.
    public var scales: [Float] = []
  }

  /// Pictures behind the words.
  public struct Redux: Codable, Sendable, Equatable {
    public struct Picture: Codable, Sendable, Equatable { public var picture: String, weight: Float?, pooled: Float?, strength: Float }
    public var name: String, sha256: String
    public var pictures: [Picture]
  }

  /// A step cache, and what it spared of this run's evaluations of blocks.
  public struct Cache: Codable, Sendable, Equatable {
    public var threshold: Float, start: Double, stop: Double
    public var blocks = 0, spared = 0
  }

  public var fluxlua = Version.number
  public var prompt: String?
  /// How it was read, where that was not plainly.
  public var promptText: PromptText?
  public var negative: String?
  /// The seed of the generator that drew the noise, and which of its pictures this is, from 1.
  public var seed: Int64
  public var picture: Int
  public var batch: Int
  public var width: Int, height: Int
  public var sampler: String
  /// Of a stochastic sampler, where they were given.
  public var eta: Double?, sNoise: Double?
  /// Where each step began, and where the last one ended.
  public var sigmas: [Float] = []
  /// Distilled guidance of each step; null for a model without.
  public var guidance: [Float?] = []
  /// Two-pass guidance of each step, where there was any.
  public var cfg: [Float]?
  /// Adapters in the order in which they were applied, where there were any.
  public var adapters: [Adapter]?
  /// Pictures that steered, that the model looked at (by the SHA-256 of their pixels), and that stood behind the words.
  public var controls: [Control]?, references: [String]?, redux: Redux?
  public var cache: Cache?
  /// Pixels along each side of the tiles that it was decoded in, where it was.
  public var tile: Int?
  /// What the noise was: "torch" and its like by their names, "given" for the recipe's own.
  public var noise: String
  /// What share of the schedule a picture was noised for, where the run started from one.
  public var strength: Double?
  /// Whether functions of the recipe had a hand in the loop: then these values alone do not make the picture again.
  public var scripted: Bool
  public var model: Model
  public var isa = InstructionSet.full
  public var oneDNN = Version.oneDNN
  public var recipe: Recipe?
}

extension PictureRecord {
  /// The record of a request's n-th picture (from 1), before its steps are made.
  public init(_ request: Request, on pipeline: FluxPipeline, size: Size, picture: Int, batch: Int, recipe: Recipe? = nil) {
    let seeds = request.seeds.all
    let read = Self.read(request.prompt, picture)
    (prompt, promptText) = (read.text, read.prompt?.isPlain == false ? read.prompt : nil)
    negative = request.cfg.flatMap { Self.read($0.negative, picture).text }
    seed = seeds.count > 1 ? seeds[picture - 1] : seeds[0]
    (self.picture, self.batch, width, height) = (seeds.count > 1 ? 1 : picture, seeds.count > 1 ? 1 : batch, size.width, size.height)
    sampler = request.sampler.name
    noise = request.noise == nil ? request.noiseKind.name : "given"
    strength = request.start.picture?.strength
    scripted = request.isScripted
    cfg = request.cfg == nil ? nil : []
    adapters = request.adapters.isEmpty ? nil : request.adapters.map {
      Adapter(name: $0.lora.name, sha256: $0.lora.sha256, text: $0.lora.changesText ? $0.text : nil, merged: $0.isMerged ? true : nil)
    }
    controls = request.controls.isEmpty ? nil : request.controls.map { Control(name: $0.net?.name, sha256: $0.net?.hash, mode: $0.mode, picture: $0.picture.digest) }
    references = request.references.isEmpty ? nil : request.references.map(\.picture.digest)
    redux = request.redux.map { redux in
      Redux(name: redux.file.name, sha256: redux.file.hash, pictures: redux.pictures.map { .init(picture: $0.image.digest, weight: $0.weight, pooled: $0.pooled, strength: $0.strength) })
    }
    cache = request.cache.map { Cache(threshold: $0.threshold, start: $0.start, stop: $0.stop) }
    tile = pipeline.side(of: request.tile, for: size)
    model = Model(name: pipeline.defaults.name ?? pipeline.name, kind: pipeline.kind, hash: pipeline.hash, precision: pipeline.precision.rawValue)
    self.recipe = recipe
  }

  private static func read(_ prompt: Prompt, _ picture: Int) -> (text: String?, prompt: PromptText?) {
    switch prompt {
    case .text(let text): return (text.text, text)
    case .conditioning(let all):
      let one = all[all.count > 1 ? picture - 1 : 0]
      return (one.text, one.prompt)
    }
  }

  /// Adds a step that was made.
  public mutating func add(_ step: Step) {
    if sigmas.isEmpty { sigmas = [step.sigma] }
    sigmas.append(step.next)
    guidance.append(step.guidance)
    if let scale = step.cfg { cfg?.append(scale) }
    for (index, scale) in step.scales.enumerated() { adapters?[index].scales.append(scale) }
    for (index, scale) in step.controls.enumerated() { controls?[index].scales.append(scale) }
  }

  /// Takes what a step cache has come to so far.
  public mutating func take(_ memory: EvaluationMemory) {
    cache?.blocks = memory.blocks
    cache?.spared = memory.spared
  }

  /// Goes on from the middle of another run: what that one did comes first. Where something changed there, values alone do
  /// not repeat both.
  public mutating func takeUp(_ other: PictureRecord, changed: Bool) {
    (sigmas, guidance) = (other.sigmas, other.guidance)
    if cfg != nil || other.cfg != nil { cfg = other.cfg ?? other.guidance.map { _ in 1 } }
    takeUpAdapters(other)
    takeUpControls(other)
    (references, redux) = (other.references, other.redux)
    (prompt, negative) = (prompt ?? other.prompt, negative ?? other.negative)
    scripted = scripted || other.scripted || changed
  }

  /// An adapter that only one of the two had was not there in the other.
  private mutating func takeUpAdapters(_ other: PictureRecord) {
    let steps = other.guidance.count, before = other.adapters ?? []
    var mine = (adapters ?? []).map { own in
      var own = own
      own.scales = before.first { $0.sha256 == own.sha256 && $0.name == own.name }?.scales ?? Array(repeating: 0, count: steps)
      return own
    }
    mine += before.filter { one in !mine.contains { $0.sha256 == one.sha256 && $0.name == one.name } }
    if !mine.isEmpty { adapters = mine }
  }

  /// Where a run goes on from a file, its pictures are there as latents: what they were stands in the other record.
  private mutating func takeUpControls(_ other: PictureRecord) {
    let before = other.controls ?? [], same = before.map(\.sha256) == (controls ?? []).map(\.sha256)
    for index in (controls ?? []).indices {
      if same { controls?[index].picture = before[index].picture }
      controls?[index].scales = same ? before[index].scales : Array(repeating: 0, count: other.guidance.count)
    }
    if controls == nil, !before.isEmpty { controls = before }
  }

  /// Begins at a place on the same way that another picture has come to.
  public mutating func takeUp(_ place: PrefixMemo.Place) {
    (sigmas, guidance, cfg) = (place.sigmas, place.guidance, place.cfg)
    for (index, scales) in place.scales.enumerated() { adapters?[index].scales = scales }
    for (index, scales) in place.controls.enumerated() { controls?[index].scales = scales }
  }

  /// The text that the picture carries: a line that most tools read, and all of this as JSON.
  public var texts: [TextEntry] {
    [TextEntry(Infotext.key, infotext.description), TextEntry("fluxlua", json)]
  }

  /// The record as one line of JSON.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }

  private var infotext: Infotext {
    var infotext = Infotext(prompt: prompt ?? "", negativePrompt: negative ?? "")
    func show(_ value: Float) -> String { value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)" }
    infotext.fields["Steps"] = "\(max(sigmas.count - 1, 0))"
    infotext.fields["Sampler"] = NamedSampler(rawValue: sampler) == nil ? sampler : sampler.prefix(1).uppercased() + sampler.dropFirst()
    infotext.fields["CFG scale"] = show(cfg?.first ?? 1)
    if let first = guidance.first ?? nil { infotext.fields["Distilled CFG Scale"] = show(first) }
    infotext.fields["Seed"] = "\(seed)"
    infotext.fields["Size"] = "\(width)x\(height)"
    infotext.fields["Model hash"] = String(model.hash.prefix(10))
    infotext.fields["Model"] = model.name.split(separator: "/").last.map(String.init) ?? model.name
    if let adapters {
      infotext.fields["Lora hashes"] = adapters.map { "\($0.shortName): \($0.sha256.prefix(12))" }.joined(separator: ", ")
    }
    if let strength { infotext.fields["Denoising strength"] = "\(strength)" }
    infotext.fields["RNG"] = noise == "a1111" ? "NV" : "CPU"
    infotext.fields["Version"] = "fluxlua \(fluxlua)"
    return infotext
  }
}

extension PictureRecord.Adapter {
  /// The file's name without folder and ending.
  public var shortName: String { ((name as NSString).lastPathComponent as NSString).deletingPathExtension }
}
