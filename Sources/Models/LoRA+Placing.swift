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
      let shapes = module.layers.compactMap { Self.weight(of: $0, in: checkpoint)?.shape }.filter { $0.count == 2 }
      guard shapes.count == module.layers.count else { lost.append(module.name); continue }
      let outputs = shapes.reduce(0) { $0 + $1[0] }, inputs = shapes[0][1]
      guard module.outputs == outputs, module.shape.map({ $0[1] == inputs }) ?? true else {
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

  private static func weight(of layer: String, in checkpoint: Checkpoint) -> Checkpoint.Entry? {
    checkpoint.entries["\(layer).weight"] ?? (layer.hasPrefix(clipStart) ? checkpoint.entries["\(layer.dropFirst(clipStart.count)).weight"] : nil)
  }

  /// What stands before all of CLIP's names, or does not.
  private static let clipStart = "text_model."

  /// What it adds to the layers of one model, by the name of a layer's first weight.
  package struct Fitted: Sendable {
    fileprivate let adapters: [String: [Adapter]]
  }

  /// Made for the layers of a model as they take their rows.
  package func fitted(to model: some Layered, _ part: ModelPart) throws -> Fitted {
    let wanted = Dictionary(grouping: modules.filter { $0.part == part }) { $0.layers[0] }
    var made: [String: [Adapter]] = [:], model = model
    try model.changeLayers { linear in
      guard let first = linear.parts.first else { return }
      for at in linear.parts.indices {
        let name = linear.parts[at].name
        for module in (wanted[name] ?? []) + (wanted[Self.clipStart + name] ?? []) {
          let last = at + module.layers.count - 1
          guard linear.parts.indices.contains(last) else { continue }
          let (down, up, bias) = try matrices(of: module)
          let outputs = linear.parts[at].outputs.lowerBound..<linear.parts[last].outputs.upperBound
          guard module.outputs == outputs.count else { continue }
          made[first.name, default: []].append(try Adapter(down: module.shape == nil ? Tensor.zeros([outputs.count, linear.inputs]) : down, up: up, bias: bias,
                                                           outputs: outputs, intake: linear.intake))
        }
      }
    }
    return Fitted(adapters: made)
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
    return model
  }
}
