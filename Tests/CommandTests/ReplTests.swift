import Foundation
import TestSupport
import Testing

extension CommandTests {
/// `fluxlua repl`, at a terminal and behind a pipe.
@Suite struct ReplTests {
  private func terminal(_ shop: Workshop, _ arguments: [String] = [], environment: [String: String] = [:]) throws -> PseudoTerminal {
    let state = ["TERM": "xterm", "XDG_STATE_HOME": shop.folder.path + "/state", "NO_COLOR": "1"]
    return try PseudoTerminal(["repl", "--model", Fixtures.tinyDev] + arguments, in: shop.folder, environment: state.merging(environment) { $1 })
  }

  @Test func valuesPrintLocalsStayAndControlDLeaves() throws {
    let shop = try Workshop(), screen = try terminal(shop)
    screen.wait(for: "1> ")
    screen.type("local x = 20\r")
    screen.wait(for: "2> ")
    screen.type("x + 1\r")
    screen.wait(for: "\n21\r\n")
    screen.wait(for: "3> ")
    screen.type("for i = 1, 2 do\r")
    screen.wait(for: "4| ")
    screen.type("print('n' .. i) end\r")
    screen.wait(for: "\nn1\r\nn2\r\n")
    screen.wait(for: "5> ")
    screen.type("stepz\r")
    screen.wait(for: "repl:5: undefined variable 'stepz'\r\n  5 | stepz\r\n    | ^^^^^\r\n")
    screen.wait(for: "6> ")
    screen.type("\u{4}")
    #expect(screen.end() == 0)
    #expect(shop.files == ["state", "state/fluxlua", "state/fluxlua/history"])
    #expect(String(decoding: try shop.bytes("state/fluxlua/history"), as: UTF8.self) == "local x = 20\nx + 1\nfor i = 1, 2 do\nprint('n' .. i) end\nstepz\n")
    for name in ["state/fluxlua", "state/fluxlua/history"] {
      let mode = try FileManager.default.attributesOfItem(atPath: shop.folder.appending(path: name).path)[.posixPermissions] as? Int
      #expect(mode == (name.hasSuffix("history") ? 0o600 : 0o700))
    }
  }

  @Test func tabCompletesNamesOptionsAndChoices() throws {
    let shop = try Workshop(), screen = try terminal(shop)
    screen.wait(for: "1> ")
    screen.type("print('<' .. flux.vers\t .. '>')\r")
    screen.wait(for: "\n<0.")
    screen.wait(for: "2> ")
    screen.type("flux.lo\t")
    screen.wait(for: "load  log\r\n")
    screen.type("ad():generate('a', { gui\t3, sampler = 'heu\t, steps = 1, size = 32 })\r")
    screen.wait(for: "Image 32x32\r\n")
    screen.wait(for: "3> ")
    screen.type("if true then\r\tprint('in' .. 'dented') end\r")
    screen.wait(for: "\nindented\r\n")
  }

  @Test func controlCStopsAStepAndTheStateStays() throws {
    let shop = try Workshop(), screen = try terminal(shop, ["--quiet"])
    screen.wait(for: "1> ")
    screen.type("x = 5 model = flux.load()\r")
    screen.wait(for: "2> ")
    screen.type("model:generate('a fox', {steps = 1000, size = 1024, shift = 3, on_step = function(s) print('made ' .. s.index) end})\r")
    screen.wait(for: "made 1")
    for number in 2...3 {
      screen.type("\u{3}")
      screen.wait(for: "repl:\(number): interrupted")
      screen.wait(for: "\(number + 1)> ")
      screen.type("while true do end\r")
      usleep(300_000)
    }
    screen.type("\u{3}")
    screen.wait(for: "repl:4: interrupted")
    screen.wait(for: "5> ")
    screen.type("x, model:generate('a fox', {steps = 1, size = 32})\r")
    screen.wait(for: "5\tImage 32x32")
    screen.wait(for: "6> ")
    screen.type("half a line\u{3}")
    screen.wait(for: "^C")
    screen.wait(for: "6> ")
    screen.type("f = function()\r")
    screen.wait(for: "7| ")
    screen.type("\u{3}")
    screen.wait(for: "6> ")
    screen.type("x * 2\r")
    screen.wait(for: "\n10\r\n")
    screen.type("\u{4}")
    #expect(screen.end() == 0)
  }

  @Test func aTerminationEndsThePromptAndAnEvaluation() throws {
    let shop = try Workshop()
    for line in ["", "while true do end\r"] {
      let screen = try terminal(shop)
      screen.wait(for: "1> ")
      screen.type(line)
      usleep(300_000)
      screen.signal(SIGTERM)
      #expect(screen.end() == 143)
    }
  }

  @Test func historyComesBackCappedAndWithoutControlCharacters() throws {
    let many = (1...2500).map { "x = \($0)" }.joined(separator: "\n")
    let shop = try Workshop(["state/fluxlua/history": many + "\nbad\u{1B}[2J\n"]), screen = try terminal(shop)
    screen.wait(for: "1> ")
    screen.type("\u{1B}[A")
    screen.wait(for: "x = 2500")
    screen.type("\r")
    screen.wait(for: "2> ")
    screen.type("exit\r")
    #expect(screen.end() == 0)
    let lines = String(decoding: try shop.bytes("state/fluxlua/history"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 1002 && lines.first == "x = 1501" && lines.suffix(2) == ["x = 2500", "exit"])
  }

  @Test func whereNoHistoryCanBeKeptThePromptWorks() throws {
    let shop = try Workshop(["state": "a file"]), screen = try terminal(shop)
    screen.wait(for: "1> ")
    screen.type("6 * 7\r")
    screen.wait(for: "\n42\r\n")
    screen.type("quit\r")
    #expect(screen.end() == 0)
    #expect(shop.files == ["state"])
  }

  @Test func helpShowsTheManualAndSaveWritesARecipe() throws {
    let shop = try Workshop(["there.lua": "-- precious"]), screen = try terminal(shop)
    screen.wait(for: "1> ")
    screen.type("help\r")
    screen.wait(for: "Ctrl-D")
    screen.type("help noise\r")
    screen.wait(for: "flux.noise(")
    screen.type("help genrate\r")
    screen.wait(for: "no topic 'genrate'; did you mean 'generate'?")
    screen.type(".nix\r")
    screen.wait(for: "no command '.nix'; there is .help, .save FILE and .exit")
    screen.type("local x = 6\rx * 7\r")
    screen.wait(for: "\n42\r\n")
    screen.type(".save there.lua\r")
    screen.wait(for: "there.lua is there already and is no session")
    for _ in 1...2 {
      screen.type(".save s.lua\r")
      screen.wait(for: "saved s.lua")
    }
    #expect(String(decoding: try shop.bytes("s.lua"), as: UTF8.self) == "-- A session of fluxlua repl.\nlocal x = 6\n_ = x * 7\n")
    #expect(String(decoding: try shop.bytes("there.lua"), as: UTF8.self) == "-- precious")
    #expect(try shop.fluxlua("run", "s.lua").status == 0)
  }

  @Test func picturesGoToOutReplAndCarryTheSession() throws {
    let shop = try Workshop(), screen = try terminal(shop)
    screen.wait(for: "1> ")
    screen.type("local image = flux.load():generate('a fox', {steps = 1, size = 32})\rimage:save 'fox.png'\r")
    screen.wait(for: "saved out/repl/fox.png")
    screen.type("\u{4}")
    #expect(screen.end() == 0)
    #expect(try shop.fluxlua("inspect", "--recipe", "out/repl/fox.png").output.contains("local image = flux.load():generate('a fox', {steps = 1, size = 32})"))
  }

  // ---- Behind a pipe ----

  private func piped(_ shop: Workshop, _ input: String, _ arguments: [String] = []) throws -> ReleaseBinary.Outcome {
    try shop.write(input, to: "input")
    let script = "exec '\(ReleaseBinary.url.path)' repl \(arguments.joined(separator: " ")) < input"
    return try ReleaseBinary.run(URL(filePath: "/bin/sh"), ["-c", script], in: shop.folder)
  }

  @Test func aPipeHasNoPromptAndEndsAtTheFirstError() throws {
    let shop = try Workshop()
    let good = try piped(shop, "local x = 20\nx + 1\nfor i = 1, 2 do\n  print(i)\nend\n'no newline at the end'")
    #expect(good.status == 0 && good.output == "21\n1\n2\nno newline at the end\n" && good.errors == "", "\(good)")
    let bad = try piped(shop, "1\nerror 'mine'\n3\n")
    #expect(bad.status == 1 && bad.output == "1\n" && bad.errors == "fluxlua: repl:2: mine\n  2 | error 'mine'\n")
    let open = try piped(shop, "1\nprint(\n")
    #expect(open.status == 1 && open.output == "1\n" && open.errors == "fluxlua: repl:2: unexpected symbol near <eof>\n  2 | print(\n    |       ^\n", "\(open)")
    #expect(try piped(shop, "").status == 0)
    #expect(try piped(shop, "exit\nerror 'mine'\n").status == 0)
    #expect(try piped(shop, "flux.load 'nix'\n").status == 3)
    #expect(try piped(shop, "while true do end\n", ["--time-limit", "0.2s"]).errors == "fluxlua: repl:1: stopped by --time-limit 0.2s\n")
    #expect(shop.files == ["input"])
  }
}
}
