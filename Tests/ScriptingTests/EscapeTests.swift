import Foundation
import Scripting
import TestSupport
import Testing

extension ScriptingTests {
/// The catalogue of ways out of the sandbox and of ways to use the machine up: each is refused with its message, in the recipe
/// itself and in every function that the engine calls. Programs that would never end are in `AttackTests`.
@Suite struct EscapeTests {
  struct Attempt: Sendable, CustomTestStringConvertible {
    let code: String, message: String
    var testDescription: String { code }
    init(_ code: String, _ message: String) { (self.code, self.message) = (code, message) }
  }

  /// What Lua itself could do.
  static let language = [
    Attempt("assert(load('\\27Lua', 'x', 'b'))", "attempt to load a binary chunk"),
    Attempt("assert(load('\\27LuaS\\0\\25\\147'))", "attempt to load a binary chunk"),
    Attempt("assert(load(function() return '\\27Lua' end, 'x', 'bt'))", "attempt to load a binary chunk"),
    Attempt("string.dump(print)", "attempt to call a nil value (field 'dump')"),
    Attempt("(''):dump()", "attempt to call a nil value (method 'dump')"),
    Attempt("io.open '/etc/passwd'", "undefined variable 'io'"),
    Attempt("io.popen 'true'", "undefined variable 'io'"),
    Attempt("package.loaded.os.execute 'true'", "undefined variable 'package'"),
    Attempt("package.loadlib('libc.so.6', '*')", "undefined variable 'package'"),
    Attempt("dofile '/etc/passwd'", "undefined variable 'dofile'"),
    Attempt("loadfile '/etc/passwd'", "undefined variable 'loadfile'"),
    Attempt("os.execute 'true'", "attempt to call a nil value (field 'execute')"),
    Attempt("os.exit(0)", "attempt to call a nil value (field 'exit')"),
    Attempt("os.getenv 'HOME'", "attempt to call a nil value (field 'getenv')"),
    Attempt("os.remove 'x'", "attempt to call a nil value (field 'remove')"),
    Attempt("os.rename('x', 'y')", "attempt to call a nil value (field 'rename')"),
    Attempt("os.tmpname()", "attempt to call a nil value (field 'tmpname')"),
    Attempt("debug.getregistry()", "attempt to call a nil value (field 'getregistry')"),
    Attempt("debug.sethook()", "attempt to call a nil value (field 'sethook')"),
    Attempt("debug.getupvalue(print, 1)", "attempt to call a nil value (field 'getupvalue')"),
    Attempt("debug.setmetatable('', {})", "attempt to call a nil value (field 'setmetatable')"),
    Attempt("debug.getlocal(1, 1)", "attempt to call a nil value (field 'getlocal')"),
    Attempt("load('return io')()", "undefined variable 'io'"),
    Attempt("load('return load', 'x', 't', {load = load})()('return io')()", "undefined variable 'io'"),
    Attempt("load('return io.open', 'x', 't', setmetatable({}, {__index = _G}))()", "undefined variable 'io'"),
    Attempt("setmetatable(_G, {})", "cannot change a protected metatable"),
    Attempt("setmetatable(flux, {})", "cannot change a protected metatable"),
    Attempt("getmetatable('').__index = {}", "attempt to index a boolean value"),
    Attempt("getmetatable(flux.ones(1)).__gc(1)", "attempt to call a nil value (field '__gc')"),
    Attempt("setmetatable(flux.ones(1), {})", "bad argument"),
    Attempt("setmetatable({}, {__gc = function() end})", "'__gc' is not available in recipes"),
    Attempt("collectgarbage 'stop'", "only \"collect\" and \"count\""),
    Attempt("collectgarbage('generational')", "only \"collect\" and \"count\""),
    Attempt("flux.mine = print", "flux cannot be added to"),
    Attempt("('%99999d'):format(1)", "invalid conversion"),
  ]

  /// Files beside the recipe (`inside`) that lead elsewhere, never end, or lie about their size.
  static let reading = [
    Attempt("require 'os'", "no module 'os'"),
    Attempt("require '../secret'", "is no name of a module"),
    Attempt("require 'a..b'", "is no name of a module"),
    Attempt("require '/etc/passwd'", "is no name of a module"),
    Attempt("require 'a\\0b'", "is no name of a module"),
    Attempt("require 'link'", "'link.lua' lies outside of the recipe's folder"),
    Attempt("require 'away.secret'", "'away/secret.lua' lies outside of the recipe's folder"),
    Attempt("require 'pipe'", "it is not a file"),
    Attempt("flux.lines '/etc/passwd'", "'/etc/passwd' lies outside of what this recipe may read"),
    Attempt("flux.lines '../secret.txt'", "'../secret.txt' lies outside of what this recipe may read"),
    Attempt("flux.lines 'deep/../../secret.txt'", "lies outside of what this recipe may read"),
    Attempt("flux.lines 'link.txt'", "'link.txt' lies outside of what this recipe may read"),
    Attempt("flux.lines 'away/secret.txt'", "'away/secret.txt' lies outside of what this recipe may read"),
    Attempt("flux.lines '/proc/self/environ'", "lies outside of what this recipe may read"),
    Attempt("flux.lines 'environment'", "'environment' lies outside of what this recipe may read"),
    Attempt("flux.lines 'pipe.txt'", "'pipe.txt' is a device, a pipe or a socket and no file"),
    Attempt("flux.json 'pipe.txt'", "'pipe.txt' is a device, a pipe or a socket and no file"),
    Attempt("flux.image 'pipe.png'", "'pipe.png' is a device, a pipe or a socket and no file"),
    Attempt("flux.tensor 'pipe.npy'", "'pipe.npy' is a device, a pipe or a socket and no file"),
    Attempt("flux.tensor 'pipe.safetensors'", "'pipe.safetensors' is a device, a pipe or a socket and no file"),
    Attempt("flux.conditioning 'pipe.safetensors'", "'pipe.safetensors' is a device, a pipe or a socket and no file"),
    Attempt("model:resume 'pipe.safetensors'", "'pipe.safetensors' is a device, a pipe or a socket and no file"),
    Attempt("flux.image 'zero.png'", "'zero.png' lies outside of what this recipe may read"),
    Attempt("flux.lines 'deep'", "'deep' is a folder and no file"),
    Attempt("flux.lines 'lines.txt\\0.png'", "'lines.txt\\x00.png' is no name of a file"),
    Attempt("flux.load '/etc'", "'/etc' lies outside of what this recipe may read"),
    Attempt("flux.load 'away'", "'away' lies outside of what this recipe may read"),
    Attempt("flux.load 'https://example.com/model'", "there is no folder"),
    Attempt("flux.wildcards '__../../secret__'", "lies outside of what this recipe may read"),
    Attempt("flux.image 'vast.png'", "This picture is too large: it is 65535×65535 pixels"),
    Attempt("flux.image 'lines.txt'", "neither a PNG nor a JPEG nor a WebP file"),
    Attempt("flux.tensor 'vast.npy'", "needs 4398046511104 bytes"),
    Attempt("flux.tensor 'vast.safetensors'", "the header's length, 9223372036854775807 bytes, is impossible"),
    Attempt("flux.json 'deep.json'", "is not valid JSON"),
  ]

  /// The output folder has a folder that leads out, a foreign file, a hard link to another, a pipe and links.
  static let writing = [
    Attempt("image:save '../x.png'", "leads out of its folder with '..'"),
    Attempt("image:save 'a/../../x.png'", "leads out of its folder with '..'"),
    Attempt("image:save '/tmp/x.png'", "'/tmp/x.png' lies outside of what this recipe may write to"),
    Attempt("image:save 'away/x.png'", "'away/x.png' lies outside of what this recipe may write to"),
    Attempt("image:save 'foreign.png'", "is there already and was not made by this recipe"),
    Attempt("image:save 'hard.png'", "is there already and was not made by this recipe"),
    Attempt("image:save 'pipe.png'", "is there already and was not made by this recipe"),
    Attempt("image:save 'folder.png'", "is there already and was not made by this recipe"),
    Attempt("image:save 'nowhere.png'", "is there already and was not made by this recipe"),
    Attempt("image:save 'own.png'", "'own.png' is a link that leads outside of what this recipe may write to"),
    Attempt("image:save 'a\\0b.png'", "'a\\x00b.png' is no name of a file"),
    Attempt("image:save 'a\\nsaved b.png'", "'a\\x0asaved b.png' is no name of a file"),
    Attempt("image:save '\\27[2Jx.png'", "'\\x1b[2Jx.png' is no name of a file"),
    Attempt("image:save('foreign.png/x.png')", "is a file and not a folder"),
    Attempt("image:save(('x'):rep(300) .. '.png')", "cannot be written"),
    Attempt("t:save '../t.npy'", "leads out of its folder with '..'"),
    Attempt("t:save 'foreign.npy'", "is there already and was not made by this recipe"),
    Attempt("fox:save '/tmp/x.safetensors'", "lies outside of what this recipe may write to"),
    Attempt("flux.schedule {1, 0}:plot 'away/x.svg'", "lies outside of what this recipe may write to"),
    Attempt("model:steps(fox, {size = 32, steps = 1}):save '../run.safetensors'", "leads out of its folder with '..'"),
    Attempt("for i = 1, 1000 do image:save(('many/%d.png'):format(i)) end", "this run has written 40 files, and may not write more"),
  ]

  /// Too much of something, said before it is made.
  static let exhaustion = [
    Attempt("('x'):rep(1 << 30)", "reached --lua-memory 32MB"),
    Attempt("('x'):rep(1 << 62, 'y')", "resulting string too large"),
    Attempt("local s = 'x' while true do s = s .. s end", "reached --lua-memory 32MB"),
    Attempt("local t = {} for i = 1, math.huge do t[i] = {} end", "reached --lua-memory 32MB"),
    Attempt("local t = {} for i = 1, math.huge do t[i] = function() return i end end", "reached --lua-memory 32MB"),
    Attempt("local t = {} for i = 1, math.huge do t[i] = coroutine.wrap(print) end", "reached --lua-memory 32MB"),
    Attempt("flux.ones(1 << 24):totable()", "16777216 numbers are more than --lua-memory 32MB holds as a table"),
    Attempt("table.move({}, 1, 2e10, 2)", "table.move: more than 10000000 entries"),
    Attempt("table.concat({}, '', 1, 1 << 60)", "table.concat: more than 10000000 entries"),
    Attempt("table.unpack({}, 1, 1e8)", "too many results to unpack"),
    Attempt("table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 1)", "'__len' metamethod"),
    Attempt("(('('):rep(300)):match(('('):rep(300))", "too many captures"),
    Attempt("assert(load(('('):rep(100000)))", "C stack overflow"),
    Attempt("assert(load('return ' .. ('{'):rep(1000)))", "C stack overflow"),
    Attempt("local function f() return 1 + f() end f()", "reached --lua-memory 32MB"),
    Attempt("local function f() return ('x'):gsub('x', f) end f()", "C stack overflow"),
    Attempt("local function f() return flux.ones(1):map(f) end f()", "C stack overflow"),
    Attempt("local function f() return (coroutine.wrap(f)()) end f()", "C stack overflow"),
    Attempt("local t = {} t[1] = t flux.tensor(t)", "lists in lists for more than 32 levels"),
    Attempt("flux.ones {1 << 20, 1 << 20}", "has too many elements"),
    Attempt("flux.randn(1 << 62)", "has too many elements"),
    Attempt("flux.ones {1 << 20, 1} + flux.ones {1, 1 << 20}", "has too many elements"),
    Attempt("flux.ones {1 << 16, 1}:matmul(flux.ones {1, 1 << 16})", "has too many elements"),
    Attempt("flux.ones {1}:expand(1 << 20, 1 << 20)", "has too many elements"),
    Attempt("local x, all = flux.ones(1 << 20), {} for i = 1, 2000 do all[i] = x end flux.stack(all)", "has too many elements"),
    Attempt("flux.noise {size = 16384, batch = 1024}", "has too many elements"),
    Attempt("model:sample(fox, {size = 16384, batch = 1024})", "has too many elements"),
    Attempt("local all = {} for i = 1, math.huge do all[i] = flux.ones(1 << 22) end", "out of memory: the recipe's tensors and pictures take"),
    Attempt("local all = {} for i = 1, math.huge do all[i] = flux.image {size = 1024} end", "out of memory: the recipe's tensors and pictures take"),
    Attempt("image:resize(65535, 65535)", "400 million in all"),
    Attempt("local all = {} for i = 1, 20000 do all[i] = image:resize(512, 512, 'nearest') end flux.sheet(all)", "out of memory: the recipe's tensors and pictures take"),
    Attempt("local all = {} local big = image:resize(4096, 4096, 'nearest') for i = 1, 400 do all[i] = big end flux.sheet(all, {columns = 1})", "sides go from 1 to 65535"),
    Attempt("image:blur(1e9)", "must be a number from 0 to 1000"),
    Attempt("flux.range(1, 1e12)", "more than a million numbers"),
    Attempt("flux.range(1e308, -1e308, -1)", "more than a million numbers"),
    Attempt("flux.linspace(0, 1, 1e9)", "from 1 to 1000000"),
    Attempt("flux.arange(1e300)", "more than a million numbers"),
    Attempt("flux.wildcards(('{a|b|c}'):rep(40), {all = true})", "more than"),
    Attempt("flux.wildcards(('{a'):rep(100000))", "wildcards: "),
    Attempt("flux.schedule(1e6)", "from 1 to 1000"),
  ]

  static let all = language + reading + writing + exhaustion

  /// Where the attempts run: all of them, one after the other, by `attack()`.
  static let places = [
    ("recipe", "attack()"),
    ("coroutine", "coroutine.wrap(attack)()"),
    ("before_step", "model:sample(fox, {size = 32, steps = 1, before_step = function() attack() end})"),
    ("on_step", "model:sample(fox, {size = 32, steps = 1, on_step = function() attack() end})"),
    ("guidance", "model:sample(fox, {size = 32, steps = 1, guidance = function() attack() return 1 end})"),
    ("eta", "model:sample(fox, {size = 32, steps = 2, sampler = 'lcm', s_noise = function(step) if step.index == 1 then attack() end return 1 end})"),
    ("combine", "model:sample(fox, {size = 32, steps = 1, cfg = {scale = 2, negative = fox, combine = function(positive) attack() return positive end}})"),
    ("sampler", "model:sample(fox, {size = 32, steps = 1, sampler = function(x) attack() return x end})"),
    ("noise", "model:sample(fox, {size = 32, steps = 1, noise = function() attack() return flux.zeros {16, 4, 4} end})"),
    ("map", "flux.ones(1):map(function(x) attack() return x end)"),
    ("schedule", "flux.schedule(1, function(u) if u == 0 then attack() end return 1 - u end)"),
  ]

  @Test func theCatalogueIsLong() { #expect(Self.all.count >= 120 && Set(Self.all.map(\.code)).count == Self.all.count) }

  @Test(arguments: places) func everyAttemptIsRefusedWithItsMessage(_ place: String, _ code: String) throws {
    let shop = try EscapeFolder()
    var limits = Limits()
    limits.memory = try #require(Limits.Memory("32MB"))
    limits.time = Limits.Time("5m")
    limits.objectBytes = 256 << 20
    let files = FileAccess(recipeFolder: shop.inside, out: shop.out, recipe: "hello.lua", readable: [Fixtures.folder], mostFiles: 40)
    let attempts = Self.all.map { "{[==[\($0.code)]==], [==[\($0.message)]==]}," }.joined(separator: "\n")
    let source = """
      local model = flux.load "\(Fixtures.folder)/tiny-dev"
      local fox, image, t = flux.conditioning {sequence = flux.ones {4, 48}, pooled = flux.ones(32)}, flux.image(flux.ones {3, 4, 4}), flux.ones(3)
      local env = setmetatable({model = model, fox = fox, image = image, t = t}, {__index = _G})
      local attempts, ran = {
      \(attempts)
      }, 0
      local wrong = {}
      local function attack()
        for _, attempt in ipairs(attempts) do
          local f = load("return " .. attempt[1], "=attempt", "t", env) or assert(load(attempt[1], "=attempt", "t", env))
          local ok, message = pcall(f)
          if ok then wrong[#wrong + 1] = "survived: " .. attempt[1] end
          if not tostring(message):find(attempt[2], 1, true) then wrong[#wrong + 1] = attempt[1] .. "\\n  gave: " .. tostring(message):sub(1, 300) end
          ran = ran + 1
          collectgarbage()
        end
      end
      \(code)
      assert(#wrong == 0, "\\n" .. table.concat(wrong, "\\n"))
      assert(ran == #attempts, ran)
      """
    let session = Session(files: files), recipe = Recipe(name: "hello.lua", folder: shop.inside, source: source), settings = Recipe.Settings(limits: limits, session: session)
    let failure = onEngineThread { () -> RecipeFailure? in if case .failure(let failure) = recipe.run(settings) { failure } else { nil } }
    #expect(failure == nil, "\(place): \(failure.map { $0.report } ?? "")")
    try shop.checkUntouched()
  }
}

/// A recipe's folder and an output folder in which much leads elsewhere, beside what must not be read or written.
private final class EscapeFolder {
  let root = FileManager.default.temporaryDirectory.appending(path: "escape-\(UUID().uuidString)").path
  var inside: String { root + "/inside" }
  var out: String { root + "/out" }

  init() throws {
    let files = FileManager.default
    for folder in ["inside/deep", "inside/wildcards", "out/folder.png"] { try files.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true) }
    for (name, text) in [("secret.txt", "secret"), ("secret.lua", "return 1"), ("inside/lines.txt", "a"), ("inside/deep.json", String(repeating: "[", count: 200_000)),
                         ("out/foreign.png", "not ours"), ("out/foreign.npy", "not ours"), ("linked.png", "not ours")] {
      try Data(text.utf8).write(to: URL(filePath: "\(root)/\(name)"))
    }
    for (link, target) in [("inside/link.txt", "secret.txt"), ("inside/link.lua", "secret.lua"), ("inside/away", ""), ("out/away", ""), ("out/nowhere.png", "nothing.png")] {
      try files.createSymbolicLink(atPath: "\(root)/\(link)", withDestinationPath: "\(root)/\(target)")
    }
    try files.createSymbolicLink(atPath: "\(root)/inside/zero.png", withDestinationPath: "/dev/zero")
    try files.createSymbolicLink(atPath: "\(root)/inside/environment", withDestinationPath: "/proc/self/environ")
    try files.linkItem(atPath: "\(root)/linked.png", toPath: "\(root)/out/hard.png")
    for pipe in ["inside/pipe.lua", "inside/pipe.txt", "inside/pipe.png", "inside/pipe.npy", "inside/pipe.safetensors", "out/pipe.png"] { mkfifo("\(root)/\(pipe)", 0o600) }
    // A picture of this recipe, but elsewhere.
    let own = FileAccess(recipeFolder: root, out: root + "/own", recipe: "hello.lua")
    let failure = onEngineThread { [root] () -> RecipeFailure? in
      let recipe = Recipe(name: "hello.lua", folder: root, source: "flux.image(flux.ones {3, 4, 4}):save 'own.png'")
      if case .failure(let failure) = recipe.run(.init(session: Session(files: own))) { return failure } else { return nil }
    }
    try #require(failure == nil)
    try files.createSymbolicLink(atPath: "\(root)/out/own.png", withDestinationPath: "\(root)/own/own.png")
    try Data(Self.vastPNG).write(to: URL(filePath: "\(inside)/vast.png"))
    try Data(withUnsafeBytes(of: Int.max.littleEndian) { Array($0) } + Array("{}".utf8)).write(to: URL(filePath: "\(inside)/vast.safetensors"))
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 1048576), }\n"
    try Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)).write(to: URL(filePath: "\(inside)/vast.npy"))
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// What was there before is as it was, and nothing came to where nothing may be.
  func checkUntouched() throws {
    for (name, text) in [("secret.txt", "secret"), ("out/foreign.png", "not ours"), ("out/foreign.npy", "not ours"), ("linked.png", "not ours"), ("out/hard.png", "not ours")] {
      #expect(try String(contentsOfFile: "\(root)/\(name)", encoding: .utf8) == text, "\(name)")
    }
    #expect(try Set(FileManager.default.contentsOfDirectory(atPath: root)) == ["inside", "out", "own", "secret.txt", "secret.lua", "linked.png"])
    #expect(!FileManager.default.fileExists(atPath: "/tmp/x.png") && !FileManager.default.fileExists(atPath: "/tmp/x.safetensors"))
  }

  /// A few bytes that call themselves 65,535 × 65,535 pixels.
  private static var vastPNG: [UInt8] {
    func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      let body = Array(name.utf8) + data
      let sum = ~body.reduce(~UInt32(0)) { sum, byte in (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 } }
      return big(UInt32(data.count)) + body + big(sum)
    }
    return [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10] + chunk("IHDR", big(65535) + big(65535) + [8, 2, 0, 0, 0]) + chunk("IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]) + chunk("IEND", [])
  }
}
}
