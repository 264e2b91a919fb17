import Scripting
import Testing

extension ScriptingTests {
/// Programs that never want to end, or want all the memory, in every place from which Lua code runs.
@Suite struct AttackTests {
  enum Place: String, CaseIterable {
    case recipe = "attack()"
    case callback = "call(attack)"
    case callbackInCallback = "call(function() pcall(call, attack) end)"
    case comparator = "table.sort({3, 1, 2}, function(a, b) attack() return a < b end)"
    case tostring = "tostring(setmetatable({}, {__tostring = function() attack() return 'x' end}))"
    case coroutine = "for _ = 1, 2 do coroutine.wrap(attack)() end"
    case gsub = "(\"x\"):gsub(\".\", attack)"
    case handler = "xpcall(error, function() attack() end)"
  }

  static let endless = [
    "while true do end",
    "while true do pcall(error) end",
    "while true do pcall(function() while true do end end) end",
    "local function spin() while true do end end; while true do xpcall(spin, spin) end",
    "while true do xpcall(error, function() while true do end end) end",
    "while true do coroutine.wrap(function() while true do end end)() end",
    "local function nest() pcall(coroutine.wrap(nest)) while true do end end; while true do nest() end",
    "while true do local c <close> = setmetatable({}, {__close = function() while true do end end}) error('x') end",
    "while true do pcall(function() local c <close> = setmetatable({}, {__close = function() while true do end end}) end) end",
    "local co = coroutine.create(function() local c <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end); coroutine.resume(co); coroutine.close(co)",
    "string.rep('a', 40):match(('.-'):rep(20) .. 'b')",
    "('a'):rep(60000):find(('.-'):rep(12) .. 'b')",
    "while true do ('x'):rep(1000):gsub('.', {x = 'y'}) end",
    "for _ in ('a'):rep(50):gmatch(('a*'):rep(25) .. 'b') do end",
    "while true do call(function() end) end",
    "while true do pcall(call, function() error({}) end) end",
    "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}); while true do pcall(function() return t[1] end) end",
    "while true do load('return 1')() end",
    "pcall(spin)",
    "while true do pcall(table.sort, {3, 1, 2}, function() while true do end end) end",
  ]

  static let greedy = [
    "local t = {}; for i = 1, math.huge do t[i] = {} end",
    "return ('x'):rep(1 << 30)",
    "local s = 'x'; while true do s = s .. s end",
    "local t = {}; while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
    "local t = {}; for i = 1, math.huge do t[i] = coroutine.create(print) end",
    "return table.concat({('x'):rep(1 << 22), ('y'):rep(1 << 22), ('z'):rep(1 << 22)}, ('x'):rep(1 << 22))",
    "return (('x'):rep(1 << 20):gsub('.', ('y'):rep(1000)))",
    "local t = {}; for i = 1, math.huge do t[i] = probe() end",
  ]

  @Test(arguments: endless) func anEndlessProgramEndsAtTheTimeLimitWhereverItRuns(_ attack: String) throws {
    for place in Place.allCases {
      var limits = Limits()
      limits.time = Limits.Time("30ms")
      let start = ContinuousClock.now
      let failure = try #require(failing("local function attack() \(attack) end\n\(place.rawValue)", .init(limits: limits)),
                                 "survived in \(place)")
      #expect(failure.kind == .timeLimit, "\(place): \(failure)")
      #expect(failure.message.hasSuffix("stopped by --time-limit 30ms"), "\(place): \(failure)")
      #expect(ContinuousClock.now - start < .seconds(1), "late in \(place)")
    }
    #expect(Probe.alive.load(ordering: .relaxed) == 0)
  }

  @Test(arguments: greedy) func aGreedyProgramEndsAtTheMemoryLimitWhereverItRuns(_ attack: String) throws {
    for place in Place.allCases where place != .callbackInCallback && place != .handler {
      var limits = Limits()
      limits.time = Limits.Time("20s")
      limits.memory = try #require(Limits.Memory("8MB"))
      let failure = try #require(failing("local function attack() \(attack) end\n\(place.rawValue)", .init(limits: limits)),
                                 "survived in \(place)")
      #expect(failure.kind == .memoryLimit, "\(place): \(failure)")
      #expect(failure.message.contains("reached --lua-memory 8MB"), "\(place): \(failure)")
    }
    #expect(Probe.alive.load(ordering: .relaxed) == 0)
  }

  @Test func theMemoryLimitCanBeCaughtAndTheRecipeGoesOn() throws {
    var limits = Limits()
    limits.memory = try #require(Limits.Memory("8MB"))
    let source = """
      for _ = 1, 20 do
        local ok, message = pcall(function() local t = {} for i = 1, math.huge do t[i] = {} end end)
        assert(not ok and message:find("--lua-memory 8MB", 1, true), message)
        local ok, message = coroutine.resume(coroutine.create(function() return ("x"):rep(1 << 30) end))
        assert(not ok and message:find("--lua-memory 8MB", 1, true), message)
        local ok, message = pcall(call, function() return ("x"):rep(1 << 30) end)
        assert(not ok and message:find("--lua-memory 8MB", 1, true), message)
      end
      """
    #expect(failing(source, .init(limits: limits)) == nil)
  }

  @Test func anErrorThatNeverFinishesDescribingItselfEndsAtTheTimeLimit() throws {
    var limits = Limits()
    limits.time = Limits.Time("30ms")
    let source = "error(setmetatable({}, {__tostring = function() while true do end end}))"
    #expect(try #require(failing(source, .init(limits: limits))).kind == .timeLimit)
  }

  @Test func aCancelledRecipeSaysWhereAndThatItWasInterrupted() throws {
    let settings = Recipe.Settings()
    settings.cancellation.cancel(.interrupted)
    let stopped = try #require(failing("local x = 1\nwhile true do\n  x = x + 1\nend", settings))
    #expect(stopped.kind == .interrupted)
    #expect(stopped.line == 2 || stopped.line == 3)
    #expect(stopped.message.hasSuffix("interrupted"))
  }

  static let refused: [(String, String)] = [
    ("setmetatable({}, {__gc = function() end})", "hello.lua:1: setmetatable: '__gc' is not available in recipes"),
    ("local f = assert(load('\\27Lua', 'x', 'b'))", "attempt to load a binary chunk"),
    ("string.dump(print)", "attempt to call a nil value (field 'dump')"),
    ("(''):dump()", "attempt to call a nil value (method 'dump')"),
    ("io.open('x')", "hello.lua:1: undefined variable 'io': not available in recipes; recipes read"),
    ("return dofile", "not available in recipes; use require"),
    ("load('return io')()", "undefined variable 'io'"),
    ("load('return load')()('return io')()", "undefined variable 'io'"),
    ("load('return load', 'x', 't', {load = load})()('return io')()", "undefined variable 'io'"),
    ("os.execute('true')", "attempt to call a nil value (field 'execute')"),
    ("os.getenv('HOME')", "attempt to call a nil value (field 'getenv')"),
    ("assert(debug.getregistry, 'no')", "no"),
    ("require 'os'", "no module 'os'"),
    ("require '../x'", "'../x' is no name of a module"),
    ("require 'a..b'", "is no name of a module"),
    ("getmetatable(probe()).__gc(1)", "attempt to call a nil value (field '__gc')"),
    ("setmetatable(_G, {})", "cannot change a protected metatable"),
    ("assert(getmetatable('') == nil)", "assertion failed"),
    ("getmetatable('').__index = {}", "attempt to index a boolean value"),
    ("table.move({}, 1, 2e10, 2)", "table.move: more than 10000000 entries"),
    ("table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 1)", "not for a table with a '__len' metamethod"),
    ("local t = {} for i = 0, 61 do t[1 << i], t[(1 << i) + 1] = 1, 1 end table.insert(t, 1, 1)", "table.insert: more than 10000000 entries"),
    ("table.concat({}, '', 1, 1 << 60)", "table.concat: more than 10000000 entries"),
    ("coroutine.yield()", "hello.lua:1: coroutine.yield: called outside a coroutine"),
    ("call(coroutine.yield)", "coroutine.yield: called outside a coroutine"),
    ("collectgarbage('stop')", "only \"collect\" and \"count\""),
    ("(('('):rep(300)):match(('('):rep(300))", "too many captures"),
    ("('x'):match('[')", "malformed pattern (missing ']')"),
  ]

  @Test(arguments: refused) func whatASandboxLacksIsAnError(_ source: String, _ message: String) throws {
    let failure = try #require(failing(source), "survived")
    #expect(failure.kind == .failed)
    #expect(failure.message.contains(message), "\(failure)")
    #expect(failure.message.hasPrefix("hello.lua:") || failure.message.hasPrefix("[string"), "\(failure)")
  }

  @Test func emptyStringsRepeatedForEverAreFree() {
    #expect(failing("assert((''):rep(1 << 62) == '')") == nil)
  }

  @Test func recursionThroughSwiftEndsInAnErrorNotInACrash() throws {
    let deep = try #require(failing("local function f() return (call(f)) end\nf()"))
    #expect(deep.message.contains("C stack overflow"), "\(deep)")
    let soft = try #require(failing("local function f() return 1 + f() end\nf()"))
    #expect(soft.message.contains("stack overflow"), "\(soft)")
    #expect(Probe.alive.load(ordering: .relaxed) == 0)
  }
}
}
