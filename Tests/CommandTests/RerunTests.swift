import Foundation
import Imaging
import TestSupport
import Testing

extension CommandTests {
/// `fluxlua rerun`: a picture made again from what it carries.
@Suite struct RerunTests {
  private static let recipe = """
    local p = flux.params { seed = 3, functions = false }
    local model = flux.load()
    model:generate("an owl", { size = 32, steps = 2 }):save "owl.png"
    model:generate("a fox", { size = {48, 32}, steps = 3, seed = p.seed, sampler = "euler_ancestral", eta = 0.5, rng = "a1111", guidance = {4, 2} }):save "values.png"
    model:generate({"a fox", "a cat"}, { size = 32, steps = 2, seed = 5, batch = 2 })[2]:save "batch.png"
    model:generate("a fox", { size = 32, steps = 2, seed = p.seed, guidance = function(s) return s.index end }):save "scripted.png"
    model:generate("a fox", { size = 32, steps = 2, cfg = { scale = 2, negative = "a cat", combine = "apg" } }):save "cfg.png"
    model:generate("a fox", { size = 32, steps = 5, cache = { threshold = 1e6, start = 0.2, stop = 0.8 } }):save "cached.png"
    local sweep = flux.sweep { seed = {1, 2, 3} }
    for cell in sweep:cells() do cell:save(model:generate("a fox", { size = 32, steps = 2, seed = cell.seed, on_step = function(s) end }):flip "horizontal") end
    """

  private static func rerun(_ shop: Workshop, _ file: String, _ arguments: String...) throws -> ReleaseBinary.Outcome {
    try shop.fluxlua(["rerun", file, "--model", Fixtures.tinyDev, "--quiet"] + arguments)
  }

  @Test func everyPictureIsMadeAgainToThePixel() throws {
    let shop = try Workshop(["a.lua": recipe()])
    let made = try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev, "--quiet", "--set", "seed=9")
    #expect(made.status == 0, "\(made.errors)")
    for (file, way) in [("values", "from its values"), ("batch", "from its values"), ("cached", "from its values"), ("scripted", "by its recipe a.lua"), ("cfg", "by its recipe a.lua")] {
      let outcome = try Self.rerun(shop, "out/a/\(file).png")
      #expect(outcome.status == 0 && outcome.output == "out/a/\(file).png: identical, made again \(way)\n", "\(file): \(outcome.output)\(outcome.errors)")
    }
    let cell = try #require(shop.files.first { $0.hasPrefix("out/a/cells/") })
    let before = shop.files
    let outcome = try Self.rerun(shop, cell, "-o", "again.png")
    #expect(outcome.status == 0 && outcome.output.hasSuffix("identical, made again by its recipe a.lua\n"), "\(outcome.output)\(outcome.errors)")
    #expect(try Image(contentsOf: shop.folder.appending(path: "again.png").path).pixels == Image(contentsOf: shop.folder.appending(path: cell).path).pixels)
    #expect(shop.files.filter { $0 != "again.png" } == before, "nothing else is written")
  }

  private func recipe() -> String { Self.recipe }

  @Test func whatDiffersIsTold() throws {
    let shop = try Workshop(["a.lua": Self.recipe])
    #expect(try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev, "--quiet").status == 0)
    let other = try shop.model("other")
    let file = try FileHandle(forUpdating: other.appending(path: "vae/diffusion_pytorch_model.safetensors"))
    try file.seek(toOffset: 60_000)
    let bytes = try #require(try file.read(upToCount: 4))
    try file.seek(toOffset: 60_000)
    try file.write(contentsOf: Data(bytes.map { $0 ^ 1 }))
    let differs = try shop.fluxlua("rerun", "out/a/values.png", "--model", "other", "--quiet")
    #expect(differs.status == 1 && differs.output.contains(" dB, made again ") && differs.output.contains("the model was "), "\(differs.output)\(differs.errors)")
    var edited = try Image(contentsOf: shop.folder.appending(path: "out/a/values.png").path).resized(width: 24, height: 16)
    edited.text = try Image(contentsOf: shop.folder.appending(path: "out/a/values.png").path).text
    try edited.write(to: shop.folder.appending(path: "small.png").path)
    #expect(try Self.rerun(shop, "small.png").output.contains("small.png: was edited after it was made: it is 24x16, what was made is 48x32"))
    try Image(width: 1, height: 1, channels: 1, pixels: [0]).write(to: shop.folder.appending(path: "plain.png").path)
    #expect(try Self.rerun(shop, "plain.png").status == 3)
    #expect(try Self.rerun(shop, "nix.png").status == 3)
  }
}
}
