import Checkpoints
import Tensors

// An adapter and a model: whether it fits, and the model with it.

extension LoRA {
  /// Its modules that this model has no place for, by their names in the file.
  /// - Throws: `CheckpointError` where a module is of another shape than its layer
  package func unplaced(in model: [ModelPart: Checkpoint]) throws -> [String] {
    var lost: [String] = []
    for module in modules {
      guard let checkpoint = model[module.part] else { lost.append(module.name); continue }
      if module.isNorm {
        guard let gain = Self.weight(of: module.layers[0], in: checkpoint) else { lost.append(module.name); continue }
        guard gain.shape == [module.outputs] else {
          throw CheckpointError.malformed(name, "'\(module.name)' is for a norm of \(module.outputs), but \(module.layers[0]) of this model has \(gain.parameterCount); is it an adapter for another model?")
        }
        continue
      }
      let shapes = module.layers.compactMap { Self.weight(of: $0, in: checkpoint)?.shape }.filter { $0.count == 2 }
      guard shapes.count == module.layers.count else { lost.append(module.name); continue }
      let outputs = shapes.reduce(0) { $0 + $1[0] }, inputs = shapes[0][1]
      // A control LoRA reads the control picture beside the latents.
      let reads = module.layers == ["x_embedder"] ? [inputs, 2 * inputs] : [inputs]
      guard module.outputs == outputs, module.shape.map({ reads.contains($0[1]) }) ?? true else {
        throw CheckpointError.malformed(name, "'\(module.name)' is for a layer of \(module.shape.map { "\($0[1])" } ?? "any") inputs and \(module.outputs) outputs, but \(module.layers[0])"
          + "\(module.layers.count > 1 ? " and what lies beside it" : "") of this model \(module.layers.count > 1 ? "have" : "has") \(inputs) and \(outputs); is it an adapter for another model?")
      }
    }
    return lost
  }

  /// - Parameter isPartial: whether it is enough that some of it finds a place
  package func check(on model: [ModelPart: Checkpoint], isPartial: Bool) throws {
    let lost = try unplaced(in: model) + unknown
    if lost.isEmpty { return }
    let shown = lost.prefix(8).map { "'\($0)'" }.joined(separator: ", ") + (lost.count > 8 ? " and \(lost.count - 8) more" : "")
    if !isPartial {
      throw CheckpointError.malformed(name, "\(lost.count) of its tensors or layers have no place in this model: \(shown); 'partial = true' goes without them")
    }
    guard try unplaced(in: model).count < modules.count else { throw CheckpointError.malformed(name, "nothing of it has a place in this model: \(shown)") }
  }

  /// Operations of what it adds to a part for so many rows, multiplications and additions each.
  package func operations(of part: ModelPart, rows: Int) -> Int {
    modules.reduce(0) { sum, module in
      guard module.part == part, let shape = module.shape else { return sum }
      return sum + 2 * rows * (module.hasHalves ? (module.rank ?? 0) * (shape[0] + shape[1]) : shape[0] * shape[1])
    }
  }

  /// Operations that it adds beside the transformer's weights, over those of the layers that it changes; nil where it changes none, or
  /// weights that are kept in blocks, which would lose by being made anew.
  package func shareBeside(_ checkpoint: Checkpoint) -> Double? {
    let changed = modules.filter { $0.part == .transformer && $0.shape != nil && !$0.isNorm }
    guard changed.allSatisfy({ $0.layers.allSatisfy { Self.weight(of: $0, in: checkpoint)?.encoding?.isFloat ?? true } }) else { return nil }
    let own = changed.reduce(0) { $0 + ($1.shape ?? []).reduce(1, *) }
    return own == 0 ? nil : Double(operations(of: .transformer, rows: 1)) / Double(2 * own)
  }

  private static func weight(of layer: String, in checkpoint: Checkpoint) -> Checkpoint.Entry? {
    checkpoint.entries["\(layer).weight"] ?? (layer.hasPrefix(clipStart) ? checkpoint.entries["\(layer.dropFirst(clipStart.count)).weight"] : nil)
  }

  /// What stands before all of CLIP's names, or does not.
  private static let clipStart = "text_model."

  /// What it adds to the layers of one model, by the name of a layer's first weight.
  package struct Fitted: Sendable {
    fileprivate let adapters: [String: [Adapter]]
    /// Of norms, by their names.
    fileprivate let norms: [String: (gain: Tensor, replaces: Bool)]
  }

  /// Made for the layers of a model as they take their rows.
  /// - Parameter checkpoint: the model's weights, which decomposed adapters depend on
  package func fitted(to model: some Layered, _ part: ModelPart, of checkpoint: Checkpoint? = nil) throws -> Fitted {
    let norms = try normsAlone(part).norms
    let wanted = Dictionary(grouping: modules.filter { $0.part == part }) { $0.layers[0] }
    var made: [String: [Adapter]] = [:], model = model
    try model.changeLayers { linear in
      guard let first = linear.parts.first else { return }
      for at in linear.parts.indices {
        let name = linear.parts[at].name
        for module in (wanted[name] ?? []) + (wanted[Self.clipStart + name] ?? []) {
          let last = at + module.layers.count - 1
          guard linear.parts.indices.contains(last) else { continue }
          if module.isNorm { continue }
          let (down, up, bias) = try matrices(of: module)
          let outputs = linear.parts[at].outputs.lowerBound..<linear.parts[last].outputs.upperBound
          guard module.outputs == outputs.count else { continue }
          made[first.name, default: []].append(try Adapter(down: module.shape == nil ? Tensor.zeros([outputs.count, linear.inputs]) : down, up: up, bias: bias,
                                                           outputs: outputs, intake: linear.intake, gain: gain(of: module, on: checkpoint)))
        }
      }
    }
    return Fitted(adapters: made, norms: norms)
  }

  /// m / ‖W + Δ‖ of a decomposed module, one for each output; nil for others.
  func gain(of module: Module, on checkpoint: Checkpoint?) throws -> Tensor? {
    guard let magnitudes = try magnitudes(of: module) else { return nil }
    guard let checkpoint else { throw CheckpointError.malformed(name, "'\(module.name)' needs the weights that it changes (DoRA)") }
    let sum = try Self.weights(of: module.layers, in: checkpoint) + difference(of: module)
    let inverse = sum.withFloats { floats in
      (0..<sum.rows).map { row in 1 / Float(max(floats[row * sum.width..<(row + 1) * sum.width].reduce(0.0) { $0 + Double($1 * $1) }.squareRoot(), 1e-12)) }
    }
    return magnitudes * Tensor([sum.rows], inverse)
  }

  /// Weights of layers whose outputs follow each other, [outputs, inputs].
  static func weights(of layers: [String], in checkpoint: Checkpoint) throws -> Tensor {
    Tensor.concatenated(try layers.map { layer in
      let name = "\(layer).weight"
      return try checkpoint.tensor(checkpoint.entries[name] == nil && layer.hasPrefix(clipStart) ? String(name.dropFirst(clipStart.count)) : name)
    })
  }
}

extension Layered {
  /// The same model with adapters beside its layers; all weights are shared.
  package func adapted(by all: [(fitted: LoRA.Fitted, scale: Float)]) -> Self {
    var model = self
    model.changeLayers { linear in
      guard let name = linear.parts.first?.name else { return }
      linear.adapters = all.flatMap { one in one.scale == 0 ? [] : (one.fitted.adapters[name] ?? []).map { Adapter.Share($0, scale: one.scale) } }
    }
    model.changeNorms { name, gain in
      for one in all where one.scale != 0 {
        if let norm = one.fitted.norms[name] { gain = norm.replaces ? Tensor.lerp(gain, norm.gain, one.scale) : gain + one.scale * norm.gain }
      }
    }
    return model
  }

  /// The same model with adapters in its weights: the layers that they change are made anew, all others are shared.
  /// - Parameters:
  ///   - checkpoint: the weights that the model was made of
  ///   - precision: what they are kept in
  package func merged(with all: [(lora: LoRA, scale: Float)], _ part: ModelPart, of checkpoint: Checkpoint, precision: Encoding) throws -> Self {
    var model = adapted(by: try all.map { (try $0.lora.normsAlone(part), $0.scale) })
    try model.changeLayers { linear in
      let names = linear.parts.map(\.name)
      var weight: Tensor?, bias = linear.bias
      for (lora, scale) in all where scale != 0 {
        for module in lora.modules where module.part == part && !module.isNorm {
          guard let at = names.firstIndex(of: module.layers[0]), names[at...].starts(with: module.layers) else { continue }
          guard module.shape.map({ $0[1] == linear.inputs }) ?? true else {
            throw CheckpointError.malformed(lora.name, "is a control LoRA, which reads more than the model does and cannot be merged; leave out 'merge'")
          }
          let first = linear.parts[at].outputs.lowerBound, rows = first..<first + module.outputs
          var sum = try weight ?? LoRA.weights(of: names, in: checkpoint)
          if module.shape != nil {
            let difference = try lora.difference(of: module)
            let new = try lora.gain(of: module, on: checkpoint).map { $0.reshaped([rows.count, 1]) * (sum[rows] + difference) - sum[rows] } ?? difference
            sum.add(new, gate: Tensor(repeating: scale, [linear.inputs]), from: rows.lowerBound)
          }
          if let more = try lora.matrices(of: module).bias {
            let old = bias ?? Tensor.zeros([linear.outputs])
            bias = Tensor.concatenated([old[0..<rows.lowerBound], old[rows] + scale * more, old[rows.upperBound..<old.count]].filter { $0.count > 0 })
          }
          weight = sum
        }
      }
      guard let weight else { return }
      let kept: Encoding = precision == .int8 && linear.matrix.encoding != .int8 ? .bf16 : precision
      linear = Linear(try Matrix([Rows(weight)], precision: kept, roundsRows: linear.intake.encoding == .int8), bias: bias, parts: linear.parts)
    }
    return model
  }
}

extension LoRA {
  /// What it does to norms, and nothing else.
  fileprivate func normsAlone(_ part: ModelPart) throws -> Fitted {
    var norms: [String: (gain: Tensor, replaces: Bool)] = [:]
    for module in modules where module.isNorm && module.part == part { norms[module.layers[0]] = try norm(of: module) }
    return Fitted(adapters: [:], norms: norms)
  }
}
