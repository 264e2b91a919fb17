import Checkpoints
import Denoising
import Pipeline
import Tensors

// flux.noise and the makers of tensors.

/// What `flux.noise` takes.
private struct NoiseOptions {
  var seed = 0, size: PixelSize?, like: Tensor?, batch: Int?
  var rng = NoiseKind.torch

  static var options: Options<NoiseOptions> {
    Options(NoiseOptions(), [
      Field("seed", .integer, \.seed, "of the generator"),
      Field("size", .size, \.size, "pixels of the picture"),
      Field("like", Reader<Tensor>.object, \.like, "a Tensor whose shape it takes, instead of a size"),
      Field("batch", .integer(in: 1...1024), \.batch, "pictures drawn one after the other"),
      Field("rng", NoiseKind.reader, \.rng, "whose random numbers; PyTorch's on a CPU by default"),
    ])
  }

  /// In the shape of `like`, or 16 channels at an eighth of the size: every FLUX.1's latents.
  func drawn() throws -> Tensor {
    if let like {
      if size != nil || batch != nil { throw LuaError("'like' says what shape the noise has: '\(size != nil ? "size" : "batch")' must be left out") }
      // A batch has its pictures on the first axis.
      guard like.shape.count == 4 else { return rng.normals(seed: Int64(seed), count: 1, like.shape)[0] }
      return rng.normals(seed: Int64(seed), count: like.shape[0], Array(like.shape.dropFirst()))
    }
    guard let size else { throw LuaError("'size' or 'like' must say what shape the noise has") }
    let one = [16, size.height / 8, size.width / 8], count = batch ?? 1
    _ = try Tensor.product([count] + one)
    let made = rng.normals(seed: Int64(seed), count: count, one)
    return count == 1 ? made[0] : made
  }
}

extension FluxModule {
  func tensorFunctions() -> [LuaFunction] {
    [noise(), tensor(), filled("zeros", "A Tensor of zeros.", 0), filled("ones", "A Tensor of ones.", 1), full(), random("randn", "Normal noise, as torch.randn draws it.") { $0.normals($1) },
     random("rand", "Even random numbers from 0 up to, but not including, 1, as torch.rand draws them.") { $0.uniforms($1) }, linspace(), arange(), whereFunction(),
     joined("cat", "Tensors one after the other along their first axis.", Tensor.concatenated),
     joined("stack", "Tensors of one shape along a new first axis.", Tensor.stacked)]
  }

  private func noise() -> LuaFunction {
    LuaFunction("noise", "Normal noise in the shape of latents, as PyTorch's CPU generator draws it.", .options(NoiseOptions.options), returns: "flux.Tensor") { _, options in
      try options.drawn()
    }
  }

  private static var shape: Reader<[Int]> {
    Reader<Int>.integer(in: 1...).map { [$0] }.or(.list(of: .integer(in: 1...), atLeast: 1)).described("a shape: a number, or a list of them", annotation: "integer|integer[]")
  }

  private func filled(_ name: String, _ summary: String, _ value: Float) -> LuaFunction {
    LuaFunction(name, summary, .required("shape", Self.shape, "the length of each axis"), returns: "flux.Tensor") { _, shape in
      _ = try Tensor.product(shape)
      return Tensor(repeating: value, shape)
    }
  }

  private func full() -> LuaFunction {
    LuaFunction("full", "A Tensor of one number.",
                .required("shape", Self.shape, "the length of each axis"), .required("value", .number, "every element"), returns: "flux.Tensor") { _, shape, value in
      _ = try Tensor.product(shape)
      return Tensor(repeating: Float(value), shape)
    }
  }

  private func random(_ name: String, _ summary: String, _ draw: @escaping (inout TorchGenerator, [Int]) -> Tensor) -> LuaFunction {
    struct RandomOptions {
      var seed = 0
      static var options: Options<RandomOptions> { Options(RandomOptions(), [Field("seed", .integer, \.seed, "of the generator; 0 by default")]) }
    }
    return LuaFunction(name, summary, .required("shape", Self.shape, "the length of each axis"), .options(RandomOptions.options), returns: "flux.Tensor") { _, shape, options in
      _ = try Tensor.product(shape)
      var generator = TorchGenerator(seed: Int64(options.seed))
      return draw(&generator, shape)
    }
  }

  private func arange() -> LuaFunction {
    LuaFunction("arange", "Numbers `step` apart, as NumPy's: arange(n) from 0, arange(from, to, step) from `from`, the end not included.",
                .required("from", .finite, "the first; alone, the end of what begins at 0"), .optional("to", .finite, "the end, not included"),
                .optional("step", .finite, default: 1, "how far apart; 1 by default"), returns: "flux.Tensor") { _, first, last, step in
      let (from, to) = last.map { (first, $0) } ?? (0, first)
      guard step != 0 else { throw LuaError("'step' must not be 0") }
      let count = ((to - from) / step).rounded(.up)
      guard count >= 1 else { throw LuaError("there is no number from \(Self.text(from)) to \(Self.text(to)) in steps of \(Self.text(step))") }
      guard count <= 1_000_000 else { throw LuaError("more than a million numbers") }
      return Tensor([Int(count)], (0..<Int(count)).map { Float(from + Double($0) * step) })
    }
  }

  private static func text(_ number: Double) -> String { LuaValue.text(of: number, integer: Int(exactly: number)) }

  private func whereFunction() -> LuaFunction {
    LuaFunction("where", "Of two numbers or tensors, the elements of `a` where the condition is not 0, and of `b` elsewhere: flux.where(x:gt(0), x, 0).",
                .required("condition", Reader<Tensor>.object, "such as x:lt(y)"), .required("a", Operand2.reader, "where it holds"),
                .required("b", Operand2.reader, "where it does not; shapes are matched as in NumPy"), returns: "flux.Tensor") { _, condition, a, b in
      let (a, b) = (a.tensor, b.tensor)
      guard let both = Tensor.broadcast(a.shape, b.shape), let shape = Tensor.broadcast(condition.shape, both) else {
        throw LuaError("a condition of shape \(condition.shape) and tensors of shape \(a.shape) and \(b.shape) do not go together")
      }
      _ = try Tensor.product(shape)
      return Tensor.chosen(where: condition.expanded(to: shape), a.expanded(to: shape), b.expanded(to: shape))
    }
  }

  private func linspace() -> LuaFunction {
    LuaFunction("linspace", "Even numbers from `from` to `to`, both included.", .required("from", .number, "the first"), .required("to", .number, "the last"),
                .required("count", .integer(in: 1...1_000_000), "how many"), returns: "flux.Tensor") { _, from, to, count in
      Tensor([count], (0..<count).map { Float(count == 1 ? from : from + (to - from) * Double($0) / Double(count - 1)) })
    }
  }

  private func joined(_ name: String, _ summary: String, _ join: @escaping ([Tensor]) -> Tensor) -> LuaFunction {
    LuaFunction(name, summary, .required("tensors", .list(of: Reader<Tensor>.object, atLeast: 1), "what is joined, in order"), returns: "flux.Tensor") { _, tensors in
      let whole = name == "stack"
      for tensor in tensors where (whole ? tensor.shape != tensors[0].shape : tensor.shape.dropFirst() != tensors[0].shape.dropFirst()) {
        throw LuaError("tensors of shape \(tensors[0].shape) and \(tensor.shape) do not go together")
      }
      _ = try Tensor.product([tensors.reduce(0) { $0 + (whole ? 1 : $1.shape[0]) }] + (whole ? tensors[0].shape : Array(tensors[0].shape.dropFirst())))
      return join(tensors)
    }
  }

  private enum TensorSource { case file(String), list(Tensor) }

  private func tensor() -> LuaFunction {
    let source = Reader<TensorSource>("a .safetensors or .npy file, or a list of numbers", "string|table") { argument in
      if let path = argument.lua.string(at: argument.index) { return .file(path) }
      guard argument.isTable else { throw Mismatch("a .safetensors or .npy file, or a list of numbers", argument) }
      return .list(try Self.nested(argument))
    }
    return LuaFunction("tensor", "A Tensor from a .safetensors or .npy file, whose numbers are rounded to 32-bit floats, or from nested lists of numbers.", .required("source", source, "a file, or the elements"),
                       .optional("name", .string, "which tensor of a .safetensors file that holds several"), returns: "flux.Tensor") { _, source, name in
      switch source {
      case .list(let tensor):
        if name != nil { throw LuaError("'name' is of a tensor in a file: a list has none") }
        return tensor
      case .file(let path): return try self.tensor(named: name, in: self.session.files.file(path))
      }
    }
  }

  private func tensor(named name: String?, in path: String) throws -> Tensor {
    if path.lowercased().hasSuffix(".npy") {
      if name != nil { throw LuaError("'name' is for .safetensors: a .npy file holds one array") }
      return try engine { try NPY.tensor(of: FileBytes(mapping: path)) }
    }
    guard path.lowercased().hasSuffix(".safetensors") else { throw LuaError("'\(path)' must be a .safetensors or .npy file") }
    let checkpoint = try engine { try Checkpoint(safetensors: FileBytes(mapping: path)) }
    let names = checkpoint.entries.keys.sorted()
    guard let name = name ?? (names.count == 1 ? names[0] : nil) else {
      throw LuaError("'\(path)' holds \(names.count) tensors; name one of them: \(names.prefix(12).joined(separator: ", "))\(names.count > 12 ? ", …" : "")")
    }
    let tensor = try engine { try checkpoint.numbers(name) }
    guard tensor.count > 0 else { throw LuaError("'\(path)': tensor '\(name)' of shape \(tensor.shape) is empty") }
    return tensor.shape.isEmpty ? tensor.reshaped([1]) : tensor
  }

  /// Lists may be in lists so deep; a list in itself is deeper.
  private static let mostAxes = 32

  /// Lists in lists, all of one depth and length.
  private static func nested(_ argument: Argument, depth: Int = 1) throws -> Tensor {
    guard depth <= mostAxes else { throw Mismatch(predicate: "must not be lists in lists for more than \(mostAxes) levels") }
    let keys = argument.keys, count = argument.length
    guard keys.names.isEmpty, keys.others.count == count, count > 0 else { throw Mismatch(predicate: "must be a list of numbers, or of lists, without holes or names") }
    let parts = try (1...count).map { index in
      try argument.entry(index) { entry in
        if entry.isTable { return try nested(entry, depth: depth + 1) }
        guard let number = entry.lua.number(at: entry.index) else { throw Mismatch("a list of numbers", entry) }
        return Tensor([], [Float(number)])
      }
    }
    guard parts.allSatisfy({ $0.shape == parts[0].shape }) else { throw Mismatch(predicate: "must be lists of equal length") }
    return Tensor.stacked(parts)
  }
}

extension LuaType where Value == Tensor {
  /// `:save(path)`, in the output folder of this run.
  func saving(_ flux: FluxModule) -> LuaType {
    method("save", "Writes a .safetensors file with this one tensor, or a .npy file, as the name ends.",
           .required("path", .string, "where to, in the output folder"), .optional("name", .string, "what a .safetensors file calls it; \"tensor\" by default")) { tensor, _, path, name in
      let files = flux.session.files
      if path.lowercased().hasSuffix(".npy") {
        if name != nil { throw LuaError("'name' is for .safetensors: a .npy file holds one array") }
        let bytes = NPY.file(tensor, comment: FileAccess.Mark.text(files.recipe))
        return try files.write(bytes, to: path)
      }
      guard path.lowercased().hasSuffix(".safetensors") else { throw LuaError("'\(path)' must end in .safetensors or .npy") }
      let bytes = try Safetensors.file([name ?? "tensor": tensor], metadata: [FileAccess.Mark.key: files.recipe])
      try files.write(bytes, to: path)
    }
  }
}
