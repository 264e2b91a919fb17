import Conditioning
import Denoising
import Imaging
import Pipeline
import Tensors

// What a recipe asks for, as the engine takes it.

extension GenerateOptions {
  /// These options with others for the rest of a run.
  func changed(by changes: Argument) throws -> GenerateOptions {
    do { return try Reader.options(Self.branch(of: leavingRoom(for: changes))).read(changes) } catch let mismatch as Mismatch {
      throw Problems([mismatch.message(for: "options")])
    }
  }

  /// Without what says the same as one of the changes in another way.
  private func leavingRoom(for changes: Argument) -> GenerateOptions {
    guard changes.isTable else { return self }
    var options = self
    if changes.field("schedule", { !$0.isAbsent }) { options.steps = nil }
    if changes.field("steps", { !$0.isAbsent }) { options.schedule = nil }
    return options
  }

  /// The options as the engine takes them.
  func request(_ prompt: PromptList, _ model: LuaModel, _ run: BackReference<LuaRun>, _ lua: Lua) throws -> Request {
    let pipeline = model.pipeline
    let adapters = try model.adaptations(model.flux.loaded(lora, on: pipeline)) { perStep($0, run, lua) { Float($0) } }
    var request = Request(try prompt.prompt(on: pipeline, adapters: adapters), size: size.map(Size.init))
    request.adapters = merged.count == adapters.count ? zip(adapters, merged).map { $0.merged($1) } : adapters
    request.controls = try controls(on: model, run, lua)
    (request.references, request.channels) = (reference, channels)
    request.redux = try redux.flatMap { try model.flux.loaded($0, on: pipeline) }
    if let seeds { request.seeds = seeds }
    request.batch = batch ?? max(1, prompt.all.count)
    if case .each(let all)? = seeds, batch == nil { request.batch = all.count }
    let pixels = try pipeline.size(of: request), grain = pipeline.reduction
    _ = try Tensor.product([request.batch, pipeline.latentChannels, pixels.height / grain, pixels.width / grain])
    (request.sigmas, request.shift) = (try sigmas(), shift)
    try checkNoiseOptions()
    switch sampler {
    case .named(let named)?: 
      request.sampler = named.sampler(eta: eta.map { perStep($0, run, lua) { $0 } }, sNoise: sNoise.map { perStep($0, run, lua) { $0 } } ?? 1, noise: NoiseSource(rng))
    case .function(let function)?: request.sampler = LuaSampler(function, of: run, in: lua)
    case nil: break
    }
    request.guidance = guidance.map { perStep($0, run, lua) { Float($0) } }
    if let cfg {
      let negative = try cfg.negative?.prompt(on: pipeline, adapters: adapters) ?? ""
      request.cfg = try cfg.scale.map { try self.cfg(cfg, CFG(scale: perStep($0, run, lua) { Float($0) }, negative: negative), run, lua) }
    }
    request.noiseKind = rng
    (request.cache, request.tile) = (try cache?.cache, tile)
    if cache != nil, model.flux.session.purpose == .plan { pipeline.noticeUncountedCache() }
    request.start = try start(on: pipeline)
    request.noise = try noise(for: request, pipeline, lua)
    return request
  }

  /// Options of stochastic samplers are no use to others.
  private func checkNoiseOptions() throws {
    let named: NamedSampler? = switch sampler { case .named(let named)?: named; case .function?: nil; case nil: .euler }
    let name = named?.rawValue ?? "a sampler of the recipe's own"
    if eta != nil, named?.takesEta != true { throw LuaError("'eta' has no meaning for \(name); it is for \(NamedSampler.allCases.filter(\.takesEta).map(\.rawValue).joined(separator: ", "))") }
    if sNoise != nil, named?.isStochastic != true { throw LuaError("'s_noise' has no meaning for \(name); it is for \(NamedSampler.allCases.filter(\.isStochastic).map(\.rawValue).joined(separator: ", "))") }
  }

  /// A Fill model begins from noise alone, other models keep something of the picture.
  private func start(on pipeline: FluxPipeline) throws -> Start {
    let strength = self.strength ?? (pipeline.kind == "fill" ? 1 : 0.6)
    if let repaint { return .resumed(repaint) }
    let ofMask: [(String, Bool)] = [("padding", padding != nil), ("mask_grow", maskGrow != nil), ("mask_blur", maskBlur != nil), ("overlay", overlay != nil)]
    guard let image else {
      if mask != nil { throw LuaError("'mask' says where to paint on a picture: give 'image' too") }
      if let (name, _) = ofMask.first(where: \.1) { throw LuaError("'\(name)' is \(name == "padding" ? "the surroundings of" : "for") a mask: give 'image' and 'mask' too") }
      if self.strength != nil { throw LuaError("'strength' is of a picture to start from: give 'image' too") }
      return .noise
    }
    guard let mask else {
      if let (name, _) = ofMask.first(where: \.1) { throw LuaError("'\(name)' is \(name == "padding" ? "the surroundings of" : "for") a mask: give 'mask' too") }
      return .image(image, strength: strength)
    }
    if padding != nil, overlay == false { throw LuaError("'overlay' cannot be false with 'padding', which puts what was painted back into the picture") }
    let drawn = try mask.grey().grown(by: maskGrow ?? 0).blurred(sigma: maskBlur ?? 0)
    let keeping: Start.Keeping = padding.map { .pixelsAround(padding: $0) } ?? (overlay == true ? .pixels : .latents)
    return .repaint(image, mask: maskGrow == nil && maskBlur == nil ? mask : drawn, strength: strength, keeping: keeping)
  }

  private func cfg(_ options: CFGOptions, _ start: CFG, _ run: BackReference<LuaRun>, _ lua: Lua) throws -> CFG {
    var cfg = start
    guard options.from <= options.to else { throw LuaError("cfg: 'from' (\(options.from)) must not be above 'to' (\(options.to))") }
    cfg.window = options.from...options.to
    switch options.combine {
    case nil: break
    case .named(let combination, _)?: cfg.combination = combination
    case .function(let function)?: cfg.combination = .function { positive, negative, step in
      guard let run = run.value else { return positive }
      let handle = LuaStep(step, of: run, phase: .sampling)
      defer { handle.end() }
      let made = try lua.call(function, run.shown(positive), run.shown(negative), handle, result: Reader<Tensor>.object, of: "cfg.combine")
      guard made.shape == run.shown(positive).shape else {
        throw LuaError("cfg.combine: the function must return a Tensor of shape \(run.shown(positive).shape), got \(made.shape)")
      }
      return made.reshaped(positive.shape)
    }
    }
    return cfg
  }

  private func sigmas() throws -> Sigmas? {
    if steps != nil, schedule != nil { throw LuaError("'steps' and 'schedule' both say how many steps there are; give one of them") }
    if let steps { return .count(steps) }
    switch schedule {
    case .named(let name, let steps)?: return .named(name, steps)
    case .given(let given)?: return .given(given)
    case nil: return nil
    }
  }

  func perStep<Value>(_ value: LuaPerStep<Double>, _ run: BackReference<LuaRun>, _ lua: Lua, _ convert: @escaping (Double) -> Value) -> PerStep<Value> {
    switch value {
    case .constant(let value): .constant(convert(value))
    case .list(let values): .list(values.map(convert))
    case .function(let function, let result, let name): .function { step in
      guard let run = run.value else { return convert(0) }
      let handle = LuaStep(step, of: run, phase: .sampling)
      defer { handle.end() }
      return convert(try lua.call(function, with: handle, result: result, of: name))
    }
    }
  }

  private func noise(for request: Request, _ pipeline: FluxPipeline, _ lua: Lua) throws -> Tensor? {
    switch noise {
    case nil: return nil
    case .tensor(let tensor)?: return tensor
    case .function(let function)?:
      let size = try pipeline.size(of: request)
      let shape = [pipeline.latentChannels, size.height / pipeline.reduction, size.width / pipeline.reduction]
      let seeds: [Int64] = switch request.seeds { case .one(let seed): Array(repeating: seed, count: request.batch); case .each(let all): all }
      return Tensor.stacked(try seeds.enumerated().map { index, seed in
        let about: LuaTable = ["index": index + 1, "seed": Int(seed), "size": [size.width, size.height]]
        let made = try lua.call(function, about, result: Reader<Tensor>.object, of: "noise")
        guard made.shape == shape else { throw LuaError("noise: the function must return a Tensor of shape \(shape), got \(made.shape)") }
        return made
      })
    }
  }
}
