import Foundation
import Testing

extension CommandTests {
/// What can be read at the terminal, and what a folder of recipes begins with.
@Suite struct ManualCommandTests {
  @Test(arguments: [([], "Rules and lists"), (["generate"], "model:generate(prompt, options?)"), (["Step"], "Properties"), (["exit", "codes"], "143  terminated")])
  func aTopicIsPrintedWithin80Columns(_ topic: [String], _ text: String) throws {
    let outcome = try Workshop([:]).fluxlua(["manual"] + topic)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains(text), "\(outcome.output)")
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func whatBeginsAFolderRunsAndReplacesNothing() throws {
    let shop = try Workshop([".luacheckrc": "-- mine"])
    let outcome = try shop.fluxlua("init")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output == "wrote hello.lua\nwrote library/flux.lua\nwrote .luarc.json\n.luacheckrc is there already\nNext: fluxlua run hello.lua\n")
    #expect(try String(contentsOf: shop.folder.appending(path: ".luacheckrc"), encoding: .utf8) == "-- mine")
    let run = try shop.fluxlua("run", "hello.lua")
    #expect(run.status == 0, "\(run.errors)")
    #expect(shop.has("out/hello/fox.png"))
  }
}
}
