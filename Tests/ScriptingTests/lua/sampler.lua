-- Samplers written in Lua: the laws that tie them to the built-in ones.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox = dev:encode {prompt = "a red fox", max_length = 8}
local function sample(sampler, changes)
  local options = {size = 32, steps = 4, seed = 7, sampler = sampler}
  for name, value in pairs(changes or {}) do options[name] = value end
  return dev:sample(fox, options)
end

local function euler(x, step, velocity) return x + velocity(x, step.sigma) * step.width end
local function heun(x, step, velocity)
  local here = velocity(x, step.sigma)
  local guess = x + step.width * here
  if step.next == 0 then return guess end
  return x + step.width / 2 * (here + velocity(guess, step.next))
end
local function midpoint(x, step, velocity)
  local half = x + velocity(x, step.sigma) * (step.width / 2)
  return x + velocity(half, step.sigma + step.width / 2) * step.width
end

check.near(sample(euler), sample "euler", 1e-6)
check.near(sample(heun), sample "heun", 1e-5)
for _, options in ipairs {{batch = 2}, {guidance = {1, 4}}, {cfg = {scale = 3, negative = -fox}}, {steps = 1}} do
  check.near(sample(euler, options), sample("euler", options), 1e-6)
  check.near(sample(heun, options), sample("heun", options), 1e-5)
end
assert((sample(midpoint) - sample "euler"):abs():max() > 1e-4)

-- What the step says in it, and that its velocity is the first one
local asked = {}
sample(function(x, step, velocity)
  check.equal(step.velocity, nil)
  check.equal(step.latents, x)
  asked[step.index] = velocity(x, step.sigma)
  return x + velocity(x * 2, step.sigma / 2) * 0 + asked[step.index] * step.width
end, {on_step = function(step) check.equal(step.velocity, asked[step.index]) end})
check.equal(#asked, 4)

-- A step that asks for no velocity has none to show.
sample(function(x) return x end, {on_step = function(step)
  check.equal(step.velocity, nil)
  check.equal(step.denoised, nil)
end})

-- Memory lasts from step to step, and no longer than the run.
local function ab2(x, step, velocity)
  local here = velocity(x, step.sigma)
  local last = step.memory.last or here
  step.memory.last = here
  return x + step.width * (1.5 * here - 0.5 * last)
end
check.equal(sample(ab2), sample(ab2))
check.differ(sample(ab2), sample "euler")

-- Changing x in place is the recipe's own business.
check.near(sample(function(x, step, velocity) return x:add_(velocity(x, step.sigma):mul_(step.width)) end), sample "euler", 1e-6)

check.error("sample: sampler: the function must return a Tensor, got nil", sample, function() end)
check.error("sample: sampler: the function must return a Tensor of shape [16, 4, 4], got [3]", sample, function() return flux.ones(3) end)
check.error("velocity: 'x' must have the shape [16, 4, 4], got [3]", sample, function(_, _, velocity) return velocity(flux.ones(3), 0.5) end)
check.error("velocity: 'sigma' must be a number from 0 to 1, got 2", sample, function(x, _, velocity) return velocity(x, 2) end)
check.error("velocity: 'sigma' must be a number from 0 to 1, got nothing", sample, function(x, _, velocity) return velocity(x) end)
check.error("velocity: takes at most 2 arguments, got 3", sample, function(x, _, velocity) return velocity(x, 1, 1) end)
check.error("velocity: 'x' must be a Tensor, got a Step", sample, function(x, step, velocity) return velocity(step, 1) end)
check.error("step.latents: 'latents' cannot be set here: a function of a step only answers", sample, function(x, step) step.latents = x end)
check.error("step.next: 'next' can only be set before the step is made: use before_step", sample, function(x, step) step.next = 0 end)
check.error("sample: sampler: 256 of the 256 latents at step 1 of 4 are infinite or not a number; look for a division by 0, or for numbers that grow from step to step",
            sample, function(x) return x / 0 end)
check.error("mine", sample, function() error "mine" end)

-- Kept beyond its step, velocity is an error and not a crash.
local kept, latents
sample(function(x, step, velocity)
  if kept then check.error("velocity: it was only valid during its step; model:velocity(latents, sigma, conditioning) works anywhere", kept, x, 0.5) end
  kept, latents = velocity, x
  return euler(x, step, velocity)
end)
for _ = 1, 3 do collectgarbage() end
check.error("velocity: it was only valid during its step; model:velocity(latents, sigma, conditioning) works anywhere", kept, latents, 0.5)
check.equal(tostring(kept), "Velocity (its step is over)")
