import Foundation
import TestSupport
import Testing

extension CommandTests {
/// How the command ends, and the one sentence that it says then.
@Suite struct ExitCodeTests {
  private static let recipe = """
    -- Paints a fox.
    local p = flux.params { steps = {2, min = 1, max = 50, help = "denoising steps"}, grey = false, mode = {"a", choices = {"a", "b"}} }
    flux.load():generate("a fox", {size = 32, steps = p.steps}):save "fox.png"

    """

  @Test func aRecipeThatComesToItsEndEndsWith0() throws {
    let shop = try Workshop(["fox.lua": Self.recipe])
    let outcome = try shop.fluxlua("run", "fox.lua", "--model", Fixtures.tinyDev)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.hasSuffix("saved out/fox/fox.png\n"), "\(outcome.errors)")
    #expect(shop.has("out/fox/fox.png"))
  }

  @Test(arguments: [
    (["--bogus"], "Unknown option '--bogus'"),
    (["run"], "Missing expected argument '<recipe>'"),
    (["run", "nix.lua"], "fluxlua: cannot read nix.lua: No such file or directory"),
    (["run", "nix.lua", "--help"], "fluxlua: cannot read nix.lua: No such file or directory"),
    (["run", "fox.lua", "--stpes", "3"], "Unknown option '--stpes'. Did you mean '--set'? A recipe's own parameters are set so: --set stpes=…\n"),
    (["plan", "fox.lua", "--hue=3"], "Unknown option '--hue'. Did you mean '--out'? A recipe's own parameters are set so: --set hue=…\n"),
    (["run", "fox.lua", "--quite"], "Unknown option '--quite'. Did you mean '--quiet'?\n"),
    (["paint", "a fox", "--width", "32"], "Unknown option '--width'; here it is '--size'\n"),
    (["paint", "a fox", "--negative-prompt", "grey"], "Unknown option '--negative-prompt'; here it is '--negative'\n"),
    (["paint", "a fox", "--cfg_scale=2"], "Unknown option '--cfg_scale'; here it is '--cfg'\n"),
    (["run", "fox.lua", "--set", "steps"], "--set must be name=value, got 'steps'."),
    (["run", "fox.lua", "--set", "=3"], "--set must be name=value, got '=3'."),
    (["run", "fox.lua", "--set", "steps=99"], "fluxlua: fox.lua:2: params: --set steps=99: 'steps' must be a number from 1 to 50"),
    (["run", "fox.lua", "--set", "steps=ten"], "fluxlua: fox.lua:2: params: --set steps=ten: 'steps' must be a number from 1 to 50"),
    (["run", "fox.lua", "--set", "stpes=3"], "fluxlua: fox.lua:2: params: --set stpes=3: no parameter 'stpes'; did you mean 'steps'?"),
    (["run", "fox.lua", "--set", "grey=maybe"], "fluxlua: fox.lua:2: params: --set grey=maybe: 'grey' must be true or false"),
    (["run", "fox.lua", "--set", "mode=c"], "fluxlua: fox.lua:2: params: --set mode=c: 'mode' must be one of a, b"),
    (["run", "fox.lua", "--time-limit", "soon"], "--time-limit must be a time such as 90s, 10m or 2h, got 'soon'."),
    (["run", "fox.lua", "--lua-memory", "3"], "--lua-memory must be a size of at least 1MB, such as 256MB or 12GB, got '3'."),
    (["run", "fox.lua", "--memory-limit", "x"], "--memory-limit must be a size of at least 1MB, such as 256MB or 12GB, got 'x'."),
    (["run", "fox.lua", "--threads", "0"], "--threads must be from 1 to 1024, got 0."),
    (["run", "fox.lua", "--precision", "f16"], "The value 'f16' is invalid for '--precision <precision>'."),
    (["manual", "genrate"], "fluxlua: no topic 'genrate'; did you mean 'generate'?"),
    (["paint"], "Missing expected argument '<prompt>'"),
    (["paint", "a fox", "-o", "fox.gif"], "--output must end in .png, .jpg, .jpeg or .webp, got 'fox.gif'."),
    (["paint", "a fox", "--size", "big"], "--size must be such as 512 or 768x512, got 'big'."),
    (["paint", "a fox", "--size", "512x500"], "--size must be in multiples of 16, from 16 to 16384; got 500."),
    (["paint", "a fox", "--steps", "0"], "--steps must be from 1 to 1000, got 0."),
    (["paint", "a fox", "--sampler", "huen"], "The value 'huen' is invalid for '--sampler <sampler>'."),
    (["paint", "a fox", "--guidance", "nan"], "--guidance must be from 0 to 1000, got nan."),
    (["paint", "a fox", "--cfg=-1"], "--cfg must be from 0 to 1000, got -1.0."),
  ]) func wrongUseEndsWith2(_ arguments: [String], _ message: String) throws {
    let shop = try Workshop(["fox.lua": Self.recipe])
    let outcome = try shop.fluxlua(arguments)
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.output == "")
    #expect(shop.files == ["fox.lua"])
  }

  @Test func anUnknownInstructionSetEndsWith2() throws {
    let outcome = try Workshop(["fox.lua": Self.recipe]).fluxlua("run", "fox.lua", environment: ["FLUX_ISA": "sse9"])
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("fluxlua: FLUX_ISA must be "), "\(outcome.errors)")
  }

  @Test(arguments: [
    ("local x =\n", [], "fluxlua: bad.lua:2: unexpected symbol near <eof>\n  1 | local x =\n    |          ^\n"),
    ("\nlocal t\nlocal x = t.y", [], "fluxlua: bad.lua:3: attempt to index a nil value (local 't')\n  3 | local x = t.y\n    |           ^\n"),
    ("local function f()\n  error 'mine'\nend\nf()", [],
     "fluxlua: bad.lua:2: mine\n  2 |   error 'mine'\n  bad.lua:2: in local 'f'\n  bad.lua:4: in the main chunk\n"),
    ("require 'nix'", [],
     "fluxlua: bad.lua:1: require: no module 'nix': looked for nix.lua and lua/nix.lua in the recipe's folder\n  1 | require 'nix'\n    | ^^^^^^^\n"),
    ("flux.tensor 'nix.safetensors'", [],
     "fluxlua: bad.lua:1: tensor: there is no file 'nix.safetensors' in the recipe's folder (.) or in the output folder (out/bad)\n"
       + "  1 | flux.tensor 'nix.safetensors'\n    |      ^^^^^^\n"),
    ("flux.image(flux.zeros {3, 4, 4}):save 'a.png'\nwhile true do end", ["--time-limit", "0.5s"],
     "fluxlua: bad.lua:2: stopped by --time-limit 0.5s\n1 file saved before that: out/bad/a.png\n"),
    ("local t = {}\nfor i = 1, 1e9 do t[i] = {} end", ["--lua-memory", "4MB"],
     "fluxlua: bad.lua:2: out of memory: the recipe's Lua values reached --lua-memory 4MB\n"),
    ("local t = {}\nfor i = 1, 1e9 do t[i] = flux.ones(1000000) end", ["--memory-limit", "300MB"], "fluxlua: stopped by --memory-limit 300MB\n"),
  ]) func aRecipeThatFailsEndsWith1(_ source: String, _ arguments: [String], _ message: String) throws {
    let shop = try Workshop(["bad.lua": source])
    let outcome = try shop.fluxlua(["run", "bad.lua"] + arguments)
    #expect(outcome.status == 1)
    #expect(outcome.errors == message)
    #expect(outcome.output == "")
  }

  /// A way to break a model, and what is said then.
  struct Damage: CustomTestStringConvertible {
    let testDescription: String, message: String
    let make: @Sendable (URL) throws -> Void
    init(_ name: String, _ message: String, _ make: @escaping @Sendable (URL) throws -> Void) { (testDescription, self.message, self.make) = (name, message, make) }
  }

  static let damages = [
    Damage("folder missing", "fox.lua:3: load: model: there is no folder 'vae'; this part of the model was not downloaded") {
      try FileManager.default.removeItem(at: $0.appending(path: "vae"))
    },
    Damage("weights missing", "fox.lua:3: load: model/text_encoder_2: there is no model.safetensors") {
      try FileManager.default.removeItem(at: $0.appending(path: "text_encoder_2/model.safetensors"))
    },
    Damage("configuration missing", "fox.lua:3: load: model/transformer: there is no config.json") {
      try FileManager.default.removeItem(at: $0.appending(path: "transformer/config.json"))
    },
    Damage("weights cut off", "fox.lua:3: load: model/transformer/diffusion_pytorch_model.safetensors: tensor ") {
      let file = try FileHandle(forUpdating: $0.appending(path: "transformer/diffusion_pytorch_model.safetensors"))
      try file.truncate(atOffset: 100_000)
    },
    Damage("parts of different models", "fox.lua:3: load: model: the T5 encoder gives vectors of 48, but the transformer takes 50") {
      try replace("\"joint_attention_dim\": 48", with: "\"joint_attention_dim\": 50", in: $0.appending(path: "transformer/config.json"))
    },
    Damage("tensor of another shape", "tensor 'x_embedder.weight' has shape [64, 32], but config.json and the other tensors ask for [32, 64]") {
      let file = $0.appending(path: "transformer/diffusion_pytorch_model.safetensors")
      try replace("\"x_embedder.weight\":{\"dtype\":\"F32\",\"shape\":[32,64]", with: "\"x_embedder.weight\":{\"dtype\":\"F32\",\"shape\":[64,32]", in: file)
    },
    Damage("vocabulary damaged", "fox.lua:3: load: model/tokenizer") {
      try Data("{".utf8).write(to: $0.appending(path: "tokenizer/vocab.json"))
    },
  ]

  private static func replace(_ old: String, with new: String, in file: URL) throws {
    var data = try Data(contentsOf: file)
    let range = try #require(data.range(of: Data(old.utf8)), "no \(old)")
    data.replaceSubrange(range, with: Data(new.utf8))
    try data.write(to: file)
  }

  @Test(arguments: damages) func aModelThatCannotBeUsedEndsWith3(_ damage: Damage) throws {
    let shop = try Workshop(["fox.lua": Self.recipe])
    try damage.make(shop.model())
    let outcome = try shop.fluxlua("run", "fox.lua", "--model", "model")
    #expect(outcome.status == 3)
    #expect(outcome.errors.contains(damage.message), "\(outcome.errors)")
    #expect(!outcome.errors.dropLast().contains("\n"), "one sentence: \(outcome.errors)")
    #expect(!shop.has("out/fox/fox.png"))
  }

  @Test(arguments: ["--model nix", "FLUXLUA_MODEL", "flux.load 'nix'", "damaged picture"]) func whatIsNotThereEndsWith3(_ way: String) throws {
    let load = way.hasPrefix("flux") ? way : way == "damaged picture" ? "flux.image 'bad.png'" : "flux.load()"
    let shop = try Workshop(["a.lua": load, "bad.png": "no picture"])
    let arguments = ["run", "a.lua"] + (way == "--model nix" ? ["--model", "nix"] : [])
    let outcome = try shop.fluxlua(arguments, environment: way == "FLUXLUA_MODEL" ? ["FLUXLUA_MODEL": "nix"] : [:])
    #expect(outcome.status == 3, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("fluxlua: a.lua:1: "), "\(outcome.errors)")
  }

  @Test(arguments: [(SIGINT, 130, "interrupted"), (SIGTERM, 143, "terminated")]) func aSignalEndsAStepBetweenTwoBlocks(_ signal: Int32, _ status: Int32, _ word: String) throws {
    let shop = try Workshop(["long.lua": """
      local model = flux.load()
      flux.image(flux.zeros {3, 4, 4}):save "first.png"
      local before = flux.elapsed()
      model:generate("a fox", {steps = 50, size = 1024, shift = 3, on_step = function() flux.log("made in %f", flux.elapsed() - before) end}):save "second.png"
      """])
    let end = try shop.interrupted(signal, once: "made in", "run", "long.lua")
    #expect(end.status == status)
    let made = end.errors.split(separator: "\n").filter { $0.hasPrefix("made in ") }.compactMap { Double($0.dropFirst(8)) }
    #expect(made.count == 1, "the second step was not broken off")
    #expect(end.seconds < made[0], "a step takes \(made[0]) s, the end took \(end.seconds) s")
    #expect(end.errors.hasSuffix("fluxlua: long.lua:4: \(word)\n1 file saved before that: out/long/first.png\n"), "\(end.errors)")
    #expect(shop.files.filter { !$0.hasPrefix(".") } == ["long.lua", "out", "out/long", "out/long/first.png"])
  }
}
}
