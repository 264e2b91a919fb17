import Foundation
import Imaging
import TestSupport
import Testing

extension CommandTests {
/// `fluxlua run`: what its options do, and what a recipe may touch.
@Suite struct RunTests {
  @Test func parametersAreSetWithTheirTypes() throws {
    let shop = try Workshop(["p.lua": """
      local p = flux.params { text = "a", whole = 4, real = 1.5, flag = false, list = {{1, 2}}, words = {{"x"}} }
      print(p.text, p.whole, math.type(p.whole), p.real, p.flag, table.concat(p.list, "+"), math.type(p.list[1]), table.concat(p.words, "+"))
      """])
    #expect(try shop.fluxlua("run", "p.lua").output == "a\t4\tinteger\t1.5\tfalse\t1+2\tinteger\tx\n")
    let outcome = try shop.fluxlua("run", "p.lua", "--set", "text=b=c d", "--set", "whole=8", "--set", "real=2", "--set", "flag=on", "--set", "list=7", "--set", "words=y,z")
    #expect(outcome.output == "b=c d\t8\tinteger\t2\ttrue\t7\tinteger\ty+z\n", "\(outcome.errors)")
    #expect(try shop.fluxlua("run", "p.lua", "--set", "whole=1", "--set", "whole=2").output.contains("\t2\tinteger"))
  }

  @Test func helpOfARecipeShowsItsCommentAndParameters() throws {
    let shop = try Workshop(["p.lua": "-- Paints a fox.\n-- Slowly.\nlocal p = flux.params { steps = {4, min = 1, max = 50, help = \"denoising steps\"} }\nerror 'not run'"])
    for option in ["--help", "-h"] {
      let outcome = try shop.fluxlua("run", "p.lua", option)
      #expect(outcome.status == 0)
      #expect(outcome.output.hasPrefix("p.lua\n\nPaints a fox.\nSlowly.\n"))
      #expect(outcome.output.contains("  steps  denoising steps; a number from 1 to 50, 4 by default\n"), "\(outcome.output)")
    }
    let own = try shop.fluxlua("run", "--help")
    #expect(own.status == 0 && own.output.contains("--time-limit") && own.output.contains("--allow-write"))
    #expect(try shop.fluxlua("--version").output.hasPrefix("fluxlua "))
  }

  private static let saving = "print 'hello'\nflux.log 'logged'\nflux.image(flux.zeros {3, 4, 4}):save 'a.png'"

  @Test func everythingIsWrittenBelowOut() throws {
    let shop = try Workshop(["in/a.lua": Self.saving])
    #expect(try shop.fluxlua("run", "in/a.lua").errors.hasSuffix("saved out/a/a.png\n"))
    #expect(try shop.fluxlua("run", "in/a.lua", "--out", "other/place").errors.hasSuffix("saved other/place/a.png\n"))
    #expect(try shop.fluxlua("run", "in/a.lua", "--out", ".").errors.hasSuffix("saved a.png\n"))
    #expect(shop.has("out/a/a.png") && shop.has("other/place/a.png") && shop.has("a.png"))
  }

  @Test func quietSaysNothingOnStderrUnlessItFails() throws {
    let shop = try Workshop(["a.lua": "print 'hello'\nflux.load():generate('a fox', {size = 32, steps = 2}):save 'a.png'", "bad.lua": "error 'mine'"])
    let loud = try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev), quiet = try shop.fluxlua("run", "a.lua", "--model", Fixtures.tinyDev, "--quiet")
    #expect(loud.errors.contains("2 steps in ") && loud.errors.contains("saved out/a/a.png"))
    #expect(quiet.errors == "" && quiet.output == "hello\n" && quiet.status == 0)
    #expect(!loud.errors.contains("\u{1B}"), "no control characters without a terminal")
    #expect(try shop.fluxlua("run", "bad.lua", "-q").errors == "fluxlua: bad.lua:1: mine\n  1 | error 'mine'\n")
  }

  @Test func ownFilesAreOverwrittenAndForeignOnesRefused() throws {
    let shop = try Workshop(["a.lua": Self.saving, "b.lua": Self.saving])
    for _ in 1...2 { #expect(try shop.fluxlua("run", "a.lua", "--out", "out").status == 0) }
    let before = try shop.bytes("out/a.png")
    let other = try shop.fluxlua("run", "b.lua", "--out", "out")
    #expect(other.status == 1)
    #expect(other.errors.contains("fluxlua: b.lua:3: save: out/a.png is there already and was not made by this recipe; move it away, or choose another name or --out\n"), "\(other.errors)")
    #expect(try shop.bytes("out/a.png") == before)
    try FileManager.default.removeItem(at: shop.folder.appending(path: "out/a.png"))
    try FileManager.default.createSymbolicLink(atPath: shop.folder.appending(path: "out/a.png").path, withDestinationPath: "nowhere.png")
    #expect(try shop.fluxlua("run", "a.lua", "--out", "out").errors.contains("is there already and was not made by this recipe"))
    #expect(!shop.has("out/nowhere.png"))
  }

  @Test(arguments: [
    ("../x.png", "'../x.png' leads out of its folder with '..'"), ("sub/../../x.png", "'sub/../../x.png' leads out of its folder with '..'"),
    ("link/x.png", "'link/x.png' lies outside of what this recipe may write to (out/a)"), ("/dev/shm/x.png", "'/dev/shm/x.png' lies outside of what"),
    ("file.png", "is a link that leads outside of what this recipe may write to"), ("", "'' does not say which kind of picture it is"), ("sub/.png/", "'sub/.png/' is no name of a file"),
  ]) func aRecipeDoesNotWriteOutside(_ path: String, _ message: String) throws {
    let shop = try Workshop(["a.lua": "flux.image(flux.zeros {3, 4, 4}):save '\(path)'", "away/there.png": "x", "out/a/here": ""])
    for (name, place) in [("link", "away"), ("file.png", "away/there.png")] {
      try FileManager.default.createSymbolicLink(at: shop.folder.appending(path: "out/a/\(name)"), withDestinationURL: shop.folder.appending(path: place))
    }
    let before = shop.files
    let outcome = try shop.fluxlua("run", "a.lua")
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("fluxlua: a.lua:1: save: ") && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(shop.files == before)
  }

  @Test func allowedFoldersAreReadAndWritten() throws {
    let shop = try Workshop(["in/a.lua": "flux.image(flux.zeros {3, 4, 4}):save(flux.params { to = '' }.to)", "in/b.lua": "flux.image '../away/x.png'", "away/y": ""])
    let target = shop.folder.appending(path: "away/x.png").path
    #expect(try shop.fluxlua("run", "in/a.lua", "--set", "to=\(target)").errors.contains("allow it with --allow-write FOLDER"))
    #expect(try shop.fluxlua("run", "in/a.lua", "--set", "to=\(target)", "--allow-write", "away").status == 0)
    #expect(shop.has("away/x.png"))
    let refused = try shop.fluxlua("run", "in/b.lua")
    #expect(refused.status == 1 && refused.errors.contains("'../away/x.png' lies outside of what this recipe may read; allow it with --allow-read FOLDER"), "\(refused.errors)")
    #expect(try shop.fluxlua("run", "in/b.lua", "--allow-read", "away").status == 0)
    #expect(try shop.fluxlua("run", "in/a.lua", "--set", "to=\(target)", "--allow-read", "away").status == 1)
  }

  @Test func theRecipesFolderIsReadBeforeTheOutputFolder() throws {
    let shop = try Workshop(["in/make.lua": "flux.tensor({tonumber(flux.params { v = '1' }.v)}):save 't.safetensors'",
                             "in/read.lua": "print(flux.tensor('t.safetensors'):get(1))"])
    try shop.fluxlua("run", "in/make.lua", "--out", "out", "--set", "v=2")
    #expect(try shop.fluxlua("run", "in/read.lua", "--out", "out").output == "2.0\n")
    try shop.fluxlua("run", "in/make.lua", "--out", "in", "--set", "v=1")
    #expect(try shop.fluxlua("run", "in/read.lua", "--out", "out").output == "1.0\n")
  }

  @Test func aFolderThatCannotBeMadeIsNamed() throws {
    let shop = try Workshop(["a.lua": Self.saving])
    let below = try shop.fluxlua("run", "a.lua", "--out", "a.lua/out")
    #expect(below.status == 1)
    #expect(below.errors.contains("a.lua:3: save: cannot make the folder a.lua/out: a.lua is a file and not a folder; choose another with --out\n"), "\(below.errors)")
  }

  @Test(.enabled(if: getuid() == 0)) func aFullDiskIsOneSentenceAndLeavesNoPieces() throws {
    let shop = try Workshop(["a.lua": "flux.image(flux.zeros {3, 4, 4}):save 'a.png'\nflux.randn({300, 300}):save 'big.safetensors'", "disk/x": ""])
    let disk = shop.folder.appending(path: "disk").path
    func mount(_ tool: String, _ arguments: [String]) throws -> Bool {
      try ReleaseBinary.run(URL(filePath: tool), arguments, in: shop.folder, environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]).status == 0
    }
    guard try mount("/bin/mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]) else { return }
    defer { _ = try? mount("/bin/umount", [disk]) }
    let outcome = try shop.fluxlua("run", "a.lua", "--out", "disk/out")
    #expect(outcome.status == 1)
    #expect(outcome.errors == """
      fluxlua: a.lua:2: save: disk/out/big.safetensors cannot be written: no space is left on the disk; free some, or choose another folder.
        2 | flux.randn({300, 300}):save 'big.safetensors'
          |                        ^^^^
      1 file saved before that: disk/out/a.png

      """)
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk + "/out") == ["a.png"])
  }

  @Test func theSameBytesComeFromRunToRunAndAtAnyNumberOfThreads() throws {
    let shop = try Workshop(["a.lua": "flux.load():generate('a red apple', {steps = 2, seed = 5, guidance = function(s) return 2 + s.index end}):save 'a.png'"])
    for (out, threads) in [("one", "1"), ("two", "2"), ("again", "2"), ("three", "3")] {
      #expect(try shop.fluxlua("run", "a.lua", "--out", out, "--threads", threads).status == 0)
    }
    for out in ["two", "again", "three"] { #expect(try shop.bytes("\(out)/a.png") == shop.bytes("one/a.png"), "\(out)") }
  }

  @Test(arguments: [
    ("{stpes = 4}", "no option 'stpes'; did you mean 'steps'?", "stpes"),
    ("{steps = 'ten'}", "'steps' must be a whole number from 1 to 1000, got \"ten\" (a string)", "steps = 'ten'"),
    ("{size = 500}", "'size' must be a multiple of 16, got 500; the nearest are 496 and 512", "size = 500"),
    ("{guidance = function() return 'x' end}", "guidance: the function must return a number, got \"x\" (a string)", "guidance = function() return 'x' end"),
    ("{schedule = {1, 0.5, 0.7, 0}}", "schedule: sigmas must fall, but sigma 3 (0.7) is not below sigma 2 (0.5)", "schedule = {1, 0.5, 0.7, 0}"),
    ("{size = 32, steps = 2, on_step = function(step) return step.latents / 0 end}",
     "on_step: 256 of the 256 latents at step 1 of 2 are infinite or not a number; look for a division by 0, or for numbers that grow from step to step", "on_step = function(step) return step.latents / 0 end"),
    ("{size = 1024, steps = 50}", "schedule: the model's own shift for 4096 tokens puts sigmas on top of each other; take a smaller size, or say shift = 3 or give a schedule", "generate"),
  ]) func badInputIsOneSentenceWithItsPlace(_ options: String, _ message: String, _ marked: String) throws {
    let shop = try Workshop(["a.lua": "local model = flux.load()\n\nmodel:generate('a fox', \(options))"])
    let outcome = try shop.fluxlua("run", "a.lua", "--quiet")
    #expect(outcome.status == 1)
    let line = "model:generate('a fox', \(options))"
    let place = try #require(line.range(of: marked)).lowerBound.utf16Offset(in: line)
    let marks = String(repeating: " ", count: place) + String(repeating: "^", count: marked.count)
    #expect(outcome.errors == "fluxlua: a.lua:3: generate: \(message)\n  3 | \(line)\n    | \(marks)\n")
  }
}
}
