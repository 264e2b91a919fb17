-- The noise that stochastic samplers draw: whose it is, how much of it, and that a saved run goes on with it.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox = dev:encode {prompt = "a red fox", max_length = 8}
local function sample(changes)
  local options = {size = 32, steps = 4, seed = 7, sampler = "euler_ancestral"}
  for key, value in pairs(changes) do options[key] = value end
  return dev:sample(fox, options)
end
local start = flux.noise {size = 64, seed = 7}
local plain = sample {size = 64}

-- rng: with the same noise at the start, the steps' noise alone differs.
check.equal(sample {size = 64, rng = "torch"}, plain)
check.equal(sample {size = 64, rng = "torch", noise = start}, plain)
local seen = {}
for _, rng in ipairs {"torch", "torch-bf16", "a1111", "cuda:256", "cuda:H100 SXM"} do
  for _, sampler in ipairs {"euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "lcm", "er_sde"} do
    local made = sample {size = 64, rng = rng, noise = start, sampler = sampler}
    check.equal(made, sample {size = 64, rng = rng, noise = start, sampler = sampler})
    for other, x in pairs(seen) do
      -- So few latents are one draw of a large card, and each its own thread's first, as the web UI's.
      if x == made and not ((other .. rng):find "H100" and (other .. rng):find "a1111") then error(rng .. " " .. sampler .. " is " .. other) end
    end
    seen[rng .. " " .. sampler] = made
  end
  -- Samplers that draw none do not care.
  check.equal(sample {size = 64, rng = rng, noise = start, sampler = "euler"}, sample {size = 64, noise = start, sampler = "euler"})
end
check.near(seen["torch-bf16 euler_ancestral"], seen["torch euler_ancestral"], 0.05)

-- Which noise that is: LCM's one step above 0 is the noise itself.
local function drawn(rng, seed, batch)
  local noise
  dev:sample(fox, {size = 32, schedule = {1, 0.5, 0}, seed = seed, batch = batch, rng = rng, sampler = "lcm", on_step = function(step)
    if step.index == 1 then noise = (step.latents - 0.5 * step.denoised) * 2 end
  end})
  return noise
end
check.near(drawn("torch", 7), flux.noise {size = 32, seed = 8}, 1e-5)
check.near(drawn("torch-bf16", 7), flux.noise {size = 32, seed = 8, rng = "torch-bf16"}, 1e-5)
check.near(drawn("torch", {7, 3}), flux.stack {flux.noise {size = 32, seed = 8}, flux.noise {size = 32, seed = 4}}, 1e-5)
check.near(drawn("torch", 7, 2), flux.noise {size = 32, seed = 8, batch = 2}, 1e-5)
for _, rng in ipairs {"a1111", "cuda:256"} do
  assert((drawn(rng, 7) - flux.noise {size = 32, seed = 7, rng = rng}):abs():max() > 1)          -- not the noise at the start again
  check.near(drawn(rng, {7, 3})[2], drawn(rng, 3), 1e-5)
end
check.near(drawn("a1111", 7, 2)[2], drawn("a1111", 8), 1e-5)
-- Every element of so small a picture is the first lane of its own thread, so that these two are one.
check.near(drawn("cuda:H100 SXM", 7), drawn("a1111", 7), 1e-5)

-- eta and s_noise: a number, a list whose last value is held, or a function of the step
check.equal(sample {eta = {0.5}}, sample {eta = 0.5})
check.equal(sample {eta = {1, 0.25}}, sample {eta = function(step) return step.index == 1 and 1 or 0.25 end})
check.differ(sample {eta = {1, 0.25}}, sample {eta = 1})
check.differ(sample {eta = {1, 0.25}}, sample {eta = 0.25})
check.near(sample {eta = function() return 0 end}, sample {sampler = "euler"}, 1e-5)
for _, sampler in ipairs {"euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "er_sde", "lcm"} do
  local falling = sample {sampler = sampler, s_noise = {1, 0.5}}
  check.equal(falling, sample {sampler = sampler, s_noise = function(step) return step.index == 1 and 1 or 0.5 end})
  check.differ(falling, sample {sampler = sampler})
  check.differ(falling, sample {sampler = sampler, s_noise = 0.5})
  if sampler ~= "lcm" then
    check.equal(sample {sampler = sampler, eta = {0.7, 0.7}}, sample {sampler = sampler, eta = 0.7})
    check.differ(sample {sampler = sampler, eta = {0.7, 0.1}}, sample {sampler = sampler, eta = 0.7})
  end
end

-- A saved run goes on with the same numbers.
for _, changes in ipairs {{rng = "a1111"}, {rng = "cuda:256"}, {eta = {1, 0.5, 0.2}}, {s_noise = {0.5, 1}}, {rng = "torch-bf16", eta = 0.4}} do
  local options = {size = 32, steps = 4, seed = 7, sampler = "dpmpp_2m_sde"}
  for key, value in pairs(changes) do options[key] = value end
  local whole = dev:sample(fox, options)
  local run = dev:steps(fox, options)
  run(); run(); run:save "part.safetensors"
  local rest = dev:resume "part.safetensors"
  for _ in rest do end
  check.equal(rest.latents, whole)
end
local run = dev:steps(fox, {size = 32, steps = 3, sampler = "lcm", s_noise = function() return 1 end})
run(); run:save "function.safetensors"
check.error("resume: 's_noise' was a function when 'function.safetensors' was saved, and functions are not saved: give it again", dev.resume, dev, "function.safetensors")

-- Pictures record what is the same for all steps; what differs, they mark.
local function record(changes) return dev:generate(fox, {size = 32, steps = 2, sampler = "lcm", s_noise = changes}).text.fluxlua end
assert(record(0.5):find '"sNoise":0.5' and record(0.5):find '"scripted":false')
assert(not record {0.5, 1}:find '"sNoise"' and record {0.5, 1}:find '"scripted":true')

check.error("sample: 'eta' has no meaning for euler; it is for euler_ancestral, dpmpp_2m_sde, dpmpp_sde, er_sde", sample, {sampler = "euler", eta = {1}})
check.error("sample: 'eta' has no meaning for lcm; it is for euler_ancestral, dpmpp_2m_sde, dpmpp_sde, er_sde", sample, {sampler = "lcm", eta = 1})
check.error("sample: 's_noise' has no meaning for a sampler of the recipe's own; it is for euler_ancestral, dpmpp_2m_sde, dpmpp_sde, lcm, er_sde", sample, {sampler = function(x) return x end, s_noise = 1})
check.error("sample: 'eta' must be a number from 0 to 10, a list of them, or a function of the step, got -1", sample, {eta = -1})
check.error("sample: entry 2 of 'eta' must be a number from 0 to 10, got 11", sample, {eta = {1, 11}})
check.error("sample: 's_noise' must be a list of at least 1, got 0", sample, {s_noise = {}})
check.error("sample: eta: the function must return a number from 0 to 10, got \"a\" (a string)", sample, {eta = function() return "a" end})
check.error("sample: s_noise: the function must return a number from 0 to 10, got nil", sample, {s_noise = function() end})
