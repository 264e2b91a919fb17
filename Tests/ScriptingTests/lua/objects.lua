-- Swift objects in Lua: properties, methods, metamethods, and what their errors say.
local check = require "_check"
local p = probe()

check.equal(p.count, 0)
check.equal(p:add(3), 3)
p.count = 5
check.equal(p.count, 5)
check.equal(p + 2, 7)
check.equal(#p, 5)
check.equal(p[4], 40)
check.equal(tostring(p), "Probe (5)")
check.equal(p:reset(), p)
check.equal(p.count, 0)
check.equal(getmetatable(p), "Probe")
check.equal(type(p), "userdata")
check.equal(math.type(p:add(1)), "integer")
assert(p == p and p ~= probe())

check.error("probe: a Probe has no 'cuont'; did you mean 'count'?", function() return p.cuont end)
check.error("probe: a Probe has no 'colour'; there is add, count, fail, generate, reset, weight", function() return p.colour end)
check.error("probe: a Probe has no entry [0]", function() return p[0] end)
check.error("probe: 'weight' of a Probe cannot be set", function() p.weight = 1 end)
check.error("probe: a Probe has no 'cuont' to set; did you mean 'count'?", function() p.cuont = 1 end)
check.error("probe.count: must be a whole number of at least 0, got -1", function() p.count = -1 end)
check.error([[add: a Probe and "x" (a string) do not go together]], function() return p + "x" end)
check.error("add: 2 and a Probe do not go together", function() return 2 + p end)
check.error("fail: it was asked to", function() p:fail() end)
check.error("add: use ':' to call it, as in probe:add(...)", function() p.add(3) end)
check.error_matches("attempt to compare two Probe values", function() return p < p end)

-- Closed by <close>: every use is an error, and nothing crashes.
local closed
do
  local q <close> = probe()
  closed = q
end
check.equal(tostring(closed), "Probe (closed)")
check.error("probe.count: the Probe has been closed", function() return closed.count end)
check.error("add: the Probe has been closed", function() closed:add(1) end)
check.error("probe: the Probe has been closed", function() return closed.nonsense end)

local a, b = two()
check.equal(a, 1)
check.equal(b, "two")
check.equal(select("#", nothing()), 0)
check.equal(call(function() return p end), p)
check.error("expect_number: guidance: the function must return a number, got \"x\" (a string)", expect_number, function() return "x" end)
