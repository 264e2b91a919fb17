-- Step caching: blocks that are spared, how many, and that nothing else changes.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"           -- 2 double and 3 single blocks
local fox, crow = dev:encode {prompt = "a red fox", max_length = 8}, dev:encode {prompt = "a black crow", max_length = 8}

-- Latents, and how many evaluations of blocks were spared.
local function made(changes, prompt)
  local options = {size = 32, steps = 6, seed = 7}
  for name, value in pairs(changes) do options[name] = value end
  local run = dev:steps(prompt or fox, options)
  for _ in run do end
  return run.latents, run.spared, run
end
local plain, none = made {}
check.equal(none, 0)

-- A threshold of 0 spares nothing, to the byte; a huge one all but the first evaluation and the first block of the others.
local latents, spared = made {cache = {threshold = 0}}
check.equal(latents, plain)
check.equal(spared, 0)
local all, most, run = made {cache = {threshold = 1e6}}
check.differ(all, plain)
check.equal(most, 5 * 4)
local text = run:image().text.fluxlua
assert(text:find('"cache":{"blocks":30,"spared":20,"start":0,"stop":1,"threshold":1000000}', 1, true), text)
assert(text:find '"scripted":false', text)
assert(not dev:generate(fox, {size = 32, steps = 1}).text.fluxlua:find '"cache"')
check.equal(dev:sample(fox, {size = 32, steps = 6, seed = 7, cache = {threshold = 1e6}}), all)

-- A larger threshold spares no less, and by default it is that of diffusers.
local before = 0
for _, threshold in ipairs {0.01, 0.03, 0.1, 0.3, 1} do
  local _, spared = made {steps = 20, cache = {threshold = threshold}}
  assert(spared >= before, threshold)
  before = spared
end
assert(before > 0)
check.equal(made {steps = 20, cache = {}}, (made {steps = 20, cache = {threshold = 0.05}}))
local at = select(2, made {steps = 40, cache = {threshold = 0.1}})
assert(at > 0 and at < 39 * 4, at)

-- start and stop
local late, spared = made {cache = {threshold = 1e6, start = 0.5}}
check.equal(spared, 3 * 4)
check.differ(late, all)
check.equal(select(2, made {cache = {threshold = 1e6, stop = 0.5}}), 2 * 4)
check.equal(select(2, made {cache = {threshold = 1e6, start = 0.3, stop = 0.7}}), 2 * 4)
check.equal(select(2, made {sampler = "heun", cache = {threshold = 1e6}}), 10 * 4)

-- The passes of cfg have a memory each, and so have the pictures of a batch.
local function cfg(pick) return {scale = 2, negative = crow, combine = function(positive, negative) return pick == 1 and positive or negative end} end
local one, both = made {cache = {threshold = 1e6}, cfg = cfg(1)}
check.equal(one, all)
check.equal(both, 2 * 20)
check.equal(made {cache = {threshold = 1e6}, cfg = cfg(2)}, (made({cache = {threshold = 1e6}}, crow)))
local pair, four = made {seed = {7, 8}, cache = {threshold = 1e6}}
check.equal(pair[1], all)
check.equal(pair[2], (made {seed = 8, cache = {threshold = 1e6}}))
check.equal(four, 2 * 20)

-- Mistakes
local function wrong(message, cache) check.error("steps: " .. message, function() made {cache = cache} end) end
wrong("cache: no option 'treshold'; did you mean 'threshold'?", {treshold = 1})
wrong("cache: 'threshold' must be a number from 0 to 1000000, got -1", {threshold = -1})
wrong("cache: 'start' must be a number from 0 to 1, got 2", {start = 2})
wrong("cache: 'start' (0.8) must not be above 'stop' (0.2)", {start = 0.8, stop = 0.2})
wrong("'cache' must be a table of options, got 0.1", 0.1)
