import Checkpoints
import Conditioning
import Tensors

/// Conditionings as recipes hold them: what a prompt means, to be mixed and moved.
extension Conditioning: LuaObject {
  package static var luaName: String { "Conditioning" }
  package var luaBytes: Int { sequence.luaBytes + pooled.luaBytes }

  private enum Side { case number(Float), conditioning(Conditioning) }
  private static var side: Reader<Side> {
    Reader<Double>.number.map { Side.number(Float($0)) }.or(Reader<Conditioning>.object.map { Side.conditioning($0) })
  }

  static var type: LuaType<Conditioning> {
    LuaType<Conditioning>("What a prompt means to a model.")
      .property("tokens", "integer", "The length of the sequence.") { $0.tokens }
      .property("sequence", "flux.Tensor", "T5's states, [tokens, width].") { $0.sequence }
      .property("pooled", "flux.Tensor", "CLIP's pooled state, [width].") { $0.pooled }
      .property("text", "string?", "The prompt that it was made from.") { $0.text }
      .binary("add", Reader<Conditioning>.object, Reader<Conditioning>.object) { try $0.met(by: $1) { $0 + $1 } }
      .binary("sub", Reader<Conditioning>.object, Reader<Conditioning>.object) { try $0.met(by: $1) { $0 - $1 } }
      .binary("mul", side, side) { a, b in
        switch (a, b) {
        case (.conditioning(let conditioning), .number(let factor)), (.number(let factor), .conditioning(let conditioning)):
          return conditioning.mapped { $0 * factor }
        default: throw LuaError("a Conditioning is multiplied by a number")
        }
      }
      .binary("div", side, side) { a, b in
        guard case (.conditioning(let conditioning), .number(let divisor)) = (a, b) else { throw LuaError("a Conditioning is divided by a number") }
        return conditioning.mapped { $0 / divisor }
      }
      .unary("unm") { $0.mapped { -$0 } }
      .method("mix", "The weighted sum of this and others: mix{ {conditioning, weight}, … } adds to it.",
              .required("parts", Reader<[Part]>.list(of: Part.reader, atLeast: 1), "each with its weight"),
              returns: "flux.Conditioning") { start, _, parts in
        try parts.reduce(start) { sum, part in try sum.met(by: part.conditioning) { $0 + part.weight * $1 } }
      }
      .text { "Conditioning of \($0.tokens) tokens\($0.text.map { ": \($0)" } ?? "")" }
  }

  private struct Part {
    let conditioning: Conditioning, weight: Float
    static var reader: Reader<Part> {
      Reader<Part>("{conditioning, weight}", "{ [1]: flux.Conditioning, [2]: number }") { argument in
        guard argument.isTable else { throw Mismatch("{conditioning, weight}", argument) }
        return try argument.entry(1) { first in
          try argument.entry(2) { second in
            do { return Part(conditioning: try Reader<Conditioning>.object.read(first), weight: Float(try Reader<Double>.finite.read(second))) } catch is Mismatch {
              throw Mismatch(predicate: "must be {conditioning, weight}, got {\(first), \(second)}")
            }
          }
        }
      }
    }
  }

  /// `f` of both parts, when they have equal shapes.
  func met(by other: Conditioning, _ f: (Tensor, Tensor) -> Tensor) throws -> Conditioning {
    guard matches(other) else {
      throw LuaError("conditionings of \(sequence.shape) and \(other.sequence.shape) do not go together; encode both with the same max_length")
    }
    return combined(with: other, f)
  }
}

extension LuaType where Value == Conditioning {
  /// `:save(path)`, in the output folder of this run.
  func saving(_ flux: FluxModule) -> LuaType {
    method("save", "Writes a .safetensors file with both tensors and the text: flux.conditioning(path) reads it.", .required("path", .string, "where to, in the output folder")) { conditioning, _, path in
      guard path.lowercased().hasSuffix(".safetensors") else { throw LuaError("'\(path)' must end in .safetensors") }
      var metadata = [FileAccess.Mark.key: flux.session.files.recipe]
      metadata[Conditioning.textKey] = conditioning.text
      let bytes = try Safetensors.file(["sequence": conditioning.sequence, "pooled": conditioning.pooled], metadata: metadata)
      try flux.session.files.write(bytes, to: path)
    }
  }
}

// flux.conditioning and flux.lerp.

extension Conditioning {
  /// The key of a file's metadata that holds the prompt.
  fileprivate static let textKey = "text"

  /// From tensors that a recipe made or a file holds.
  fileprivate static func checked(_ sequence: Tensor, _ pooled: Tensor, text: String? = nil) throws -> Conditioning {
    guard sequence.shape.count == 2, sequence.count > 0 else { throw LuaError("'sequence' must have the shape [tokens, width], got \(sequence.shape)") }
    guard pooled.shape.count == 1, pooled.count > 0 else { throw LuaError("'pooled' must have the shape [width], got \(pooled.shape)") }
    for (name, part) in [("sequence", sequence), ("pooled", pooled)] where !part.isFinite {
      throw LuaError("'\(name)' holds a number that is infinite or not a number")
    }
    return Conditioning(sequence: sequence, pooled: pooled, text: text)
  }
}

private enum ConditioningSource { case file(String), parts(ConditioningParts) }

private struct ConditioningParts {
  var sequence: Tensor?, pooled: Tensor?
  static var options: Options<ConditioningParts> {
    Options(ConditioningParts(), [Field("sequence", Reader<Tensor>.object, \.sequence, "[tokens, T5 width]").required,
                                  Field("pooled", Reader<Tensor>.object, \.pooled, "[CLIP width]").required])
  }
}

/// Things that can be mixed.
private enum Mixable {
  case tensor(Tensor), conditioning(Conditioning)
  static var reader: Reader<Mixable> {
    Reader<Tensor>.object.map { Mixable.tensor($0) }.or(Reader<Conditioning>.object.map { Mixable.conditioning($0) })
  }
}

extension FluxModule {
  func conditioningFunction() -> LuaFunction {
    let source = Reader<String>.string.map { ConditioningSource.file($0) }.or(Reader.options(ConditioningParts.options).map { ConditioningSource.parts($0) })
      .described("a .safetensors file, or {sequence=, pooled=}")
    return LuaFunction("conditioning", "A Conditioning from a file that conditioning:save wrote, or from tensors.",
                       .required("source", source, "a file, or both tensors by their names"), returns: "flux.Conditioning") { _, source in
      switch source {
      case .parts(let parts):
        guard let sequence = parts.sequence, let pooled = parts.pooled else { throw LuaError("takes sequence and pooled") }
        return try Conditioning.checked(sequence, pooled)
      case .file(let path):
        guard path.lowercased().hasSuffix(".safetensors") else { throw LuaError("'\(path)' must be a .safetensors file") }
        let bytes = try self.engine { try FileBytes(mapping: self.session.files.file(path)) }
        return try self.engine {
          let checkpoint = try Checkpoint(safetensors: bytes)
          return try Conditioning.checked(checkpoint.numbers("sequence"), checkpoint.numbers("pooled"), text: Safetensors.metadata(of: bytes)[Conditioning.textKey])
        }
      }
    }
  }

  /// flux.lerp and flux.slerp: one goes straight, one along the arc.
  func blendFunctions() -> [LuaFunction] {
    [blend("lerp", "Straight between two Tensors or two Conditionings: a at 0, b at 1.", Tensor.lerp),
     blend("slerp", "Along the arc between two Tensors or two Conditionings: between two noises it stays noise of their size.", Tensor.slerp)]
  }

  private func blend(_ name: String, _ summary: String, _ f: @escaping (Tensor, Tensor, Float) -> Tensor) -> LuaFunction {
    LuaFunction(name, summary,
                .required("a", Mixable.reader, "what is given at t = 0"), .required("b", Mixable.reader, "what is given at t = 1"),
                .required("t", .number, "how far from a to b; beyond 0 and 1 goes on"), returns: "flux.Tensor|flux.Conditioning") { _, a, b, t in
      switch (a, b) {
      case (.tensor(let a), .tensor(let b)):
        guard a.shape == b.shape else { throw LuaError("tensors of shape \(a.shape) and \(b.shape) do not go together") }
        return Several(f(a, b, Float(t)))
      case (.conditioning(let a), .conditioning(let b)): return Several(try a.met(by: b) { f($0, $1, Float(t)) })
      default: throw LuaError("'a' and 'b' must both be Tensors, or both Conditionings")
      }
    }
  }
}
