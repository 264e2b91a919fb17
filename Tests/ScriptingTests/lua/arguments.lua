-- Options and arguments: what is read, and what the errors say.
local check = require "_check"
local p = probe()

check.equal(p:generate("fox"), "fox 4 512x512 [\"-\", \"-\", \"-\"] 1")
check.equal(p:generate("fox", {steps = 28.0, size = {768, 512}, guidance = {4, 3}, mode = "rescale"}),
            "fox 28 768x512 [\"4.0\", \"3.0\", \"3.0\"] 2")
check.equal(p:generate("fox", {guidance = function(i) return i / 2 end}), "fox 4 512x512 [\"0.5\", \"1.0\", \"1.5\"] 1")
check.equal(p:generate("fox", {guidance = 3}), "fox 4 512x512 [\"3.0\", \"3.0\", \"3.0\"] 1")

local function generate(options) return function() p:generate("fox", options) end end

check.error([[generate: 'steps' must be a whole number from 1 to 1000, got "ten" (a string)]], generate {steps = "ten"})
check.error([[generate: 'steps' must be a whole number from 1 to 1000, got "10" (a string); remove the quotes]], generate {steps = "10"})
check.error("generate: 'steps' must be a whole number from 1 to 1000, got 28.5", generate {steps = 28.5})
check.error("generate: 'steps' must be a whole number from 1 to 1000, got 0", generate {steps = 0})
check.error("generate: 'steps' must be a whole number from 1 to 1000, got a Probe", generate {steps = p})
check.error("generate: no option 'guidence'; did you mean 'guidance'?", generate {guidence = 3})
check.error("generate: no option 'stpes'; did you mean 'steps'?", generate {stpes = 3})
check.error("generate: no option 'colour'; there is steps, size, guidance, mode, title, on_step", generate {colour = 3})
check.error("generate: options have names, not positions: got [1]", generate {3})
check.error("generate: 'mask' is not in this version yet (inpainting)", generate {mask = 1})
check.error("generate: 'size' must be a multiple of 16, got 500; the nearest are 496 and 512", generate {size = 500})
check.error("generate: 'size' must be a multiple of 16, got 500; the nearest are 496 and 512", generate {size = {512, 500}})
check.error("generate: 'size' must be a size: a number, or {width, height}, in multiples of 16, got a table", generate {size = {512}})
check.error([[generate: 'size' must be a size: a number, or {width, height}, in multiples of 16, got "big" (a string)]], generate {size = "big"})
check.error([[generate: 'mode' must be one of "plain", "rescale", got "rescael" (a string); did you mean "rescale"?]], generate {mode = "rescael"})
check.error("generate: 'guidance' must be a number from 0 to 100, a list of them, or a function of the step, got true", generate {guidance = true})
check.error("generate: 'guidance' must be a list of at least 1, got 0", generate {guidance = {}})
check.error("generate: entry 2 of 'guidance' must be a number from 0 to 100, got 300", generate {guidance = {1, 300}})
check.error("generate: guidance: the function must return a number from 0 to 100, got nil", generate {guidance = function() end})
check.error([[generate: 3 things are wrong:
  'steps' must be a whole number from 1 to 1000, got 0
  'title' must be a string, got 5
  no option 'stpes'; did you mean 'steps'?]], generate {title = 5, stpes = 2, steps = 0})
check.error("generate: 'options' must be a plain table, without a metatable", generate(setmetatable({}, {__index = {steps = 3}})))
check.error("generate: 'options' must be a table of options, got 3", generate(3))
check.error("generate: 'prompt' must be a string, got nothing", function() p:generate() end)
check.error("generate: takes at most 2 arguments, got 3", function() p:generate("fox", {}, 3) end)
check.error("nothing: takes no arguments, got 1", function() nothing(1) end)
check.error("generate: use ':' to call it, as in probe:generate(...)", function() p.generate("fox") end)

-- A position that a person can find: the line of the call.
local ok, message = pcall(function()
  p:generate("fox", {
    steps = "ten",
  })
end)
check.equal(message:match("^arguments%.lua:(%d+): "), "45")

-- An error inside a callback keeps its own line, once.
local ok, message = pcall(function()
  p:generate("fox", { on_step = function()
    local x = nil + 1
  end })
end)
check.equal(message, "arguments.lua:54: attempt to perform arithmetic on a nil value")

-- nil, false, a value of the same type: the rule of all callbacks.
check.equal(ask(function() end), "carry on")
check.equal(ask(function() return false end), "stop")
check.equal(ask(function() return p end), "replace 0")
check.error("ask: on_step: the function must return nil, false or a Probe, got true", ask, function() return true end)
check.error("ask: on_step: the function must return nil, false or a Probe, got a table", ask, function() return {} end)

check.equal(pair {sequence = 1, pooled = 2}, 3.0)
check.error("pair: 'pooled' is missing: what they sum up to", pair, {sequence = 1})
