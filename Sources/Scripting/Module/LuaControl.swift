import CLua
import Denoising
import Imaging
import Pipeline
import Sweeps
import Tensors

/// A control as a recipe asks for it: a picture, and by which network, how much and when.
struct LuaControl {
  /// A folder or file; nil for a model that takes a control picture by itself.
  var model: String?
  var picture: Exhibit?
  var scale = LuaPerStep<Double>.constant(1)
  var from = 0.0, to = 1.0
  var mode: Int?

  private static var options: Options<LuaControl> {
    Options(LuaControl(), named: "ControlOptions", [
      Field("model", .string, \.model, "the ControlNet: a folder or a file; none for a model that takes a control picture by itself (Canny, Depth)"),
      Field("image", Reader<Image>.object.map { .image($0) }, \.picture, "the picture that steers, of the aspect of the size: edges, a depth map, a pose").required,
      Field("scale", .perStep(.finite, named: "control scale"), \.scale, "how much of it; 1 by default"),
      Field("from", .number(in: 0...1), \.from, "the share of the steps after which it begins"),
      Field("to", .number(in: 0...1), \.to, "the share of the steps with which it ends"),
      Field("mode", mode, \.mode, "which kind of picture it is, for a Union network"),
    ])
  }

  private static var mode: Reader<Int> {
    let names = ControlMode.allCases.map { "\"\($0.name)\"" }, expected = "one of \(names.joined(separator: ", ")), or a number from 0"
    return Reader<Int>(expected, "flux.ControlMode|integer") { argument in
      if let number = argument.lua.integer(at: argument.index), argument.lua.string(at: argument.index) == nil, 0..<1024 ~= number { return number }
      guard let name = argument.lua.string(at: argument.index), let mode = ControlMode(name: name == "grey" ? "gray" : name) else { throw Mismatch(expected, argument) }
      return mode.rawValue
    }
  }

  /// One table with names, or a list of them.
  static var reader: Reader<[LuaControl]> {
    let one = Reader<LuaControl>.options(options), list = Reader<[LuaControl]>.list(of: one)
    let expected = "{ model =, image =, … }, or a list of them"
    var reader = Reader<[LuaControl]>(expected, "flux.ControlOptions|flux.ControlOptions[]") { argument in
      guard argument.isTable else { throw Mismatch(expected, argument) }
      return argument.keys.names.isEmpty ? try list.read(argument) : [try one.read(argument)]
    }
    reader.options = one.options
    return reader
  }
}

extension GenerateOptions {
  /// The controls as the engine takes them.
  func controls(on model: LuaModel, _ run: BackReference<LuaRun>, _ lua: Lua) throws -> [Control] {
    try control.compactMap { one in
      guard one.from <= one.to else { throw LuaError("control: 'from' (\(one.from)) must not be above 'to' (\(one.to))") }
      guard let picture = one.picture else { throw LuaError("control: 'image' is missing") }
      let net = try model.flux.loaded(one, on: model.pipeline)
      // Only while a recipe is checked may the file be missing.
      if one.model != nil, net == nil { return nil }
      var made = Control(picture, by: net, scale: perStep(one.scale, run, lua) { Float($0) }, mode: one.mode)
      made.window = one.from...one.to
      return made
    }
  }
}

extension LuaModel {
  /// Controls where there is no step.
  func controls(_ given: [LuaControl]) throws -> [Control] {
    try given.compactMap { one in
      guard let picture = one.picture else { throw LuaError("control: 'image' is missing") }
      guard let scale = one.scale.number, one.from == 0, one.to == 1 else { throw LuaError("control: its scale changes from step to step, and here is no step") }
      let net = try flux.loaded(one, on: pipeline)
      return one.model != nil && net == nil ? nil : Control(picture, by: net, scale: .constant(Float(scale)), mode: one.mode)
    }
  }
}

extension FluxModule {
  /// Opens a control's network; nil where it has none, or where a recipe is only checked and the file is not there.
  func loaded(_ control: LuaControl, on pipeline: FluxPipeline) throws -> ControlNetFile? {
    guard let model = control.model else { return nil }
    return try unlessChecking {
      let net = try self.engine { try pipeline.controlNet(self.found(model), named: model) }
      try self.work.use(FileRecord(name: model, sha256: net.hash), self)
      return net
    }
  }

  /// Opens what Redux needs.
  func loaded(_ redux: LuaRedux, on pipeline: FluxPipeline) throws -> Redux? {
    guard let model = redux.model else { throw LuaError("redux: 'model' is missing: the folder of FLUX.1 Redux") }
    return try unlessChecking {
      let file = try self.engine { try pipeline.redux(self.found(model), named: model) }
      try self.work.use(FileRecord(name: model, sha256: file.hash), self)
      return Redux(file, redux.pictures)
    }
  }

  /// A folder or file beside the recipe, or one of this machine's models.
  private func found(_ name: String) throws -> String {
    if let path = try session.files.folder(name) ?? ModelPlaces().find(name) { return path }
    throw useless("there is no folder or file '\(name)' beside the recipe, in the output folder, in $FLUXLUA_MODELS or where --allow-read points")
  }

  /// While a recipe is only checked, a file that is not there is no mistake of the recipe: it is named, and the rest is checked without it.
  func unlessChecking<R>(_ body: () throws -> R) throws -> R? {
    do { return try body() } catch where session.purpose == .check {
      unusable.removeAll()
      session.observer(.notice("\(error); checked without it"))
      return nil
    }
  }
}
