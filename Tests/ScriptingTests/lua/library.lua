-- The library of the sandbox: what is there works as the reference manual says.
local check = require "_check"

-- Globals
check.error("undefined variable 'prnt'; did you mean 'print'?", function() return prnt end)
check.error("undefined variable 'stps'", function() return stps end)
check.equal(rawget(_G, "stps"), nil)
check.equal(_VERSION, "Lua 5.4")
check.error([[require: 'a..b' is no name of a module: "palettes" is palettes.lua, "looks.ink" is looks/ink.lua]], require, "a..b")
check.error("require: no module 'nowhere': looked for nowhere.lua and lua/nowhere.lua in the recipe's folder", require, "nowhere")
check.equal(require "_check", check)

-- Patterns
local function all(...) return table.concat({...}, "|") end
check.equal(all(("hello world"):find("o w")), "5|7")
check.equal(all(("hello"):find("l+")), "3|4")
check.equal(all(("hello"):find("(l)(l)")), "3|4|l|l")
check.equal(all(("a.b"):find(".", 1, true)), "2|2")
check.equal(all(("a.b"):find("%.")), "2|2")
check.equal(all(("hello"):find("", 10)), "")
check.equal(all(("hello"):find("", 6)), "6|5")
check.equal(all(("hello"):find("o", -1)), "5|5")
check.equal(all(("key = value"):match("^(%w+)%s*=%s*(%w+)$")), "key|value")
check.equal(("  trim  "):match("^%s*(.-)%s*$"), "trim")
check.equal(("f(a(b)c)d"):match("%b()"), "(a(b)c)")
check.equal(all(("THE (quick) fox"):find("%((%a+)%)")), "5|11|quick")
check.equal(("THE (quick) fox"):gsub("%f[%a]%a+", "x"), "x (x) x")
check.equal(("x = 'it''s'"):match("(['\"])(.-)%1"), "'")
check.equal(("2024-01-31"):gsub("(%d+)-(%d+)-(%d+)", "%3/%2/%1"), "31/01/2024")
check.equal(("abc"):gsub("", "-"), "-a-b-c-")
check.equal(("abc"):gsub(".", {a = 1, b = true and "B"}), "1Bc")
check.equal(("abc"):gsub("%w", "%0%0", 2), "aabbc")
check.equal(("abc"):gsub("^a", "x"), "xbc")
check.equal(("hello"):gsub("l", function() end), "hello")
check.equal(select(2, ("banana"):gsub("a", "%%")), 3)
check.equal(("x^2"):match("%^(%d)"), "2")
check.equal(("a-b]c"):match("[]%-]+"), "-")
check.equal(("abc"):match("[^a-b]"), "c")
check.equal(all(("abc"):match("()b()")), "2|3")
check.equal(("colour color"):gsub("colou?r", "hue"), "hue hue")
local words = {}
for word, at in ("one two three"):gmatch("(%a+)()") do words[#words + 1] = word .. at end
check.equal(table.concat(words, " "), "one4 two8 three14")
local pieces = 0
for _ in ("abc"):gmatch("") do pieces = pieces + 1 end
check.equal(pieces, 4)
check.error("invalid use of '%' in replacement string", string.gsub, "x", "x", "%z")
check.error("malformed pattern (ends with '%')", string.find, "x", "%")
check.error("unfinished capture", string.find, "x", "(x")
check.error("invalid pattern capture", string.match, "x", "x)")
check.error("invalid capture index %2", string.match, "x", "%2")
check.error("missing '[' after '%f' in pattern", string.find, "x", "%fa")
check.error("bad argument #1 to 'find' (string expected, got no value)", string.find)

-- Tables
local t = {5, 2, 8}
table.insert(t, 1)
table.insert(t, 1, 9)
table.sort(t)
check.equal(table.concat(t, ","), "1,2,5,8,9")
check.equal(table.remove(t), 9)
check.equal(table.concat(table.move(t, 1, 2, 4), ","), "1,2,5,1,2")
check.equal(select("#", table.unpack({}, 1, 3)), 3)
check.equal(table.concat({1, 2, 3}, "-", 2), "2-3")
check.equal(table.concat({1, 2, 3}, "-", nil, 2), "1-2")
check.error_matches("bad argument #1 to 'insert'", function() table.insert(nil, 1) end)
check.error_matches("invalid order function", function()
  local n = 0
  table.sort({1, 2, 3, 4, 5, 6, 7, 8}, function() n = n + 1 return true end)
end)

-- Protected calls and coroutines
check.equal(all(select(2, pcall(error, "x"))), "x")
check.equal(all(select(2, xpcall(error, function(m) return m .. "!" end, "x"))), "x!")
check.equal(select("#", pcall(function() return nil, nil end)), 3)
check.equal(all(select(2, xpcall(function(...) return ... end, print, 1, 2))), "1|2")
local co = coroutine.create(function(a)
  local b = coroutine.yield(a + 1)
  local ok = pcall(function() b = coroutine.yield(b * 2) end)
  return "done", b
end)
check.equal(select(2, coroutine.resume(co, 1)), 2)
check.equal(select(2, coroutine.resume(co, 5)), 10)
check.equal(coroutine.status(co), "suspended")
check.equal(select(3, coroutine.resume(co, 3)), 3)
check.equal(coroutine.status(co), "dead")
check.equal(select(2, coroutine.resume(co)), "cannot resume dead coroutine")
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
check.equal(gen() + gen() + gen(), 6)
local closed = false
local held = coroutine.create(function()
  local c <close> = setmetatable({}, {__close = function() closed = true end})
  coroutine.yield()
end)
coroutine.resume(held)
check.equal(coroutine.close(held), true)
check.equal(closed, true)
check.error_matches("library.lua:%d+: boom", coroutine.wrap(function() error "boom" end))
check.equal(coroutine.isyieldable(), false)
check.error("coroutine.close: the coroutine is running", coroutine.close, (coroutine.running()))
check.equal(call(function() return coroutine.wrap(function() coroutine.yield(7) end)() end), 7)

-- The rest
check.equal(load("return ...", "x", "b")(3), 3)
check.equal(load("x = 1", "x", "t", {})(), nil)
check.equal(load("return y", "x", "t", {y = 4})(), 4)
check.equal(select(2, load("return 1 +")), "[string \"return 1 +\"]:1: unexpected symbol near <eof>")
check.equal(string.format("%5.2f|%d|%s|%q", 3.14159, 3, nil, "x"), " 3.14|3|nil|\"x\"")
check.equal(utf8.len("日本"), 2)
check.equal(math.floor(3.7), 3)
assert(os.time() > 1e9 and type(os.date("%Y")) == "string" and os.clock() >= 0)
check.equal(os.date("!%Y-%m-%d", 0), "1970-01-01")
assert(debug.traceback("m"):find("^m\nstack traceback:\nlibrary.lua:%d+: in the main chunk"))
check.equal(select(2, pcall(function() local c <const> = 1; return c end)), 1)

-- Nothing is missing that the manual of Lua 5.4 has and that is harmless.
local expected = {
  string = "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
  table = "concat insert move pack remove sort unpack",
  math = "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad random randomseed sin sqrt tan tointeger type ult",
  utf8 = "char charpattern codepoint codes len offset",
  coroutine = "close create isyieldable resume running status wrap yield",
  os = "clock date difftime time",
}
for library, names in pairs(expected) do
  for name in names:gmatch "%S+" do
    if _G[library][name] == nil then error(("%s.%s is missing"):format(library, name)) end
  end
end
for name in ("assert error getmetatable ipairs load next pairs pcall print rawequal rawget rawlen rawset require select setmetatable tonumber tostring type warn xpcall"):gmatch "%S+" do
  if rawget(_G, name) == nil then error(name .. " is missing") end
end
check.equal(("hello"):sub(2, 3), "el")
