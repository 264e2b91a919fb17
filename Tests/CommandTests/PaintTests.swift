import Foundation
import Imaging
import TestSupport
import Testing

extension CommandTests {
/// `fluxlua paint` and `fluxlua inspect`.
@Suite struct PaintTests {
  private func image(_ shop: Workshop, _ name: String) throws -> Image { try Image(contentsOf: shop.folder.appending(path: name).path) }

  @Test func everyOptionOfPaintHasItsEffect() throws {
    let shop = try Workshop()
    func paint(_ name: String, _ options: String...) throws -> Image {
      let outcome = try shop.fluxlua(["paint", "a red apple", "-o", name] + options)
      #expect(outcome.status == 0 && outcome.errors.hasSuffix("saved \(name)\n"), "\(options): \(outcome.errors)")
      return try image(shop, name)
    }
    let plain = try paint("plain.png", "--steps", "2")
    #expect(try paint("same.png", "--steps", "2", "--seed", "0", "--sampler", "euler").pixels == plain.pixels)
    for (index, options) in [["--steps", "3"], ["--steps", "2", "--seed", "1"], ["--steps", "2", "--guidance", "9"], ["--steps", "2", "--negative", "grey"],
                             ["--steps", "2", "--cfg", "2"], ["--steps", "2", "--sampler", "heun"], ["--steps", "2", "--precision", "int8"]].enumerated() {
      let name = "\(index).png"
      let outcome = try shop.fluxlua(["paint", "a red apple", "-o", name] + options)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try image(shop, name).pixels != plain.pixels, "\(options) changes nothing")
    }
    let wide = try paint("sub/wide.png", "--steps", "1", "--size", "64x32")
    #expect(wide.width == 64 && wide.height == 32)
    #expect(try paint("sub/square.png", "--steps", "1", "--size", "48").height == 48)
    #expect(try shop.fluxlua(["paint", "a red apple", "--steps", "2", "-q"]).errors == "")
    #expect(try image(shop, "picture.png").pixels == plain.pixels)
    let other = try shop.fluxlua(["paint", "a fox", "--model", Fixtures.tinyDev, "--size", "32", "--steps", "1", "-o", "tiny.png"])
    #expect(other.status == 0, "\(other.errors)")
  }

  @Test func paintDoesNotTouchAForeignPictureAndSaysSoFirst() throws {
    let shop = try Workshop(["mine.png": "my own"])
    let outcome = try shop.fluxlua("paint", "a fox", "-o", "mine.png")
    #expect(outcome.status == 1)
    #expect(outcome.errors == "fluxlua: mine.png is there already and was not made by this recipe; move it away, or choose another name or --out\n")
    #expect(try shop.bytes("mine.png") == Data("my own".utf8))
  }

  @Test func inspectShowsWhatMadeAPicture() throws {
    let source = "-- A fox.\nlocal p = flux.params { steps = 2 }\nflux.load():generate('a fox', {size = 32, steps = p.steps, seed = 9, cfg = {scale = 2, negative = 'grey'}}):save('fox.png', {text = {Title = 'mine'}})\n"
    let shop = try Workshop(["fox.lua": source])
    try shop.fluxlua("run", "fox.lua", "--model", Fixtures.tinyDev, "--set", "steps=3")
    let shown = try shop.fluxlua("inspect", "out/fox/fox.png")
    #expect(shown.status == 0 && shown.errors == "")
    for line in ["out/fox/fox.png: 32x32 RGB", "prompt:      a fox", "negative:    grey", "seed:        9", "sampler:     euler, 3 steps", "guidance:    3.5 at every step",
                 "cfg:         2.0 at every step", "recipe:      fox.lua, sha256 ", "  steps:     3", "  -- A fox.", "Title:\nmine"] {
      #expect(shown.output.contains(line), "no '\(line)' in\n\(shown.output)")
    }
    #expect(!shown.output.contains("Recipe:\n"))
    #expect(try shop.fluxlua("inspect", "--recipe", "out/fox/fox.png").output == source)
    let json = try shop.fluxlua("inspect", "--json", "out/fox/fox.png")
    let record = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(record["seed"] as? Int == 9 && record["prompt"] as? String == "a fox" && (record["sigmas"] as? [Double])?.count == 4)
  }

  @Test func theRecipeOfAPictureMakesItAgain() throws {
    let shop = try Workshop(["fox.lua": "flux.load():generate('a fox', {size = 32, steps = 2, seed = 9}):save 'fox.png'"])
    try shop.fluxlua("run", "fox.lua", "--model", Fixtures.tinyDev)
    try shop.write(try shop.fluxlua("inspect", "--recipe", "out/fox/fox.png").output, to: "again/fox.lua")
    try shop.fluxlua("run", "again/fox.lua", "--model", Fixtures.tinyDev, "--out", "again")
    #expect(try image(shop, "again/fox.png").pixels == image(shop, "out/fox/fox.png").pixels)
  }

  @Test func inspectOfOtherFilesSaysWhatTheyAre() throws {
    let shop = try Workshop(["note.txt": "no picture"])
    let note = try shop.fluxlua("inspect", "note.txt")
    #expect(note.status == 3 && note.errors == "fluxlua: note.txt: This is neither a PNG nor a JPEG nor a WebP file.\n")
    #expect(try shop.fluxlua("inspect", "nix.png").status == 3)
    let foreign = "\(Fixtures.folder)/pictures/rgb8.png"
    let shown = try shop.fluxlua("inspect", foreign)
    #expect(shown.status == 0 && shown.output == "\(foreign): 13x7 RGB\ncarries no text\n")
    for option in ["--json", "--recipe"] {
      let outcome = try shop.fluxlua("inspect", option, foreign)
      #expect(outcome.status == 3 && outcome.errors == "fluxlua: \(foreign): carries no record of fluxlua\n")
    }
  }
}
}
