import Foundation
import TestSupport
import Testing

extension CommandTests {
/// Adapters at the command line.
@Suite struct LoRATests {
  private static let kohya = "\(Fixtures.folder)/lora/lora-kohya.safetensors"

  @Test func inspectTellsWhatAnAdapterIs() throws {
    let shop = try Workshop()
    let shown = try shop.fluxlua("inspect", Self.kohya, "--model", Fixtures.tinyDev)
    #expect(shown.status == 0)
    for line in ["dialect:     kohya", "rank:        4", "  3 × single_transformer_blocks.*.proj_mlp", "everything has a place"] { #expect(shown.output.contains(line), "\(shown.output)") }
    let json = try shop.fluxlua("inspect", Self.kohya, "--json")
    #expect(json.output.contains(#""dialect":"kohya""#) && json.output.contains(#""ranks":[4]"#))
  }

  @Test func anAdapterThatDoesNotFitEndsWith3() throws {
    let shop = try Workshop(["fox.lua": "flux.load():with_lora { '\(Self.kohya)' }"])
    let outcome = try shop.fluxlua("run", "fox.lua", "--allow-read", Fixtures.folder)
    #expect(outcome.status == 3, "\(outcome.errors)")
    #expect(outcome.errors.contains("of this model ha") && outcome.errors.contains("is it an adapter for another model?"), "\(outcome.errors)")
    let lost = try Workshop(["fox.lua": "flux.load('\(Fixtures.tinyDev)', { lora = { ['nix.safetensors'] = 1 } })"]).fluxlua("run", "fox.lua", "--allow-read", Fixtures.folder)
    #expect(lost.status == 3 && lost.errors.contains("there is no file 'nix.safetensors'"), "\(lost.errors)")
  }

  @Test func aPictureTellsItsAdaptersAndIsMadeAgain() throws {
    let shop = try Workshop(["fox.lua": "flux.load():with_lora { ['\(Self.kohya)'] = { 0.8, 0.5 } }:generate('a fox', { size = 32, steps = 2 }):save 'fox.png'"])
    let made = try shop.fluxlua("run", "fox.lua", "--model", Fixtures.tinyDev, "--allow-read", Fixtures.folder)
    #expect(made.status == 0, "\(made.errors)")
    let shown = try shop.fluxlua("inspect", "out/fox/fox.png").output
    #expect(shown.contains("lora-kohya.safetensors, sha256 ") && shown.contains("scale 0.8 0.5"), "\(shown)")
    let again = try shop.fluxlua("rerun", "out/fox/fox.png", "--model", Fixtures.tinyDev, "--folder", Fixtures.folder)
    #expect(again.output.contains("identical, made again by its recipe fox.lua"), "\(again.output)\(again.errors)")
  }
}
}
