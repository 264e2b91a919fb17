import Foundation
import TestSupport
import Testing

extension CommandTests {
/// ControlNets and their like at the command line.
@Suite struct FamilyTests {
  private static let net = "\(Fixtures.folder)/controlnet-union", picture = "flux.image('\(Fixtures.folder)/inputs/image_square.png')"

  @Test func inspectTellsWhatAControlNetIs() throws {
    let shop = try Workshop()
    let shown = try shop.fluxlua("inspect", Self.net)
    #expect(shown.status == 0 && shown.output.contains("ControlNet for FLUX.1") && shown.output.contains("modes:       canny, tile, depth, blur, pose"), "\(shown.output)\(shown.errors)")
    #expect(shown.output.contains("looks at:    latents"))
    #expect(try shop.fluxlua("inspect", "\(Fixtures.folder)/xlabs/own/flux-canny-controlnet.safetensors").output.contains("looks at:    pixels"))
    #expect(try shop.fluxlua("inspect", Self.net, "--json").output.contains(#""singleBlocks":0"#))
  }

  @Test func aPictureTellsItsControlsAndIsMadeAgain() throws {
    let shop = try Workshop(["fox.lua": "flux.load():generate('a fox', { size = 32, steps = 2, control = { model = '\(Self.net)', image = \(Self.picture), mode = 'depth', scale = { 1, 0.5 } } }):save 'fox.png'"])
    let made = try shop.fluxlua("run", "fox.lua", "--model", Fixtures.tinyDev, "--allow-read", Fixtures.folder)
    #expect(made.status == 0, "\(made.errors)")
    let shown = try shop.fluxlua("inspect", "out/fox/fox.png").output
    #expect(shown.contains("controlnet-union, sha256 ") && shown.contains("mode 2, scale 1.0 0.5, picture sha256 "), "\(shown)")
    let again = try shop.fluxlua("rerun", "out/fox/fox.png", "--model", Fixtures.tinyDev, "--folder", Fixtures.folder)
    #expect(again.output.contains("identical, made again by its recipe fox.lua"), "\(again.output)\(again.errors)")
  }

  @Test func checkNamesAFileThatIsNotThereAndGoesOn() throws {
    let shop = try Workshop(["fox.lua": "flux.load():generate('a fox', { control = { model = 'nix', image = flux.image{ size = 512 } }, redux = { model = 'nox', image = flux.image{ size = 16 } }, lora = { nax = 1 } })"])
    let checked = try shop.fluxlua("check", "fox.lua")
    for name in ["nix", "nox", "nax"] { #expect(checked.errors.contains("'\(name)'") && checked.errors.contains("checked without it"), "\(checked.errors)") }
    #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
    let wrong = try Workshop(["fox.lua": "flux.load():generate('a fox', { control = { model = 'nix', image = flux.image{ size = 512 }, scael = 1 } })"]).fluxlua("check", "fox.lua")
    #expect(wrong.status == 1 && (wrong.output + wrong.errors).contains("did you mean 'scale'?"), "\(wrong.errors)")
    let run = try shop.fluxlua("run", "fox.lua")
    #expect(run.status == 3, "\(run.errors)")
  }

  @Test func planCountsControls() throws {
    let shop = try Workshop(["fox.lua": "local control = { model = '\(Self.net)', image = \(Self.picture), mode = 1 }\nflux.load():generate('a fox', { size = 512, steps = 8, control = control })",
                             "bare.lua": "flux.load():generate('a fox', { size = 512, steps = 8 })"])
    let with = try shop.fluxlua("plan", "fox.lua", "--model", Fixtures.tinyDev, "--allow-read", Fixtures.folder)
    #expect(with.status == 0 && with.output.contains("8 evaluations"), "\(with.output)\(with.errors)")
  }

  /// The maps alone with the model inside, and with a network on a tiny model.
  @Test func theRecipeOfControlsRunsWithANetwork() throws {
    let recipe = try String(contentsOfFile: Fixtures.folder + "/../../Recipes/control.lua", encoding: .utf8), shop = try Workshop(["control.lua": recipe])
    let made = try shop.fluxlua("run", "control.lua", "--model", Fixtures.tinyDev, "--allow-read", Fixtures.folder, "--set", "controlnet=\(Self.net)", "--set", "size=32")
    #expect(made.status == 0 && made.errors.contains("control.png"), "\(made.errors)")
  }

  /// The two pictures alone with the model inside, and the way between them with a tiny Redux.
  @Test func theRecipeOfReduxRunsWithOne() throws {
    let recipe = try String(contentsOfFile: Fixtures.folder + "/../../Recipes/redux.lua", encoding: .utf8), shop = try Workshop(["redux.lua": recipe])
    let made = try shop.fluxlua("run", "redux.lua", "--model", Fixtures.tinyDev, "--allow-read", Fixtures.folder, "--set", "redux=\(Fixtures.folder)/tiny-redux", "--set", "size=32", "--set", "columns=2")
    #expect(made.status == 0 && made.errors.contains("redux.png"), "\(made.errors)")
    let way = try shop.bytes("out/redux/redux.png")
    #expect(try shop.fluxlua("run", "redux.lua", "--model", Fixtures.tinyDev, "--set", "size=32", "--out", "without").status == 0)
    #expect(try shop.bytes("without/redux.png").count < way.count)
  }

  /// A file that only cells open must stay as it was, too.
  @Test func aSweepRefusesAnotherFileOfTheSameName() throws {
    let recipe = """
      local model, sweep = flux.load(), flux.sweep { seed = { 1, 2 } }
      for cell in sweep:cells() do
        cell:save(model:generate("a fox", { size = 32, steps = 1, seed = cell.seed, lora = { ["look.safetensors"] = 1 } }))
      end
      """
    let shop = try Workshop(["sweep.lua": recipe]), folder = "\(Fixtures.folder)/lora"
    func place(_ name: String) throws {
      try? FileManager.default.removeItem(atPath: "\(shop.folder.path)/look.safetensors")
      try FileManager.default.copyItem(atPath: "\(folder)/\(name).safetensors", toPath: "\(shop.folder.path)/look.safetensors")
    }
    try place("lora-peft")
    #expect(try shop.fluxlua("run", "sweep.lua", "--model", Fixtures.tinyDev).status == 0)
    let ledger = try String(contentsOfFile: "\(shop.folder.path)/out/sweep/ledger-1-of-1.jsonl", encoding: .utf8)
    #expect(ledger.contains(#""kind":"file","name":"look.safetensors","sha256":""#), "\(ledger)")
    try FileManager.default.removeItem(atPath: "\(shop.folder.path)/out/sweep/cells")
    try place("lora-kohya")
    let other = try shop.fluxlua("run", "sweep.lua", "--model", Fixtures.tinyDev)
    #expect(other.status == 2 && other.errors.contains("the file 'look.safetensors' was another one (sha256 ") && other.errors.contains("--keep"), "\(other.errors)")
    #expect(try shop.fluxlua("run", "sweep.lua", "--model", Fixtures.tinyDev, "--keep").status == 0)
  }

  @Test func theHeaderOfALedgerNamesAdaptersThatWereThereBefore() throws {
    let recipe = """
      local model, sweep = flux.load():with_lora { ["\(Fixtures.folder)/lora/lora-peft.safetensors"] = 1 }, flux.sweep { seed = { 1 } }
      for cell in sweep:cells() do cell:save(model:generate("a fox", { size = 32, steps = 1, seed = cell.seed })) end
      """
    let shop = try Workshop(["sweep.lua": recipe])
    #expect(try shop.fluxlua("run", "sweep.lua", "--model", Fixtures.tinyDev, "--allow-read", Fixtures.folder).status == 0)
    let header = try String(contentsOfFile: "\(shop.folder.path)/out/sweep/ledger-1-of-1.jsonl", encoding: .utf8).split(separator: "\n")[0]
    #expect(header.contains(#""files":[{"kind":"file","name":""#) && header.contains("lora-peft.safetensors"), "\(header)")
  }
}
}
