import CLua
import Denoising
import Pipeline
import Sweeps

/// An adapter as a recipe asks for it: a file, and how much of it.
struct LuaAdapter {
  var file: String
  var scale = LuaPerStep<Double>.constant(1)
  /// How much of what it says of the text encoders; as much as `scale` by default.
  var text: Double?
  var isPartial = false
  /// Whether it becomes part of the weights; where nil, the faster way.
  var merge: Bool?

  /// The same once it is read.
  struct Loaded {
    let given: LuaAdapter
    let lora: LoRAFile
  }

  private struct Details {
    var scale = LuaPerStep<Double>.constant(1), text: Double?, partial = false, merge: Bool?
    static var options: Options<Details> {
      Options(Details(), named: "LoRAOptions", [
        Field("scale", .perStep(.finite, named: "lora scale"), \.scale, "how much of it; 1 by default"),
        Field("text", .finite, \.text, "how much of what it says of the text encoders; as much as scale by default"),
        Field("partial", .boolean, \.partial, "whether parts of it that the model has no place for may be left out"),
        Field("merge", .boolean, \.merge, "whether it becomes part of the transformer's weights, which takes a while once and then nothing at each step; scale is one number. Left out: the faster way"),
      ])
    }
  }

  private static var scale: Reader<LuaPerStep<Double>> { .perStep(.finite, named: "lora scale") }
  private static let expected = "{ [\"file\"] = scale }, or a list of {file, scale}"

  /// `{ ["file"] = scale }` in the order of the names, or `{ {file, scale}, … }` in its own.
  static var reader: Reader<[LuaAdapter]> {
    var reader = Reader<[LuaAdapter]>(expected, "table<string, number|number[]|flux.LoRAOptions|fun(step: flux.Step): number>|{ [1]: string, [2]: number|number[]|fun(step: flux.Step): number }[]") { argument in
      guard argument.isTable else { throw Mismatch(expected, argument) }
      let keys = argument.keys
      guard keys.names.isEmpty || keys.others.isEmpty else { throw Mismatch(predicate: "must be \(expected), not both in one table") }
      if !keys.names.isEmpty { return try keys.names.map { name in try argument.field(name) { try named(name, $0) } } }
      guard keys.others.count == argument.length else { throw Mismatch(predicate: "must be a list without holes") }
      return try (0..<argument.length).map { index in
        do { return try argument.entry(index + 1, listed) } catch let mismatch as Mismatch { throw mismatch.inside("entry \(index + 1) of ") }
      }
    }
    reader.options = Reader<Details>.options(Details.options).options
    return reader
  }

  /// The value of a file's name: a scale, or a table with names.
  private static func named(_ file: String, _ value: Argument) throws -> LuaAdapter {
    do {
      guard value.isTable, !value.keys.names.isEmpty else { return LuaAdapter(file: file, scale: try scale.read(value)) }
      let details = try Reader.options(Details.options).read(value)
      return LuaAdapter(file: file, scale: details.scale, text: details.text, isPartial: details.partial, merge: details.merge)
    } catch let mismatch as Mismatch {
      throw Problems([mismatch.message(for: file)])
    } catch let problems as Problems {
      throw Problems(problems.lines.map { "'\(file)': \($0)" })
    }
  }

  /// A file, or `{file, scale, text =, partial =}`.
  private static func listed(_ entry: Argument) throws -> LuaAdapter {
    if let file = entry.lua.string(at: entry.index) { return LuaAdapter(file: file) }
    guard entry.isTable else { throw Mismatch("{file, scale}", entry) }
    guard let file = entry.entry(1, { $0.lua.string(at: $0.index) }) else { throw Mismatch(predicate: "must begin with the name of a file: {file, scale}") }
    var made = LuaAdapter(file: file)
    try entry.entry(2) { if !$0.isAbsent { made.scale = try scale.read($0) } }
    try entry.field("text") { if !$0.isAbsent { made.text = try Reader<Double>.finite.read($0) } }
    try entry.field("partial") { if !$0.isAbsent { made.isPartial = try Reader<Bool>.boolean.read($0) } }
    try entry.field("merge") { if !$0.isAbsent { made.merge = try Reader<Bool>.boolean.read($0) } }
    let keys = entry.keys
    if let odd = keys.names.first(where: { !["text", "partial", "merge"].contains($0) }) { throw Mismatch(predicate: "has no '\(odd)': it is {file, scale, text = …, partial = …, merge = …}") }
    if let odd = keys.others.first(where: { !["1", "2"].contains($0) }) { throw Mismatch(predicate: "is {file, scale}, without [\(odd)]") }
    return made
  }
}

extension FluxModule {
  /// Reads adapters from where a recipe may read, and checks them against a model.
  func loaded(_ given: [LuaAdapter], on pipeline: FluxPipeline) throws -> [LuaAdapter.Loaded] {
    try given.compactMap { one in
      do { return try loaded(one, on: pipeline) } catch where session.purpose == .check {
        // The model that it is for may be the one that is not there.
        unusable.removeAll()
        session.observer(.notice("\(error); checked without it"))
        return nil
      }
    }
  }

  private func loaded(_ one: LuaAdapter, on pipeline: FluxPipeline) throws -> LuaAdapter.Loaded {
    let path = try session.files.folder(one.file) ?? ModelPlaces().find(one.file)
    guard let path else { throw useless("there is no file '\(one.file)' beside the recipe, in the output folder, in $FLUXLUA_MODELS or where --allow-read points") }
    let lora = try engine { try pipeline.adapter(path, named: one.file, isPartial: one.isPartial) }
    try work.use(FileRecord(name: one.file, sha256: lora.sha256), self)
    return LuaAdapter.Loaded(given: one, lora: lora)
  }
}

extension LuaModel {
  /// The model's own adapters and those of a call, as the engine takes them.
  func adaptations(_ more: [LuaAdapter.Loaded], _ perStep: (LuaPerStep<Double>) -> PerStep<Float>) throws -> [Adaptation] {
    try (adapters + more).map { try Adaptation($0.lora, scale: perStep($0.given.scale), text: $0.given.text.map { Float($0) }, isPartial: $0.given.isPartial, merge: $0.given.merge) }
  }

  /// The model's own adapters where there is no step: those whose scale is one number, and of the others what they say of the text.
  var steadyAdaptations: [Adaptation] {
    get throws { try adaptations([]) { scale in scale.number.map { .constant(Float($0)) } ?? .list([0]) } }
  }

  /// The model's own adapters where only numbers will do.
  func shares() throws -> [Adaptation] {
    for one in adapters where one.given.scale.number == nil { throw LuaError("the scale of '\(one.lora.name)' changes from step to step, and here is no step") }
    return try steadyAdaptations
  }
}
