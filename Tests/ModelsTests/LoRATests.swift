import Checkpoints
import Models
import Tensors
import TestSupport
import Testing

/// Adapters beside the weights: the numbers of diffusers in every dialect and on every encoding, and words for what does not fit.
@Suite(.serialized) struct LoRATests {
  let plain = TransformerTests()
  static let files = Fixtures.cases("lora.").filter { $0.has("out") }.flatMap { c -> [(Case, String)] in
    if case .list(let files)? = c.params["lora"] { files.compactMap(\.text).map { (c, $0) } } else { [] }
  }

  func checkpoint(_ name: String = "tiny-dev/transformer") throws -> Checkpoint { try Checkpoint(in: Fixtures.model(name), stem: "diffusion_pytorch_model") }

  func lora(_ tensors: [String: Tensor], metadata: [String: String] = [:], name: String = "x.safetensors") throws -> LoRA {
    let folder = try TemporaryFolder()
    try folder.write(Safetensors.file(tensors, metadata: metadata), to: "x.safetensors")
    return try LoRA(FileBytes(mapping: "\(folder.path)/x.safetensors"), name: name)
  }

  func adapted(_ model: FluxTransformer, _ loras: [(LoRA, Float)]) throws -> FluxTransformer {
    model.adapted(by: try loras.map { (try $0.0.fitted(to: model, .transformer), $0.1) })
  }

  func outputs(_ model: FluxTransformer) throws -> Tensor { try plain.outputs(Fixtures.named("transformer.dev.basic"), model) }

  /// The model whose weights are the sum.
  func merged(_ writer: AdapterWriter, scale: Float) throws -> FluxTransformer {
    let base = try checkpoint(), differences = try writer.differences()
    var all: [String: Tensor] = [:]
    for name in base.entries.keys { all[name] = try differences[name].map { try base.tensor(name) + scale * $0 } ?? base.tensor(name) }
    let folder = try TemporaryFolder()
    try folder.write(Safetensors.file(all), to: "merged.safetensors")
    let file = try Checkpoint(safetensors: FileBytes(mapping: "\(folder.path)/merged.safetensors"))
    return try FluxTransformer(Weights(file, precision: .f32), FluxConfiguration(Settings(Fixtures.model("tiny-dev/transformer").required("config.json", hint: ""))))
  }

  @Test func theReferenceHasItsFiles() { #expect(Self.files.count == 4) }

  @Test(arguments: files) func velocityWithALoRAIsThatOfDiffusers(_ c: Case, _ file: String) throws {
    let lora = try LoRA(FileBytes(mapping: "\(Fixtures.folder)/\(file)"), name: file)
    try lora.check(on: [.transformer: checkpoint()], isPartial: false)
    let model = try adapted(plain.transformer("tiny-dev/transformer"), [(lora, Float(try #require(c.params["scale"]?.number)))])
    try c.check("out", outputs(model))
  }

  @Test func everyDialectAddsWhatItSays() throws {
    let writer = try AdapterWriter(for: checkpoint()), exact = try outputs(merged(writer, scale: 0.7)), base = try plain.transformer("tiny-dev/transformer")
    #expect(writer.layers.count > 20)
    #expect(try outputs(base).largestDifference(from: exact) > 0.1, "the adapter must be seen")
    for (dialect, tensors) in writer.dialects {
      let lora = try lora(tensors)
      try lora.check(on: [.transformer: checkpoint()], isPartial: false)
      let made = try outputs(adapted(base, [(lora, 0.7)]))
      #expect(made.largestDifference(from: exact) < 1e-4, "\(dialect): off by \(made.largestDifference(from: exact))")
    }
  }

  @Test func xlabsAddsToAttention() throws {
    let writer = try AdapterWriter(for: checkpoint()) { name in name.contains("_attn.qkv") || name.contains("_attn.proj") || name.hasSuffix("linear2") }
    let lora = try lora(writer.xlabs), exact = try outputs(merged(writer, scale: 1))
    #expect(lora.dialect == "XLabs")
    #expect(try outputs(adapted(plain.transformer("tiny-dev/transformer"), [(lora, 1)])).largestDifference(from: exact) < 1e-4)
  }

  @Test func alphaOfPEFTsMetadataCounts() throws {
    let writer = try AdapterWriter(for: checkpoint()), tensors = writer.diffusers(prefix: "transformer.", ".lora_A.weight", ".lora_B.weight", alpha: true).filter { !$0.key.hasSuffix(".alpha") }
    let lora = try lora(tensors, metadata: ["lora_adapter_metadata": #"{"transformer.lora_alpha": 2, "transformer.r": 3}"#])
    #expect(try outputs(adapted(plain.transformer("tiny-dev/transformer"), [(lora, 1)])).largestDifference(from: outputs(merged(writer, scale: 1))) < 1e-4)
  }

  @Test func scale0IsNoLoRAToTheByte() throws {
    let base = try plain.transformer("tiny-dev/transformer"), lora = try lora(AdapterWriter(for: checkpoint()).dialects["kohya"] ?? [:])
    #expect(try outputs(adapted(base, [(lora, 0)])).values == outputs(base).values)
  }

  @Test func severalAddUp() throws {
    let base = try plain.transformer("tiny-dev/transformer"), a = try AdapterWriter(for: checkpoint(), seed: 1), kohya = try lora(a.dialects["kohya"] ?? [:]), peft = try lora(a.dialects["PEFT"] ?? [:])
    let made = try outputs(adapted(base, [(kohya, 0.25), (peft, 0.5)]))
    #expect(try made.largestDifference(from: outputs(merged(a, scale: 0.75))) < 1e-4)
  }

  @Test(arguments: [Encoding.bf16, .int8]) func onOtherEncodingsItAddsTheSame(_ encoding: Encoding) throws {
    let writer = try AdapterWriter(for: checkpoint()), lora = try lora(writer.dialects["PEFT"] ?? [:])
    let base = try outputs(plain.transformer("tiny-dev/transformer")), exact = try outputs(merged(writer, scale: 1)) - base
    let rounded = try plain.transformer("tiny-dev/transformer", precision: encoding), made = try outputs(adapted(rounded, [(lora, 1)])) - outputs(rounded)
    #expect((made - exact).norm < 0.1 * exact.norm, "\((made - exact).norm / exact.norm)")
  }

  @Test(arguments: ["gguf.Q8_0", "gguf.Q4_0"]) func onBlocksOfGGUFItAddsTheSame(_ name: String) throws {
    let c = try #require(Fixtures.cases(name).first { $0.has("out") }), formats = FormatTests(), path = try #require(c.params["model"]?.text)
    let model = try formats.transformer(path, formats.settings(c))
    let file = try #require(ModelFile(path: "\(Fixtures.folder)/\(path)").parts[.transformer])
    let lora = try lora(AdapterWriter(for: file).dialects["kohya"] ?? [:])
    try lora.check(on: [.transformer: file], isPartial: false)
    let once = try plain.outputs(c, adapted(model, [(lora, 1)])), plainly = try plain.outputs(c, model)
    #expect((once - plainly).norm > 0.05 * plainly.norm)
    #expect(try plain.outputs(c, adapted(model, [(lora, 0.5), (lora, 0.5)])).largestDifference(from: once) < 1e-3)
  }

  /// Whole differences, Hadamard products and Kronecker products, against the merged weights.
  @Test func otherAlgorithmsAddWhatTheySay() throws {
    let name = "transformer_blocks.0.ff.net.0.proj", base = try checkpoint(), model = try plain.transformer("tiny-dev/transformer"), shape = try base.entry("\(name).weight").shape
    var random = Random(seed: 5)
    let (a, b, c, d) = (random.tensor([shape[0], 2]), random.tensor([2, shape[1]]), random.tensor([shape[0], 2]), random.tensor([2, shape[1]]))
    let (w1, w2) = (random.tensor([4, 2]), random.tensor([shape[0] / 4, shape[1] / 2])), (w2a, w2b) = (random.tensor([shape[0] / 4, 3]), random.tensor([3, shape[1] / 2]))
    func kronecker(_ a: Tensor, _ b: Tensor) -> Tensor {
      Tensor(shape, (0..<shape[0] * shape[1]).map { at in
        let (row, column) = (at / shape[1], at % shape[1])
        return a.values[row / b.rows * a.width + column / b.width] * b.values[row % b.rows * b.width + column % b.width]
      })
    }
    let key = "lycoris_transformer_blocks_0_ff_net_0_proj", whole = random.tensor(shape)
    let cases: [(String, [String: Tensor], Tensor)] = [
      ("LoHa", ["\(key).hada_w1_a": a, "\(key).hada_w1_b": b, "\(key).hada_w2_a": c, "\(key).hada_w2_b": d, "\(key).alpha": Tensor([], [1])], try 0.5 * (Tensor.matmul(a, b) * Tensor.matmul(c, d))),
      ("LoKr", ["\(key).lokr_w1": w1, "\(key).lokr_w2": w2, "\(key).alpha": Tensor([], [1])], kronecker(w1, w2)),
      ("LoKr, split", ["\(key).lokr_w1": w1, "\(key).lokr_w2_a": w2a, "\(key).lokr_w2_b": w2b, "\(key).alpha": Tensor([], [1])], try (1.0 / 3) * kronecker(w1, Tensor.matmul(w2a, w2b))),
      ("difference", ["diffusion_model.\(name).diff": whole], whole),
    ]
    for (algorithm, tensors, difference) in cases {
      let made = try outputs(adapted(model, [(lora(tensors), 0.1)]))
      let folder = try TemporaryFolder()
      var all: [String: Tensor] = [:]
      for name in base.entries.keys { all[name] = try base.tensor(name) }
      all["\(name).weight"] = try base.tensor("\(name).weight") + 0.1 * difference
      try folder.write(Safetensors.file(all), to: "m.safetensors")
      let exact = try FluxTransformer(Weights(Checkpoint(safetensors: FileBytes(mapping: "\(folder.path)/m.safetensors")), precision: .f32), model.configuration)
      #expect(try made.largestDifference(from: outputs(exact)) < 1e-4, "\(algorithm)")
      #expect(try made.largestDifference(from: outputs(model)) > 1e-3, "\(algorithm) must be seen")
    }
  }

  /// A model whose tensors are other ones.
  private func changed(_ change: (inout [String: Tensor]) throws -> Void) throws -> FluxTransformer {
    let base = try checkpoint(), folder = try TemporaryFolder()
    var all: [String: Tensor] = [:]
    for name in base.entries.keys { all[name] = try base.tensor(name) }
    try change(&all)
    try folder.write(Safetensors.file(all), to: "m.safetensors")
    return try FluxTransformer(Weights(Checkpoint(safetensors: FileBytes(mapping: "\(folder.path)/m.safetensors")), precision: .f32), plain.transformer("tiny-dev/transformer").configuration)
  }

  /// m · (W + Δ) / ‖W + Δ‖ at scale 1, and on the line between that and W at others.
  @Test(arguments: [Float(1), 0.4]) func decomposedAdaptersAreWhatTheFormulaSays(_ scale: Float) throws {
    let base = try checkpoint(), model = try plain.transformer("tiny-dev/transformer")
    var random = Random(seed: 11)
    let layers = [("lora_unet_double_blocks_0_img_attn_qkv", ["to_q", "to_k", "to_v"].map { "transformer_blocks.0.attn.\($0)" }),
                  ("lora_unet_single_blocks_1_linear2", ["single_transformer_blocks.1.proj_out"]), ("lora_unet_final_layer_adaLN_modulation_1", ["norm_out.linear"])]
    var tensors: [String: Tensor] = [:], wanted: [String: Tensor] = [:]
    for (name, parts) in layers {
      let weight = Tensor.concatenated(try parts.map { try base.tensor("\($0).weight") })
      let down = random.tensor([2, weight.width], scale: 0.3), up = random.tensor([weight.rows, 2], scale: 0.3), magnitude = random.tensor([weight.rows, 1], scale: 0.2) + 1
      func placed(_ x: Tensor) -> Tensor {
        if parts != ["norm_out.linear"] { return x }
        let half = x.rows / 2
        return Tensor.concatenated([x[half..<2 * half], x[0..<half]])
      }
      (tensors["\(name).lora_down.weight"], tensors["\(name).lora_up.weight"], tensors["\(name).dora_scale"]) = (down, placed(up), placed(magnitude))
      let sum = try weight + Tensor.matmul(up, down)
      let norms = Tensor([sum.rows, 1], (0..<sum.rows).map { Float(sum[$0].dot(sum[$0]).squareRoot()) })
      let whole = magnitude * sum / norms, made = weight + scale * (whole - weight)
      var first = 0
      for part in parts {
        let rows = try base.entry("\(part).weight").shape[0]
        wanted["\(part).weight"] = made[first..<first + rows]
        first += rows
      }
    }
    let lora = try lora(tensors), fitted = try lora.fitted(to: model, .transformer, of: base)
    let exact = try outputs(changed { all in for (name, tensor) in wanted { all[name] = tensor } })
    #expect(try outputs(model.adapted(by: [(fitted, scale)])).largestDifference(from: exact) < 2e-4)
    #expect(try outputs(model.merged(with: [(lora, scale)], .transformer, of: base, precision: .f32)).largestDifference(from: exact) < 2e-4)
    #expect(try outputs(model).largestDifference(from: exact) > 0.01, "it must be seen")
  }

  @Test func normsAreReplacedOrChanged() throws {
    let base = try checkpoint(), model = try plain.transformer("tiny-dev/transformer"), name = "transformer_blocks.0.attn.norm_added_k", single = "single_transformer_blocks.1.attn.norm_q"
    var random = Random(seed: 4)
    let gain = random.tensor([16], scale: 0.3) + 1, difference = random.tensor([16], scale: 0.3)
    let old = (try base.tensor("\(name).weight"), try base.tensor("\(single).weight"))
    let exact = try outputs(changed { $0["\(name).weight"] = old.0 + 0.5 * (gain - old.0); $0["\(single).weight"] = old.1 + 0.5 * difference })
    for tensors in [["double_blocks.0.txt_attn.norm.key_norm.scale": gain, "diffusion_model.single_blocks.1.norm.query_norm.scale.diff": difference],
                    ["transformer.\(name).weight": gain, "transformer.\(single).diff": difference]] {
      let lora = try lora(tensors)
      try lora.check(on: [.transformer: base], isPartial: false)
      #expect(try outputs(adapted(model, [(lora, 0.5)])).largestDifference(from: exact) < 1e-4)
      #expect(try outputs(model.merged(with: [(lora, 0.5)], .transformer, of: base, precision: .f32)).largestDifference(from: exact) < 1e-4)
    }
    #expect(try outputs(model).largestDifference(from: exact) > 1e-3)
  }

  @Test(arguments: [Encoding.f32, .bf16, .int8]) func mergedAndBesideTheWeightsIsTheSame(_ encoding: Encoding) throws {
    let base = try checkpoint(), lora = try lora(AdapterWriter(for: base).dialects["kohya"] ?? [:]), model = try plain.transformer("tiny-dev/transformer", precision: encoding)
    let beside = try outputs(adapted(model, [(lora, 0.7)])), merged = try outputs(model.merged(with: [(lora, 0.7)], .transformer, of: base, precision: encoding))
    let change = try (beside - outputs(model)).norm
    #expect((merged - beside).norm < (encoding == .f32 ? 1e-4 : encoding == .bf16 ? 0.05 : 0.3) * change, "\((merged - beside).norm / change)")
    #expect(try outputs(model.merged(with: [(lora, 0)], .transformer, of: base, precision: encoding)).values == outputs(model).values)
  }

  /// Black Forest Labs' control LoRA: img_in reads twice as much.
  @Test func aControlLoRAReadsWhatTheModelDoesNot() throws {
    let base = try checkpoint(), model = try plain.transformer("tiny-dev/transformer"), c = try Fixtures.named("transformer.dev.basic")
    var random = Random(seed: 9)
    let down = random.tensor([5, 128], scale: 0.3), up = random.tensor([32, 5], scale: 0.3), bias = random.tensor([32], scale: 0.2), more = try random.tensor([c.tensor("in.hidden_states").shape[1], 64])
    let lora = try lora(["img_in.lora_A.weight": down, "img_in.lora_B.weight": up, "img_in.lora_B.bias": bias])
    try lora.check(on: [.transformer: base], isPartial: false)
    #expect(lora.pictureInputs == 128)
    let adapted = try adapted(model, [(lora, 0.8)]), img = try c.tensor("in.hidden_states")[0]
    var wide = Tensor.zeros([img.rows, 128])
    wide.withMutableFloats { to in for row in 0..<img.rows { for column in 0..<64 { (to[row * 128 + column], to[row * 128 + 64 + column]) = (img.values[row * 64 + column], more.values[row * 64 + column]) } } }
    let exact = try Tensor.matmul(img, base.tensor("x_embedder.weight").permuted([1, 0])) + base.tensor("x_embedder.bias")
      + 0.8 * (Tensor.matmul(Tensor.matmul(wide, down.permuted([1, 0])), up.permuted([1, 0])) + bias)
    #expect(try adapted.imgIn(wide: wide).largestDifference(from: exact) < 1e-4)
    #expect(message { _ = try model.merged(with: [(lora, 1)], .transformer, of: base, precision: .f32) }.hasSuffix("is a control LoRA, which reads more than the model does and cannot be merged; leave out 'merge'"))
  }

  @Test func whatDoesNotFitIsSaidInWords() throws {
    let x = Tensor.zeros([4, 32]), y = Tensor.zeros([32, 4]), key = "transformer.transformer_blocks.0.attn.to_q"
    func wrong(_ tensors: [String: Tensor], partial: Bool = false) -> String { message { try lora(tensors).check(on: [.transformer: checkpoint()], isPartial: partial) } }
    #expect(wrong(["\(key).lora_A.weight": x, "\(key).lora_B.weight": Tensor.zeros([32, 6])])
      == "x.safetensors: '\(key)' has a down of rank 4 and an up of rank 6, but they must be equal; is the file damaged?")
    #expect(wrong(["\(key).lora_A.weight": Tensor.zeros([4, 64]), "\(key).lora_B.weight": Tensor.zeros([64, 4])])
      == "x.safetensors: '\(key)' is for a layer of 64 inputs and 64 outputs, but transformer_blocks.0.attn.to_q of this model has 32 and 32; is it an adapter for another model?")
    #expect(wrong(["\(key).lora_A.weight": x])
      == "x.safetensors: '\(key).lora_A.weight' has no other half: the adapter of '\(key)' lacks its up; is the file damaged?")
    #expect(wrong(["\(key).lora_A.weight": x, "\(key).lora_B.weight": y, "transformer.transformer_blocks.7.attn.to_q.lora_A.weight": x, "transformer.transformer_blocks.7.attn.to_q.lora_B.weight": y, "rest": x])
      == "x.safetensors: 2 of its tensors or layers have no place in this model: 'transformer.transformer_blocks.7.attn.to_q', 'rest'; 'partial = true' goes without them")
    try lora(["\(key).lora_A.weight": x, "\(key).lora_B.weight": y, "rest": x]).check(on: [.transformer: checkpoint()], isPartial: true)
    #expect(wrong(["transformer.transformer_blocks.7.attn.to_q.lora_A.weight": x, "transformer.transformer_blocks.7.attn.to_q.lora_B.weight": y], partial: true)
      == "x.safetensors: nothing of it has a place in this model: 'transformer.transformer_blocks.7.attn.to_q'")
    #expect(wrong(["weight": x]) == "x.safetensors: holds no adapter: none of its 1 tensors is named like half of a LoRA")
    #expect(wrong(["lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": Tensor.zeros([4, 2048]), "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight": Tensor.zeros([640, 4])])
      == "x.safetensors: is an adapter for SDXL, not for FLUX.1")
    #expect(wrong(["lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": Tensor.zeros([4, 768]), "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight": Tensor.zeros([320, 4])])
      == "x.safetensors: is an adapter for Stable Diffusion 1.5, not for FLUX.1")
    #expect(wrong(["transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj.lora_A.weight": x, "transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj.lora_B.weight": y])
      == "x.safetensors: is an adapter for FLUX.2, not for FLUX.1")
    #expect(wrong(["\(key).lora_A.weight": x, "\(key).lora_B.weight": y, "\(key).dora_scale": x])
      == "x.safetensors: '\(key).dora_scale' has shape [4, 32], but this version applies magnitudes (DoRA) of outputs, one for each of 32")
    #expect(wrong(["transformer_blocks.0.attn.norm_q.weight": Tensor.zeros([9]), "\(key).lora_A.weight": x, "\(key).lora_B.weight": y])
      == "x.safetensors: 'transformer_blocks.0.attn.norm_q' is for a norm of 9, but transformer_blocks.0.attn.norm_q of this model has 16; is it an adapter for another model?")
  }
}
