import Foundation
import TestSupport
import Testing

extension CommandTests {
/// `fluxlua models`, `inspect` of model files, `convert` and `bench`.
@Suite struct ModelCommandTests {
  @Test func modelsListsWhatIsThereAndWhatItLacks() throws {
    let shop = try Workshop()
    _ = try shop.model("shelf/tiny")
    try FileManager.default.copyItem(atPath: "\(Fixtures.folder)/variants/flux1-dev-tiny.safetensors", toPath: shop.folder.appending(path: "shelf/one.safetensors").path)
    let outcome = try shop.fluxlua("models", environment: ["FLUXLUA_MODELS": "shelf", "HOME": "/nowhere"])
    #expect(outcome.status == 0 && outcome.errors == "")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("embedded  dev, diffusers, BF16, 1"))
    #expect(lines.contains("tiny  dev, diffusers, F32, 1.5 MB") && lines.contains("  shelf/tiny"))
    #expect(lines.contains { $0.hasPrefix("one.safetensors  dev, safetensors, BF16") })
    #expect(lines.contains { $0.hasPrefix("  missing: shelf/one.safetensors: has heads of 16") })
    #expect(try shop.fluxlua("models", environment: ["HOME": "/nowhere"]).output.contains("$FLUXLUA_MODELS is not set"))
  }

  @Test func inspectDescribesModelFiles() throws {
    let shop = try Workshop()
    let file = "\(Fixtures.folder)/gguf/flux-tiny-Q8_0.gguf", outcome = try shop.fluxlua("inspect", file)
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("\(file): GGUF, "))
    #expect(outcome.output.contains("transformer: dev, 1 double and 1 single blocks, 2 heads of 16; ") && outcome.output.contains("metadata:    general.architecture = flux\n"))
    #expect(try shop.fluxlua("inspect", Fixtures.tinyDev).output.contains("missing:     nothing\n"))
    let json = try shop.fluxlua("inspect", "--json", file)
    let object = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["format"] as? String == "GGUF")
  }

  @Test func aDamagedModelFileIsUnusable() throws {
    let shop = try Workshop(["a.gguf": "GGUF and then nothing of it", "b.safetensors": "x"])
    let gguf = try shop.fluxlua("inspect", "a.gguf"), safetensors = try shop.fluxlua("inspect", "b.safetensors")
    #expect(gguf.status == 3 && gguf.errors.hasPrefix("fluxlua: a.gguf: "))
    #expect(safetensors.status == 3 && safetensors.errors == "fluxlua: b.safetensors: 1 bytes are too few for a safetensors file\n")
    #expect(try shop.fluxlua("paint", "a fox", "--model", "a.gguf").status == 3)
    let hub = try shop.fluxlua("paint", "a fox", "--model", "some/model", environment: ["HOME": "/nowhere"])
    #expect(hub.status == 3 && hub.errors.hasSuffix("nothing is ever downloaded. To fetch it: huggingface-cli download some/model\n"), "\(hub.errors)")
  }

  @Test func aConvertedModelIsReadAgain() throws {
    let shop = try Workshop(), source = "\(Fixtures.folder)/variants/flux1-dev-tiny.safetensors"
    let outcome = try shop.fluxlua("convert", source, "made.gguf", "--to", "q8_0")
    #expect(outcome.status == 0 && outcome.output == "made.gguf: 0.2 MB\n" && outcome.errors == "", "\(outcome)")
    #expect(try shop.fluxlua("inspect", "made.gguf").output.contains("Q8_0: "))
    let again = try shop.fluxlua("convert", source, "made.gguf", "--to", "q8_0")
    #expect(again.status == 2 && again.errors == "fluxlua: 'OUT' 'made.gguf' is there already; move it away or choose another name\n")
    #expect(try shop.fluxlua("convert", source, "other.gguf", "--to", "int8").status == 2)
    #expect(try shop.fluxlua("convert", "none.safetensors", "x.safetensors", "--to", "int8").status == 3)
    #expect(shop.files == ["made.gguf"])
  }

  @Test(arguments: ["attention", "vae"]) func piecesOfTheModelAreMeasuredByThemselves(_ stage: String) throws {
    let outcome = try Workshop().fluxlua("bench", "--stage", stage, "--size", "128", "--text", "32", "--repeats", "1", "--json")
    let made = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome)")
    let seconds = made["seconds"] as? Double ?? 0, floor = made["floorSeconds"] as? Double, ratio = made["ratio"] as? Double
    #expect(outcome.status == 0 && made["stage"] as? String == stage && seconds > 0 && (stage == "vae") == (floor == nil))
    if let floor, let ratio { #expect(abs(ratio - seconds / floor) < 1e-6 * ratio) }
  }

  @Test func benchInTurnsAnswersEveryLineAndEndsWithThem() throws {
    let shop = try Workshop()
    let asked = "printf '\\n\\n\\n' | \(ReleaseBinary.url.path) bench --in-turns --stage attention --size 64 --text 16"
    let outcome = try ReleaseBinary.run(URL(fileURLWithPath: "/bin/sh"), ["-c", asked], in: shop.folder)
    let answers = outcome.output.split(separator: "\n").map { Double($0) ?? 0 }
    #expect(outcome.status == 0 && answers.count == 3 && answers.allSatisfy { $0 > 0 }, "\(outcome)")
  }

  @Test(arguments: [["--in-turns", "--encoding", "bf16,int8"], ["--in-turns", "--lora", "4"], ["--tile", "128"], ["--stage", "vae", "--tile", "100"], ["--encoding", "q9"], ["--size", "100"], ["--text", "0"], ["--repeats", "0"], ["--threads", "0"]]) func wrongUseOfBenchIsSaid(_ options: [String]) throws {
    let outcome = try Workshop().fluxlua(["bench"] + options)
    #expect(outcome.status == 2 && outcome.errors.contains("must be"), "\(outcome.errors)")
  }
}
}
