import Foundation
import TestSupport
import Testing

extension CommandTests {
/// `check`, `plan` and the cache of prompts, as a person meets them.
struct PlanTests {
  static let recipe = "-- A fox.\nlocal m = flux.load()\nprint 'words'\nm:generate('a fox', {steps = 2, seed = 1}):save 'fox.png'\n"

  @Test func checkSaysWhichRecipesAreFineAndExitsWith1OtherwiseWithoutTouchingAnything() throws {
    let shop = try Workshop(["good.lua": Self.recipe, "bad.lua": "local function f() return lenght end\n"])
    let good = try shop.fluxlua("check", "good.lua")
    #expect(good.status == 0 && good.output == "" && good.errors == "good.lua: ok\n")
    let both = try shop.fluxlua("check", "bad.lua", "good.lua")
    #expect(both.status == 1 && both.errors.hasPrefix("bad.lua:1: undefined variable 'lenght'\n") && both.errors.hasSuffix("good.lua: ok\n"))
    #expect(try shop.fluxlua("check", "--quiet", "good.lua").errors == "")
    #expect(shop.files == ["bad.lua", "good.lua"])
    #expect(try shop.fluxlua("check", "none.lua").status == 2)
  }

  @Test func aModelThatIsNotThereIsStoodInForByCheckAndRefusedByPlan() throws {
    let shop = try Workshop(["hello.lua": Self.recipe])
    let check = try shop.fluxlua("check", "hello.lua", "--model", "nowhere")
    #expect(check.status == 0 && check.errors.contains("checked against the model inside the program"))
    #expect(try shop.fluxlua("plan", "hello.lua", "--model", "nowhere").status == 3)
  }

  @Test func planSaysWhatARecipeWouldTakeAndMakesNothing() throws {
    let shop = try Workshop(["hello.lua": Self.recipe])
    let plan = try shop.fluxlua("plan", "hello.lua")
    #expect(plan.status == 0)
    let lines = plan.output.split(separator: "\n")
    #expect(lines.first == "hello.lua would make 1 picture of 128x128 (0.0164 megapixels) in 2 steps, with 2 evaluations of the transformer.")
    #expect(lines.contains { $0.hasPrefix("  time     about ") } && lines.contains { $0.hasPrefix("  memory   about ") } && lines.last == "  files    out/hello/fox.png")
    #expect(shop.files == ["hello.lua"])
    let json = try #require(JSONSerialization.jsonObject(with: Data(shop.fluxlua("plan", "hello.lua", "--json").output.utf8)) as? [String: Any])
    #expect(json["pictures"] as? Int == 1 && json["steps"] as? Int == 2 && json["seconds"] as? Double ?? 0 > 0 && json["files"] as? [String] == ["out/hello/fox.png"])
    #expect(try shop.fluxlua("run", "--dry-run", "hello.lua").output.hasPrefix("hello.lua would make 1 picture"))
    #expect(try shop.fluxlua("plan", "hello.lua", "--time-limit", "1ms").status == 1, "the limit holds for planning, too")
    let refused = try shop.fluxlua("plan", "hello.lua", "--memory-limit", "30MB")
    #expect(refused.status == 3 && refused.errors.contains("embedded: does not work under a memory limit of 30MB; the smallest that works is "), "\(refused.errors)")
    let large = try Workshop(["large.lua": "flux.load():generate('a fox', {size = 1536, steps = 1, seed = 1, shift = false}):save 'fox.png'"])
    #expect(try large.fluxlua("plan", "large.lua", "--memory-limit", "250MB").output.contains("That is more than --memory-limit 250MB: at least "))
    #expect(try large.fluxlua("run", "large.lua", "--memory-limit", "250MB").status == 3)
    shop.expectUsageError(try shop.fluxlua("plan"))
  }

  @Test func promptsAreKeptUnlessToldOtherwise() throws {
    let shop = try Workshop(["hello.lua": Self.recipe]), environment = ["XDG_CACHE_HOME": shop.folder.appending(path: "cache").path]
    try shop.fluxlua(["run", "hello.lua", "--no-cache"], environment: environment)
    #expect(!shop.has("cache"))
    let first = try shop.bytes("out/hello/fox.png")
    try shop.fluxlua(["run", "hello.lua"], environment: environment)
    #expect(shop.files.count { $0.hasPrefix("cache/fluxlua/embeddings/") } == 1)
    #expect(try shop.bytes("out/hello/fox.png") == first)
    try shop.fluxlua(["run", "hello.lua"], environment: environment)
    #expect(try shop.bytes("out/hello/fox.png") == first, "a prompt from the cache gives the same picture")
  }
}
}

private extension Workshop {
  func expectUsageError(_ outcome: ReleaseBinary.Outcome) { #expect(outcome.status == 2) }
}
