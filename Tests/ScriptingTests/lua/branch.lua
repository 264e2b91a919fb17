-- Branches: one beginning, several ends.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox, crow = dev:encode {prompt = "a red fox", max_length = 16}, dev:encode {prompt = "a black crow", max_length = 16}
local function drained(run)
  for _ in run do end
  return run.latents
end

-- A branch without changes is the run itself, whatever the sampler remembers.
for _, sampler in ipairs {"euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "lms", "uni_pc"} do
  local options = {size = 32, steps = 5, seed = 7, sampler = sampler}
  local whole = dev:sample(fox, options)
  local run = dev:steps(fox, options)
  for step in run do
    if step.index < 5 then check.equal(drained(step:branch()), whole) end
  end
  check.equal(run.latents, whole)                  -- and branches leave their trunk alone
end

-- A branch from step k with other options is a run that changes them there.
local options = {size = 32, steps = 4, seed = 7}
local run = dev:steps(fox, options)
run()
local second = run()
local strong = drained(second:branch {guidance = 9})
check.equal(strong, dev:sample(fox, {size = 32, steps = 4, seed = 7, guidance = function(step) return step.index <= 2 and dev.defaults.guidance or 9 end}))
local other = drained(second:branch {prompt = crow})
check.equal(other, dev:sample(fox, {size = 32, steps = 4, seed = 7, before_step = function(step) if step.index > 2 then step.conditioning = crow end end}))
check.differ(other, strong)
local finer = second:branch {schedule = {1, 0.9, second.next, second.next / 2, second.next / 4, 0}}
local sigmas = {}
for step in finer do sigmas[#sigmas + 1] = step.index end
check.list(sigmas, {3, 4, 5})
check.equal(finer:image().text.fluxlua:find "\"scripted\":true" ~= nil, true)
assert(#finer:image().text.fluxlua > 100)

-- From on_step, within generate
local branches = {}
local image = dev:generate(fox, {size = 32, steps = 4, seed = 7, on_step = function(step)
  if step.index == 2 then branches[1] = step:branch {guidance = 9} end
end})
check.equal(drained(branches[1]), strong)
check.equal(image:psnr(dev:generate(fox, options)), math.huge)

check.error("branch: 'size' cannot change in the middle of a run", function() second:branch {size = 64} end)
check.error("branch: no option 'guidence'; did you mean 'guidance'?", function()
  local run = dev:steps(fox, options)
  run():branch {guidence = 3}
end)
check.error("branch: step 2 of 4 is over, and its methods with it", function()
  run()
  second:branch()
end)
