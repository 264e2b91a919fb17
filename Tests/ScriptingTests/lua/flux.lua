-- The parts of `flux` that need no engine.
local check = require "_check"

check.equal(require "flux", flux)
check.equal(type(flux.version), "string")
assert(flux.elapsed() >= 0 and flux.elapsed() < 60)
check.error("flux has no 'elasped'; did you mean 'elapsed'?", function() return flux.elasped end)
check.error("flux.remote is not in this version yet", function() return flux.remote end)
for _, model in ipairs(flux.models()) do check.equal(type(model.name), "string") end
check.error("flux cannot be added to", function() flux.mine = 1 end)

check.list(flux.range(1000, 1003), {1000, 1001, 1002, 1003})
check.equal(math.type(flux.range(1, 2)[1]), "integer")
check.list(flux.range(0, 1, 0.25), {0, 0.25, 0.5, 0.75, 1})
check.list(flux.range(3, 1, -1), {3, 2, 1})
check.list(flux.range(3, 1), {})
check.error("range: 'step' must not be 0, and all must be finite", flux.range, 1, 2, 0)
check.error("range: more than a million numbers", flux.range, 1, 1e9)

-- From the command line of this test: steps=8 prompt="a fox" flag=yes seeds=1,2,3
local declared = {
  prompt = "a harbour", steps = {4, min = 1, max = 50, help = "denoising steps"}, flag = false,
  scale = 1.5, seeds = {{5, 6}}, mode = {"fast", choices = {"fast", "good"}},
}
local p = flux.params(declared)
check.equal(p.prompt, "a fox")
check.equal(p.steps, 8)
check.equal(math.type(p.steps), "integer")
check.equal(p.flag, true)
check.equal(p.scale, 1.5)
check.equal(p.mode, "fast")
check.list(p.seeds, {1, 2, 3})
check.error("params: no parameter 'promt'; did you mean 'prompt'?", function() return p.promt end)

local function with(changes)
  local copy = {}
  for k, v in pairs(declared) do copy[k] = v end
  for k, v in pairs(changes) do copy[k] = v or nil end
  return function() flux.params(copy) end
end
check.error("params: --set steps=8: 'steps' must be a number from 1 to 4", with {steps = {2, min = 1, max = 4}})
check.error("params: --set prompt=a fox: 'prompt' must be one of dog, cat", with {prompt = {"cat", choices = {"dog", "cat"}}})
check.error("params: 'steps': the default must be a number from 1 to 4", with {steps = {9, min = 1, max = 4}})
check.error("params: steps: no option 'mni'; did you mean 'min'?", with {steps = {9, mni = 1}})
check.error("params: 'steps' must be a number, a string, true or false or a list, got a function", with {steps = print})
check.error("params: --set seeds=1,2,3: no parameter 'seeds'; did you mean 'seed'?", with {seeds = false, seed = 1})

-- The machine, and the log (what is written is checked by the host's tests)
assert(flux.version:find "^%d+%.%d+%.%d+$")
assert(flux.host.cores >= 1 and flux.host.memory > 1 << 28 and flux.host.threads >= 1)
local kernels, multiplier = flux.host.isa:match "^(%w+)%+?(%w*)$"
assert(({avx512 = 1, avx2 = 1, portable = 1})[kernels] and ({[""] = 1, amx = 1, bf16 = 1})[multiplier], flux.host.isa)
check.error("log: bad argument #2 to 'log' (number expected, got string)", flux.log, "%d", "x")
check.error("log: 'format' must be a string, got 5", flux.log, 5)
check.error("elapsed: takes no arguments, got 1", flux.elapsed, 1)
check.error("range: 'to' must be a number, got nothing", flux.range, 1)
check.error("params: 'declarations' must be a table, got nothing", flux.params)
check.error("params: parameters have names, not positions: got [1]", flux.params, {5})

-- Ranges at the edge of what numbers hold
check.list(flux.range(1e308, -1e308), {})
check.equal(flux.range(math.maxinteger, math.maxinteger)[1], 2.0 ^ 63)
check.equal(math.type(flux.range(1, 3, 0.5)[2]), "float")
