import Foundation
import Scripting
import Testing

extension ScriptingTests {
/// What the border must not lose: objects, memory, errors.
@Suite struct BorderTests {
  /// Bytes of this process in memory.
  private func resident() throws -> Int {
    let statistics = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (Int(statistics.split(separator: " ")[1]) ?? 0) * 4096
  }

  @Test func aMillionCallsOfWhichHalfThrowLeaveNothingBehind() throws {
    #expect(failing("for i = 1, 10000 do pcall(fail, i) end") == nil)     // warm
    let source = """
      local failed = 0
      for i = 1, 1000000 do
        local ok = pcall(fail, i)
        if not ok then failed = failed + 1 end
      end
      assert(failed == 500000)
      """
    // Other suites of the process grow and shrink meanwhile; what leaks here grows every time.
    var growth = Int.max
    for _ in 0..<3 where growth >= 4 << 20 {
      let before = try resident()
      #expect(failing(source) == nil)
      #expect(Probe.alive.load(ordering: .relaxed) == 0)
      growth = min(growth, try resident() - before)
    }
    #expect(growth < 4 << 20)
  }

  @Test func errorsThroughCallbacksLeaveNothingBehind() throws {
    let source = """
      local function bad() error({code = 7}) end
      for i = 1, 30000 do
        local ok, e = pcall(call, bad)
        assert(not ok and e.code == 7)
      end
      collectgarbage()
      assert(collectgarbage("count") < 1000, collectgarbage("count"))
      """
    #expect(failing(source) == nil)
    #expect(Probe.alive.load(ordering: .relaxed) == 0)
  }

  @Test func closingTheStateFreesEveryObject() {
    #expect(failing("kept = {} for i = 1, 1000 do kept[i] = probe() end assert(live_objects() == 1000)") == nil)
    #expect(Probe.alive.load(ordering: .relaxed) == 0)
  }

  @Test func heavyObjectsAreCollectedInTime() {
    let source = "for i = 1, 300 do local p = probe(4 << 20) assert(live_objects() < 20, live_objects()) end"
    #expect(failing(source) == nil)
  }

  @Test func anAnchoredCallbackDoesNotKeepItsOwnerAlive() throws {
    try onEngineThread { Result { () throws -> Void in
      let lua = try Lua(limits: Limits(), cancellation: .init(), output: Output())
      defer { lua.close() }
      TestFace.install(in: lua)
      lua.setGlobal("anchor", LuaFunction("anchor", "", .required("p", Reader<Probe>.object), .required("f", .function)) { call, p, f in
        f.anchor(in: 1, of: call.lua)
        p.callback = f
      })
      try lua.run("""
        for i = 1, 100 do local p = probe() anchor(p, function() return p end) end
        collectgarbage() collectgarbage()
        assert(live_objects() == 0, live_objects())
        local p = probe()
        anchor(p, function() return 7 end)
        collectgarbage()
        assert(live_objects() == 1)
        """, named: "hello.lua")
    } }.get()
  }

  @Test(arguments: [
    ("error({code = 7})", "type(e) == 'table' and e.code == 7"),
    ("error(nil)", "e == nil"),
    ("error('plain', 0)", "e == 'plain'"),
    ("error(42)", "e == 42"),
    ("error(probe())", "e.count == 0"),
    ("error(true)", "e == true"),
  ]) func errorsThatAreNotStringsSurviveTheWayThroughSwift(_ raise: String, _ check: String) {
    let source = """
      local ok, e = pcall(call, function() call(function() \(raise) end) end)
      assert(not ok and \(check))
      """
    #expect(failing(source) == nil)
  }

  @Test(arguments: [
    ("error({code = 7})", "hello.lua:1: the error is a table"),
    ("error(nil)", "hello.lua:1: the error is nil"),
    ("error(setmetatable({}, {__tostring = function() return 'mine' end}))", "hello.lua:1: mine"),
    ("error('no place', 0)", "hello.lua:1: no place"),
    ("fail(2)", "hello.lua:1: fail: even after 0"),
    ("local x = = 1", "hello.lua:1: unexpected symbol near '='"),
    ("\n\nerror 'here'", "hello.lua:3: here"),
    ("pcall(fail, 2) fail(4)", "hello.lua:1: fail: even after 0"),
    ("call(fail, 2)", "hello.lua:1: fail: even after 0"),
    ("call(function()\n  fail(2)\nend)", "hello.lua:2: fail: even after 0"),
  ]) func anUncaughtErrorHasOnePlaceAndOneMessage(_ source: String, _ message: String) throws {
    let failure = try #require(failing(source))
    #expect(failure.message == message)
    #expect(failure.line == message.split(separator: ":").dropFirst().first.flatMap { Int($0) })
  }

  @Test func framesShowTheRecipeAndNotTheHost() throws {
    let source = """
      local function inner()
        fail(2)
      end
      local function outer()
        call(function() inner() end)
      end
      pcall(outer)
      outer()
      """
    let failure = try #require(failing(source))
    #expect(failure.frames == [
      "hello.lua:2: in upvalue 'inner'", "hello.lua:5: in function <hello.lua:5>",
      "hello.lua:5: in local 'outer'", "hello.lua:8: in the main chunk",
    ])
  }

  @Test func wordsGoToTheirStreams() {
    let lines = Lines()
    let source = """
      print("a", 1, nil, probe()) warn("careful", "!") flux.log("%s %d%%", "half", 50)
      function f() leaked = 1 end
      f()
      """
    #expect(failing(source, .init(output: lines.output)) == nil)
    #expect(lines.printed == ["a\t1\tnil\tProbe (0)"])
    #expect(lines.written(to: .log) == ["half 50%"])
    #expect(lines.written(to: .warning) == ["careful!",
      "hello.lua:2: 'leaked' becomes a global inside a function; write 'local leaked' to keep it there"])
  }

  @Test func randomNumbersRepeatFromRunToRunAndFollowTheSeed() {
    func draw(_ seed: Int64) -> [String] {
      let lines = Lines()
      var limits = Limits()
      limits.seed = seed
      #expect(failing("print(math.random(), math.random(100)) math.randomseed() print(math.random())",
                      .init(limits: limits, output: lines.output)) == nil)
      return lines.printed
    }
    #expect(draw(0) == draw(0))
    #expect(draw(0) != draw(1))
    #expect(draw(3)[0].hasPrefix(draw(3)[1]))
  }
}
}
