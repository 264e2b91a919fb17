import Foundation
import Scripting
import Synchronization
import Tensors
import Testing

extension ScriptingTests {
/// What a prompt says to what is typed.
@Suite struct ConversationTests {
  /// Says lines one after the other, as somebody types them; every answer as text, `…` where more is waited for.
  private func said(_ lines: [String], _ settings: Recipe.Settings = .init()) -> [String] {
    talk(settings) { conversation in
      var text: String?
      return lines.map { line in
        let whole = text.map { $0 + "\n" + line } ?? line
        conversation.renew()
        text = nil
        switch conversation.answer(to: whole) {
        case .incomplete:
          text = whole
          return "…"
        case .said(let said): return said ?? ""
        case .failed(let failure): return "! " + failure.message
        }
      }
    }
  }

  private func talk<R: Sendable>(_ settings: Recipe.Settings = .init(), _ body: @escaping @Sendable (Conversation) -> R) -> R {
    onEngineThread {
      guard let conversation = try? Conversation(settings) else { preconditionFailure("no memory for Lua") }
      defer { conversation.close() }
      return body(conversation)
    }
  }

  @Test(arguments: [
    ("1 + 1", "2"), ("= 6 * 7", "42"), ("=7", "7"), ("'text'", "text"), ("nil", "nil"), ("1, nil, 'x'", "1\tnil\tx"), ("0.1 + 0.2", "0.3"), ("2^53", "9.007199254741e+15"),
    ("1e3", "1000.0"), ("", ""), ("-- a comment", ""), ("local x = 1", ""), ("x = 1", ""), ("return 5", "5"), ("(1)", "1"), ("1 == 1", "true"),
    ("function() end", "function"), ("flux.zeros({2, 3})", "Tensor [2, 3]"), ("{}", "{}"), ("{1, {2, 'x'}, a = true}", "{ 1, { 2, \"x\" }, a = true }"),
    ("{['a b'] = 1, ['end'] = 2, [10] = 3}", "{ [\"a b\"] = 1, [\"end\"] = 2, [10] = 3 }"), ("{'a\\n\"'}", "{ \"a\\n\\\"\" }"), ("{{{{{}}}}}", "{ { { { { … } } } } }"),
    ("setmetatable({}, {__tostring = function() return 'mine' end})", "mine"),
  ]) func valuesAreShown(_ line: String, _ shown: String) {
    let answer = said([line])[0]
    #expect(answer == shown || (shown.hasPrefix("Tensor") && answer.hasPrefix(shown)), "\(answer)")
  }

  @Test func greatAndCircularTablesAreBounded() {
    let answers = said(["local t = {} t.t = t", "t", "local big = {} for i = 1, 5000 do big[i] = i end", "big", "local names = {} for i = 1, 5000 do names['n' .. i] = i end", "names"])
    #expect(answers[1] == "{ t = { t = { t = { t = { … } } } } }")
    #expect(answers[3].hasSuffix("  32,\n  … and 4968 more\n}"), "\(answers[3])")
    #expect(answers[5].hasSuffix("… and 4968 more\n}"))
  }

  @Test func localsStay() {
    #expect(said(["local x <const>, y = 1, 2", "x + y", "local function f(n) return n + x end", "f(1)", "local z", "z", "for i = 1, 2 do local inner = i end",
                  "inner", "local a = 1; local b = a + 1", "b", "do local deep = 1 end", "deep", "local text = 'local q'", "text"])
      == ["", "3", "", "2", "", "nil", "", "! repl:8: undefined variable 'inner'", "", "2", "", "! repl:12: undefined variable 'deep'", "", "local q"])
  }

  @Test func aClosedLocalIsClosedWithItsLine() {
    #expect(said(["closed = 0 local c <close> = setmetatable({}, {__close = function() closed = closed + 1 end})", "closed"]) == ["", "1"])
  }

  @Test func theLastValueIsKept() {
    #expect(said(["_", "6 * 7", "_ + 1", "x = 3", "_", "nil", "_", "= 'a'", "_"]) == ["nil", "42", "43", "", "43", "nil", "43", "a", "a"])
  }

  @Test(arguments: [
    ["for i = 1, 2 do", "end"], ["f = function()", "return 1", "end"], ["x = {", "1,", "}"], ["x = [[", "two", "]]"], ["1 +", "2"], ["x =", "3"], ["--[[", "]]"], ["print(", ")"],
    ["x = 'a\\", "b'"], ["if true then", "", "x = 1", "else", "end"],
  ]) func somethingIncompleteGoesOn(_ lines: [String]) {
    let answers = said(lines)
    #expect(answers.dropLast().allSatisfy { $0 == "…" } && answers.last != "…" && answers.last?.hasPrefix("!") != true, "\(answers)")
  }

  @Test(arguments: [("x = 'abc", "unfinished string near ''abc'"), ("1 + * 2", "unexpected symbol near '*'"), ("for", nil), ("end", "unexpected symbol near 'end'"), (")", "unexpected symbol near ')'")])
  func somethingWrongIsToldAtOnce(_ line: String, _ message: String?) {
    #expect(said([line])[0] == (message.map { "! repl:1: \($0)" } ?? "…"))
  }

  @Test func whatIsWholeAndIncompleteIsWrong() {
    let answer = talk { conversation -> String in
      if case .failed(let failure) = conversation.answer(to: "print(", isWhole: true) { return failure.report }
      return "?"
    }
    #expect(answer == "repl:1: unexpected symbol near <eof>\n  1 | print(\n    |       ^")
  }

  @Test func anErrorGivesTheLineOfTheSessionAndQuotesIt() {
    let report = talk { conversation -> String in
      _ = conversation.answer(to: "local function f(t)\n  return t.x.y\nend")
      _ = conversation.answer(to: "nonsense nonsense")
      if case .failed(let failure) = conversation.answer(to: "f {}") { return failure.report }
      return "?"
    }
    #expect(report == """
      repl:2: attempt to index a nil value (field 'x')
        2 |   return t.x.y
          |            ^
        repl:2: in global 'f'
        repl:5: in the main chunk
      """)
  }

  @Test func theStateOutlivesErrors() {
    #expect(said(["x = 5", "error { code = 1 }", "error()", "x.y.z = 1", "flux.tensor(1, 2, 3, 4)", "x"]).last == "5")
  }

  @Test func theTimeLimitCountsForEachEvaluation() {
    var limits = Limits()
    limits.time = Limits.Time("1s")
    let busy = "local t = flux.elapsed() while flux.elapsed() - t < 0.3 do end"
    #expect(said([busy, busy, busy, busy, "while true do end", "1 + 1", "pcall(function() while true do end end)", "2 + 2"], .init(limits: limits))
      == ["", "", "", "", "! repl:5: stopped by --time-limit 1s", "2", "! repl:7: stopped by --time-limit 1s", "4"])
  }

  /// Cancels from another thread as soon as the engine begins a step.
  @Test func anInterruptedStepLeavesEverythingAsItWas() {
    let cancellation = Cancellation(), cancels = Mutex(true), lines = Lines()
    var session = Session()
    session.observer = { activity in
      if case .step(2, _) = activity, cancels.withLock({ $0 }) { cancellation.cancel(.interrupted) }
    }
    let settings = Recipe.Settings(cancellation: cancellation, output: lines.output, session: session)
    let answers = talk(settings) { conversation -> [String] in
      ["model = flux.load() options = {size = 64, steps = 4, seed = 3}", "run = model:steps('a fox', options)", "run()", "run()", "allowed", "run()", "run() run()",
       "a = run.latents", "b = model:sample('a fox', options)", "(a - b):abs():max()"].map { line in
        conversation.renew()
        if line == "allowed" { cancels.withLock { $0 = false } }
        switch conversation.answer(to: line) {
        case .incomplete: return "…"
        case .said(let said): return said ?? ""
        case .failed(let failure): return failure.kind == .interrupted ? "interrupted" : failure.message
        }
      }
    }
    #expect(answers[2].hasPrefix("Step 1 of 4"), "\(answers)")
    #expect(answers[3] == "interrupted")
    #expect(answers[5].hasPrefix("Step 2 of 4"), "the step is made again: \(answers)")
    #expect(answers.last == "0.0", "\(answers)")
  }

  @Test func interruptionsInsideOfCallbacksAndCoroutinesLeaveTheStateSound() {
    let cancellation = Cancellation()
    let settings = Recipe.Settings(cancellation: cancellation)
    let answers = talk(settings) { conversation -> [String] in
      ["table.sort({3, 1, 2}, function() while true do end end)", "coroutine.wrap(function() while true do end end)()", "pcall(function() repeat until false end)",
       "flux.zeros({2}):map(function() while true do end end)", "xpcall(error, function() while true do end end)"].map { line in
        conversation.renew()
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.1) { cancellation.cancel(.interrupted) }
        if case .failed(let failure) = conversation.answer(to: line), failure.kind == .interrupted {
          conversation.renew()
          if case .said("3") = conversation.answer(to: "1 + 2") { return "sound" }
        }
        return line
      }
    }
    #expect(answers == Array(repeating: "sound", count: 5))
  }

  @Test func aSessionIsSavedAsARecipeThatRuns() {
    let recipe = talk { conversation -> String in
      for line in ["local x = 2", "x +", "nonsense(", "x * 21", "error 'no'", "print(_)", "for i = 1, 2 do\n  x = x + i\nend", "print(x)"] { _ = conversation.answer(to: line) }
      return conversation.recipe
    }
    #expect(recipe == "-- A session of fluxlua repl.\nlocal x = 2\n_ = x * 21\nprint(_)\nfor i = 1, 2 do\n  x = x + i\nend\nprint(x)\n")
    let lines = Lines()
    #expect(failing(recipe, .init(output: lines.output)) == nil)
    #expect(lines.printed == ["42", "5"])
  }

  // ---- Completion ----

  /// What is typed, the words that fit where they are known, and what is put in.
  static let offers: [(text: String, words: [String]?, certain: String)] = [
    ("flux.lo", ["load", "log"], ""), ("flux.loa", ["load"], "d"), ("prin", ["print"], "t"), ("loca", ["local"], "l"), ("answ", ["answer"], "er"),
    ("flux.load():ge", ["generate"], "nerate"), ("flux.load():encode('x'):mi", ["mix"], "x"), ("image:res", ["resize"], "ize"), ("image.wi", ["width"], "dth"),
    ("x = image:", nil, ""), ("step.den", ["denoised"], "oised"), ("box.inner.de", ["deep"], "ep"), ("box:no", [], ""), ("('x'):gs", ["gsub"], "ub"), ("text:upp", ["upper"], "er"),
    ("model:generate('x', { gui", ["guidance"], "dance = "), ("model:generate('x', {\n  steps = 4, st", ["strength"], "rength = "), ("flux.load():generate('x', {cfg = { com", ["combine"], "bine = "),
    ("flux.noise { se", ["seed"], "ed = "), ("model:generate('x', { sampler = \"eul", ["euler", "euler_ancestral"], "er"), ("model:generate('x', { sampler = 'heu", ["heun"], "n'"),
    ("model:generate('x', { cfg = { combine = 'ap", ["apg"], "g'"), ("flux.schedule(8, 'kar", ["karras"], "ras'"), ("flux.load(nil, { precision = 'bf", ["bf16"], "16'"),
    ("model:generate('x', { on_step = function(step) step.lat", ["latents"], "ents"), ("model:generate('x', { on_step = function(step) prin", ["print"], "t"),
    ("help gener", ["generate"], "ate"), (".sa", ["save"], "ve"), ("-- prin", [], ""), ("'prin", [], ""), ("x = 1 -- ", [], ""), ("nothing.there.at", [], ""), ("print('é日', flux.loa", ["load"], "d"),
    ("model:generate('x', { steps = prin", ["print"], "t"), ("for value = 1, 2 do val", ["value"], "ue"), ("flux.image(", nil, ""), (")]}", nil, ""), ("model:generate('x', { }, ", nil, ""),
  ]

  @Test(arguments: offers) func tabOffersWhatFits(_ text: String, _ words: [String]?, _ certain: String) {
    let found = talk { conversation -> Completions in
      _ = conversation.answer(to: "answer = 42 text = 'x' box = {inner = {deep = 1}} image = flux.image(flux.zeros {3, 4, 4}) model = flux.load()")
      return conversation.completions(after: text)
    }
    if let words {
      #expect(found.words == words)
      #expect(found.certain == certain)
    } else {
      #expect(found.typed == "" && !found.words.isEmpty)
    }
  }

  @Test func everyMethodAndPropertyOfEveryTypeIsOffered() {
    let missing = talk { conversation -> [String] in
      Schema().types.flatMap { type in
        let methods = conversation.completions(after: "\(type.name.lowercased()):").words, properties = conversation.completions(after: "\(type.name.lowercased()).").words
        return type.methods.map(\.name).filter { !methods.contains($0) } + type.properties.map(\.name).filter { !properties.contains($0) }
      }
    }
    #expect(missing == [])
  }
}
}
