import Checkpoints
import Conditioning
import EmbeddedModel
import Foundation
import Models
import Tensors

/// The parts of a model, found: weights, sizes, and what stands beside them. What is missing is listed, all at once.
///
/// A folder of diffusers' layout is taken as it is. Of single files, what they do not hold is looked for beside them, then in
/// `$FLUXLUA_MODELS`, then in the hub's cache; what does not fit the transformer is passed over.
struct ModelParts {
  private(set) var name: String
  private(set) var weights: [ModelPart: FoundPart] = [:]
  private(set) var settings: [ModelPart: Settings] = [:]
  private(set) var scheduler: Settings?
  private(set) var tokenizers: (clip: ModelFolder, t5: ModelFolder)?
  /// The folder that a fluxlua.json may be in.
  private(set) var home: ModelFolder?
  /// What the person should know: which of several files was taken.
  private(set) var notices: [String] = []

  private let source: ModelSource
  private let places: ModelPlaces
  private var complaints: [String] = []
  /// The folder of diffusers' layout that gives what is not named.
  private var base: ModelFolder?
  /// Shelves to look through, the nearest first; those of the machine are opened when they are needed.
  private var near: [ModelShelf] = []
  private var nearFolders: [String] = []

  init(_ source: ModelSource, _ places: ModelPlaces = ModelPlaces()) throws {
    (self.source, self.places) = (source, places)
    var named: [ModelSource.Part: String] = [:], baseText: String?
    switch source {
    case .embedded: (base, name) = (try Self.embedded(), "embedded")
    case .named(let text): (baseText, name) = (text, text)
    case .parts(let text, let parts): (baseText, named, name) = (text, parts, text ?? parts[.transformer] ?? "the model")
    }
    let located = try named.mapValues(places.located)
    try look(for: located, base: baseText)
  }

  private mutating func look(for named: [ModelSource.Part: String], base text: String?) throws {
    if let text { try open(base: places.located(text)) }
    home = base ?? nearFolders.first.flatMap { try? ModelFolder(path: $0) }
    if let path = named[.transformer] { nearFolders.append(ModelShelf.isFolder(path) ? path : Self.folder(of: path)) }
    for part in [ModelPart.transformer, .t5, .clip, .vae] { try find(part, named[ModelSource.Part(part)]) }
    try findScheduler(named[.scheduler])
    try findTokenizers(named[.tokenizers])
  }

  private mutating func open(base path: String) throws {
    guard ModelShelf.isFolder(path) else {
      near = [try ModelShelf(file: path)]
      nearFolders = [Self.folder(of: path)]
      return
    }
    let folder = try ModelFolder(path: path)
    if folder.has("model_index.json") || folder["transformer"].exists { base = folder; return }
    near = [ModelShelf(folder: path, depth: 1)]
    nearFolders = [path]
    let transformers = near[0].all(.transformer)
    guard transformers.count < 2 else {
      throw PipelineError.unusable(model: path, "holds several transformers: " + transformers.map { ($0.path as NSString).lastPathComponent }.joined(separator: ", ") + "; name one of them")
    }
    complaints += near[0].complaints
  }

  private mutating func find(_ part: ModelPart, _ path: String?) throws {
    if let path {
      return try take(Self.named(part, path))
    }
    if let base {
      let place = ModelShelf.place(of: part)
      guard base[place.folder].exists else {
        throw CheckpointError.missingFile(base.name, "folder '\(place.folder)'", hint: base.has("model_index.json")
          ? "this part of the model was not downloaded; give it with { \"\(base.name)\", \(part.rawValue) = \"…\" }"
          : "nor a model_index.json, which a model in the diffusers layout has")
      }
      let folder = base[place.folder]
      let config = try Settings(folder.required("config.json", hint: "it holds the sizes of this part; was the download complete?"))
      weights[part] = FoundPart(part: part, checkpoint: try Checkpoint(in: folder, stem: place.stem), config: config, path: folder.name)
      settings[part] = config
      return
    }
    for shelf in shelves(for: part) {
      let fitting = shelf.all(part).filter { fits($0) }
      guard let first = fitting.first else { continue }
      if fitting.count > 1 { notices.append("\(part.rawValue): \(first.path) is used; also there: \(fitting.dropFirst().map(\.path).joined(separator: ", "))") }
      return try take(first)
    }
  }

  /// A part at a path that was named: a file, a folder of the part, or of a whole model.
  private static func named(_ part: ModelPart, _ path: String) throws -> FoundPart {
    let place = ModelShelf.place(of: part)
    if ModelShelf.isFolder(path) {
      if ModelShelf.isFolder("\(path)/\(place.folder)"), let found = try ModelShelf.part(part, in: "\(path)/\(place.folder)") { return found }
      if let found = try ModelShelf.part(part, in: path) { return found }
      let loose = ModelShelf(folder: path).all(part)
      if loose.count == 1 { return loose[0] }
      if loose.count > 1 { throw PipelineError.unusable(model: path, "holds several files with the \(part.title): \(loose.map { ($0.path as NSString).lastPathComponent }.joined(separator: ", ")); name one of them") }
      // Says what is missing in a folder that should be the part's own.
      return FoundPart(part: part, checkpoint: try Checkpoint(in: ModelFolder(path: path), stem: place.stem), config: nil, path: path)
    }
    let shelf = try ModelShelf(file: path)
    if let found = shelf.all(part).first { return found }
    let others = shelf.parts.map(\.part.title).sorted()
    throw PipelineError.unusable(model: path, "holds no \(part.title)" + (others.isEmpty ? ", nor any other part of FLUX.1" : "; it holds the " + others.joined(separator: " and the ")))
  }

  private mutating func take(_ found: FoundPart) throws {
    weights[found.part] = found
    settings[found.part] = try sizes(of: found).settings(of: found.checkpoint.name, besides: config(for: found))
  }

  /// The config.json that stands beside the part, or where the base folder keeps one.
  private func config(for found: FoundPart) throws -> Settings? {
    try found.config ?? base?[ModelShelf.place(of: found.part).folder].file("config.json").map(Settings.init)
  }

  private func sizes(of found: FoundPart) throws -> KnownSizes {
    switch found.part {
    case .transformer: try FluxConfiguration.sizes(of: found.checkpoint)
    case .t5: try T5Configuration.sizes(of: found.checkpoint)
    case .clip: try CLIPConfiguration.sizes(of: found.checkpoint)
    case .vae: try AutoEncoderConfiguration.sizes(of: found.checkpoint)
    }
  }

  /// Whether a part that was merely found belongs to the transformer.
  private func fits(_ found: FoundPart) -> Bool {
    guard let sizes = try? sizes(of: found), let own = try? sizes.settings(of: found.path, besides: config(for: found)) else { return found.part == .transformer }
    guard let transformer = settings[.transformer], let configuration = try? FluxConfiguration(transformer) else { return true }
    switch found.part {
    case .transformer: return true
    case .t5: return (try? T5Configuration(own))?.width == configuration.sequenceWidth
    case .clip: return (try? CLIPConfiguration(own))?.width == configuration.pooledWidth
    case .vae: return (try? AutoEncoderConfiguration(own)).map { 4 * $0.latentChannels == configuration.outputs } ?? false
    }
  }

  /// Where to look for a part that was not named. A transformer is never picked from the machine's shelves.
  private mutating func shelves(for part: ModelPart) -> [ModelShelf] {
    if part == .transformer || weights[.transformer] == nil { return near }
    var shelves = near
    shelves += nearFolders.map { ModelShelf(folder: $0, depth: 1) } + nearFolders.flatMap(Self.neighbours).map { ModelShelf(folder: $0) }
    shelves += places.folders.map { ModelShelf(folder: $0, depth: 3) }
    shelves += places.snapshots.map { ModelShelf(folder: $0.path) }
    complaints += shelves.flatMap(\.complaints)
    return shelves
  }

  /// The folders beside one, where ComfyUI keeps other parts.
  private static func neighbours(_ folder: String) -> [String] {
    let parent = Self.folder(of: folder)
    return ["", "/vae", "/clip", "/text_encoders"].map { parent + $0 }.filter(ModelShelf.isFolder)
  }

  static func folder(of path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  private mutating func findScheduler(_ path: String?) throws {
    let hint = "it says how the schedule is shifted; copy the folder 'scheduler' of the model"
    if let path {
      let folder = try ModelFolder(path: path)
      scheduler = try Settings((folder["scheduler"].exists ? folder["scheduler"] : folder).required("scheduler_config.json", hint: hint))
    } else if let base {
      guard base["scheduler"].exists else {
        throw CheckpointError.missingFile(base.name, "folder 'scheduler'", hint: "this part of the model was not downloaded; give it with { \"\(base.name)\", scheduler = \"…\" }")
      }
      scheduler = try Settings(base["scheduler"].required("scheduler_config.json", hint: hint))
    } else {
      scheduler = try nearFolders.lazy.compactMap { try ModelFolder(path: $0)["scheduler"].file("scheduler_config.json") }.first.map(Settings.init)
    }
  }

  private mutating func findTokenizers(_ path: String?) throws {
    func both(_ folder: ModelFolder) -> (clip: ModelFolder, t5: ModelFolder)? {
      folder["tokenizer"].exists && folder["tokenizer_2"].exists ? (folder["tokenizer"], folder["tokenizer_2"]) : nil
    }
    if let path {
      let folder = try ModelFolder(path: path)
      tokenizers = (folder["tokenizer"], folder["tokenizer_2"])
    } else if let base {
      for inside in ["tokenizer", "tokenizer_2"] where !base[inside].exists {
        throw CheckpointError.missingFile(base.name, "folder '\(inside)'", hint: "this part of the model was not downloaded; give it with { \"\(base.name)\", tokenizers = \"…\" }")
      }
      tokenizers = both(base)
    } else {
      let parents = nearFolders.map(Self.folder(of:)), own = places.folders.flatMap { Self.folders(in: $0, depth: 3) }
      tokenizers = (nearFolders + parents + own + places.snapshots.map(\.path)).lazy.compactMap { (try? ModelFolder(path: $0)).flatMap(both) }.first
    }
  }

  /// A folder and those in it, down to `depth`.
  private static func folders(in path: String, depth: Int) -> [String] {
    guard ModelShelf.isFolder(path) else { return [] }
    let inner = depth == 0 ? [] : ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().filter { !$0.hasPrefix(".") }
    return [path] + inner.flatMap { folders(in: "\(path)/\($0)", depth: depth - 1) }
  }

  /// What was not found, as people call it.
  var missing: [String] {
    [ModelPart.transformer, .t5, .clip, .vae].filter { weights[$0] == nil }.map { "the \($0.title)" } + (tokenizers == nil ? ["the tokenizers"] : [])
  }

  /// Refuses a model that lacks something, with all that it lacks and where to get it.
  func checkComplete() throws {
    guard !missing.isEmpty else { return }
    var text = "\(weights.isEmpty ? "holds no part of FLUX.1 that is known here" : "the \(weights.keys.map(\.title).sorted().joined(separator: ", the ")) \(weights.count == 1 ? "is" : "are") there"), but missing: \(missing.joined(separator: ", "))"
    text += ". Looked for beside it, in \(places.searched)."
    if weights[.transformer] == nil {
      text += " A model is a folder in the diffusers layout, or a .safetensors or .gguf file with FLUX.1's transformer."
    } else {
      text += " Name what lies elsewhere: flux.load { transformer = \"…\", t5 = \"…\", clip = \"…\", vae = \"…\", tokenizers = \"…\" }."
      let wanted = ModelPart.allCases.filter { weights[$0] == nil }.map { "\(ModelShelf.place(of: $0).folder)/*" } + (tokenizers == nil ? ["tokenizer*/*"] : [])
      text += " All of it is in the model's repository: huggingface-cli download black-forest-labs/FLUX.1-schnell --include \(wanted.map { "'\($0)'" }.joined(separator: " ")) --local-dir FOLDER"
    }
    if let complaint = complaints.first { text += ". Could not be read: \(complaint)" }
    throw PipelineError.unusable(model: name, text)
  }

  private static func embedded() throws -> ModelFolder {
    let bytes = UnsafeRawBufferPointer(start: embedded_model_start(), count: embedded_model_size)
    return ModelFolder(try Archive(FileBytes(name: "embedded", storage: Storage(viewing: bytes, ownedBy: Everlasting()))))
  }
}

/// The owner of bytes that are part of the program.
private final class Everlasting {}

extension ModelPart {
  /// As people call it.
  var title: String {
    switch self {
    case .transformer: "transformer"
    case .t5: "T5 encoder"
    case .clip: "CLIP encoder"
    case .vae: "autoencoder (VAE)"
    }
  }
}

extension ModelSource.Part {
  init(_ part: ModelPart) {
    switch part {
    case .transformer: self = .transformer
    case .t5: self = .t5
    case .clip: self = .clip
    case .vae: self = .vae
    }
  }
}
