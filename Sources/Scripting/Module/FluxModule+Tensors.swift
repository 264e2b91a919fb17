import Checkpoints
import Denoising
import Pipeline
import Tensors

// flux.noise and the makers of tensors.

/// What `flux.noise` takes.
private struct NoiseOptions {
  var seed = 0, size: PixelSize?, like: Tensor?, batch = 1
  var rng = NoiseKind.torch

  static var options: Options<NoiseOptions> {
    Options(NoiseOptions(), [
      Field("seed", .integer, \.seed, "of the generator"),
      Field("size", .size, \.size, "pixels of the picture"),
      Field("like", Reader<Tensor>.object, \.like, "a Tensor whose shape it takes"),
      Field("batch", .integer(in: 1...1024), \.batch, "pictures drawn one after the other"),
      Field("rng", NoiseKind.reader, \.rng, "whose random numbers; PyTorch's on a CPU by default"),
    ])
  }

  /// In the shape of `like`, or 16 channels at an eighth of the size: every FLUX.1's latents.
  func drawn() throws -> Tensor {
    if let like { return rng.normals(seed: Int64(seed), count: 1, like.shape)[0] }
    guard let size else { throw LuaError("'size' or 'like' must say what shape the noise has") }
    let made = rng.normals(seed: Int64(seed), count: batch, [16, size.height / 8, size.width / 8])
    return batch == 1 ? made[0] : made
  }
}

extension FluxModule {
  func tensorFunctions() -> [LuaFunction] {
    [noise(), tensor(), filled("zeros", "A Tensor of zeros.", 0), filled("ones", "A Tensor of ones.", 1), full(), randn(), linspace(), joined("cat", "Tensors one after the other along their first axis.", Tensor.concatenated),
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

  private func randn() -> LuaFunction {
    struct RandnOptions {
      var seed = 0
      static var options: Options<RandnOptions> { Options(RandnOptions(), [Field("seed", .integer, \.seed, "of the generator")]) }
    }
    return LuaFunction("randn", "Normal noise, as torch.randn draws it.",
                       .required("shape", Self.shape, "the length of each axis"), .options(RandnOptions.options), returns: "flux.Tensor") { _, shape, draw in
      _ = try Tensor.product(shape)
      var generator = TorchGenerator(seed: Int64(draw.seed))
      return generator.normals(shape)
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
      return join(tensors)
    }
  }

  private enum TensorSource { case file(String), list(Tensor) }

  private func tensor() -> LuaFunction {
    let source = Reader<TensorSource>("a .safetensors file or a list of numbers", "string|table") { argument in
      if let path = argument.lua.string(at: argument.index) { return .file(path) }
      guard argument.isTable else { throw Mismatch("a .safetensors file or a list of numbers", argument) }
      return .list(try Self.nested(argument))
    }
    return LuaFunction("tensor", "A Tensor from a .safetensors file, or from nested lists of numbers.", .required("source", source, "a file, or the elements"),
                       .optional("name", .string, "which tensor of the file, where it holds several"), returns: "flux.Tensor") { _, source, name in
      switch source {
      case .list(let tensor): return tensor
      case .file(let path): return try self.tensor(named: name, in: self.session.files.file(path))
      }
    }
  }

  private func tensor(named name: String?, in path: String) throws -> Tensor {
    guard path.lowercased().hasSuffix(".safetensors") else { throw LuaError("'\(path)' must be a .safetensors file") }
    let checkpoint = try engine { try Checkpoint(safetensors: FileBytes(mapping: path)) }
    let names = checkpoint.entries.keys.sorted()
    guard let name = name ?? (names.count == 1 ? names[0] : nil) else {
      throw LuaError("'\(path)' holds \(names.count) tensors; name one of them: \(names.prefix(12).joined(separator: ", "))\(names.count > 12 ? ", …" : "")")
    }
    return try engine { try checkpoint.tensor(name) }
  }

  /// Lists in lists, all of one depth and length.
  private static func nested(_ argument: Argument) throws -> Tensor {
    let keys = argument.keys, count = argument.length
    guard keys.names.isEmpty, keys.others.count == count, count > 0 else { throw Mismatch(predicate: "must be a list of numbers, or of lists, without holes or names") }
    let parts = try (1...count).map { index in
      try argument.entry(index) { entry in
        if entry.isTable { return try nested(entry) }
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
    method("save", "Writes a .safetensors file with this one tensor.",
           .required("path", .string, "where to, in the output folder"), .optional("name", .string, default: "tensor", "what the file calls it")) { tensor, _, path, name in
      guard path.lowercased().hasSuffix(".safetensors") else {
        throw LuaError(path.lowercased().hasSuffix(".npy") ? "'\(path)': this version writes .safetensors" : "'\(path)' must end in .safetensors")
      }
      let bytes = try Safetensors.file([name: tensor], metadata: [FileAccess.Mark.key: flux.session.files.recipe])
      try flux.session.files.write(bytes, to: path)
    }
  }
}
