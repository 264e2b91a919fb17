-- Runs that are saved between two steps and go on to the same bytes.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox, crow = dev:encode {prompt = "a red fox", max_length = 16}, dev:encode {prompt = "a black crow", max_length = 16}
local function drained(run)
  for _ in run do end
  return run.latents
end

local cases = {
  {}, {sampler = "heun"}, {sampler = "dpmpp_2m"}, {sampler = "dpmpp_2m_sde", eta = 0.5}, {sampler = "euler_ancestral", s_noise = 0.9}, {sampler = "lms"},
  {sampler = "uni_pc"}, {guidance = {5, 2}}, {cfg = {scale = 2, negative = crow}}, {cfg = {scale = {3, 2}, negative = crow, from = 0.2, combine = "rescale"}},
  {seed = {7, 8}}, {batch = 2}, {schedule = {1, 0.8, 0.5, 0.3, 0.1, 0}},
  {cache = {threshold = 1e6}}, {cache = {threshold = 1e6, start = 0.6}}, {cache = {threshold = 1e6}, batch = 2, sampler = "heun", cfg = {scale = 2, negative = crow}},
}
for number, case in ipairs(cases) do
  case.size, case.seed = 32, case.seed or 7
  if not case.schedule then case.steps = 5 end
  local whole = dev:sample(fox, case)
  local run, path = dev:steps(fox, case), ("run-%d.safetensors"):format(number)
  for step in run do
    if step.index == 3 then
      step:save(path)
      break
    end
  end
  local again = drained(dev:resume(path))
  if type(whole) == "table" then check.list(again, whole) else check.equal(again, whole) end
end

-- The picture knows where it comes from, and that nothing was changed.
local resumed = dev:resume "run-1.safetensors"
drained(resumed)
local text = resumed:image().text.fluxlua
assert(text:find '"scripted":false' and text:find '"seed":7', text)

-- A run saves itself, too, before its first step as well.
local run = dev:steps(fox, {size = 32, steps = 3, seed = 1})
run:save "early.safetensors"
check.equal(drained(dev:resume "early.safetensors"), dev:sample(fox, {size = 32, steps = 3, seed = 1}))

-- Other options from there on are a branch.
run()
local second = run()
second:save "middle.safetensors"
check.equal(drained(dev:resume("middle.safetensors", {guidance = 9})), drained(second:branch {guidance = 9}))
check.equal(drained(dev:resume("middle.safetensors", {prompt = crow})), drained(second:branch {prompt = crow}))

-- Functions are given again.
local function guidance(step) return 1 + step.sigma end
local run = dev:steps(fox, {size = 32, steps = 3, seed = 1, guidance = guidance})
run()
run:save "function.safetensors"
check.error("resume: 'guidance' was a function when 'function.safetensors' was saved, and functions are not saved: give it again", function() dev:resume "function.safetensors" end)
check.equal(drained(dev:resume("function.safetensors", {guidance = guidance})), dev:sample(fox, {size = 32, steps = 3, seed = 1, guidance = guidance}))

-- What a step cache remembers is of no use once something is otherwise: the next evaluation is made in full.
local cached = dev:steps(fox, {size = 32, steps = 5, seed = 1, cache = {threshold = 1e6}})
cached()
local third = cached() and cached()
third:save "cached.safetensors"
check.equal(cached.spared, 8)
local branch = third:branch {guidance = 9}
check.equal(drained(dev:resume("cached.safetensors", {guidance = 9})), drained(branch))
check.equal(branch.spared, 12)
local same = third:branch()
check.equal(drained(same), drained(cached))
check.equal(same.spared, 16)

-- Mistakes
flux.ones(3):save "plain.safetensors"
check.error_matches("is not a run that was saved by step:save or run:save", function() dev:resume "plain.safetensors" end)
check.error_matches("was saved with another model", function() flux.load("../../Fixtures/tiny-schnell"):resume "early.safetensors" end)
check.error_matches("there is no file 'nix.safetensors'", function() dev:resume "nix.safetensors" end)
check.error("resume: 'size' cannot change in the middle of a run", function() dev:resume("early.safetensors", {size = 64}) end)
check.error("save: 'run.png' must end in .safetensors", function() dev:steps(fox, {size = 32, steps = 2}):save "run.png" end)
check.error("save: the loop is over: there is nothing left to go on with", function()
  local run = dev:steps(fox, {size = 32, steps = 1})
  drained(run)
  run:save "late.safetensors"
end)

-- A run with a mask takes what it keeps along.
local picture = flux.image(flux.linspace(0, 1, 3 * 32 * 32):reshape(3, 32, 32))
local side = flux.zeros {1, 32, 32}
for y = 1, 32 do for x = 1, 16 do side:set(1, y, x, 1) end end
local painting = {size = 32, steps = 6, seed = 7, image = picture, mask = flux.image(side), strength = 0.7, sampler = "dpmpp_2m"}
local run = dev:steps(fox, painting)
run()
run()
run:save "mask.safetensors"
check.equal(drained(dev:resume "mask.safetensors"), dev:sample(fox, painting))
painting.padding = 0
check.error("save: a run with padding or overlay cannot be saved: it is a part of a picture, which is not saved with it",
  function() dev:steps(fox, painting):save "padding.safetensors" end)
