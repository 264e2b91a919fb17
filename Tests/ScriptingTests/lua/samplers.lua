-- Every named sampler and schedule, and what they are made of.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox = dev:encode {prompt = "a red fox", max_length = 16}
local function sample(options)
  options.size, options.seed = 32, options.seed or 7
  if not options.schedule then options.steps = options.steps or 6 end
  return dev:sample(fox, options)
end

local stochastic = {euler_ancestral = true, dpmpp_2m_sde = true, dpmpp_sde = true, lcm = true, er_sde = true}
local results = {}
for _, name in ipairs {"euler", "heun", "dpm_2", "euler_ancestral", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_sde", "lcm", "uni_pc", "deis", "ipndm",
                       "res_multistep", "gradient_estimation", "lms", "er_sde"} do
  local made = sample {sampler = name}
  check.equal(made, sample {sampler = name})                     -- the same on every run
  for other, result in pairs(results) do if made == result then error(name .. " paints just what " .. other .. " paints") end end
  results[name] = made
  if stochastic[name] then check.differ(sample {sampler = name, s_noise = 0.5}, made) end
end
-- Without noise an ancestral step is Euler's.
check.near(sample {sampler = "euler_ancestral", eta = 0}, results.euler, 1e-5)
check.differ(sample {sampler = "dpmpp_2m_sde", eta = 0.3}, results.dpmpp_2m_sde)
-- Deterministic ones go to the same picture.
local fine = sample {sampler = "heun", steps = 60}
for _, name in ipairs {"euler", "dpm_2", "dpmpp_2m", "deis", "ipndm", "res_multistep", "lms"} do
  check.near(sample {sampler = name, steps = 60}, fine, 0.25)
end

-- Named schedules wait for a model, or for a factor.
local seen = {}
for _, name in ipairs {"flux", "simple", "normal", "sgm_uniform", "karras", "exponential", "beta", "linear_quadratic", "kl_optimal"} do
  local named = flux.schedule(6, name)
  check.equal(#named, 7)
  local own = named:shift_for(dev, 32)
  check.equal(sample {schedule = named}, sample {schedule = own})
  check.equal(sample {schedule = named, shift = 3}, sample {schedule = named:shift(3)})
  check.equal(sample {schedule = named, shift = false}, sample {schedule = named:shift(1)})
  assert(not seen[tostring(own)], name)
  seen[tostring(own)] = true
end
check.equal(tostring(flux.schedule(6, "beta")), "Schedule of 6 steps, beta, shifted by the model")

-- Schedules from schedules
local s = flux.schedule {1, 0.8, 0.5, 0.2, 0}
check.equal(tostring(s:slice(2, 4)), "Schedule of 2 steps: 0.8 0.5 0.2")
check.equal(tostring(s:slice(-2)), "Schedule of 1 steps: 0.2 0.0")
check.equal(tostring(s:truncate(0.5)), "Schedule of 2 steps: 0.5 0.2 0.0")
check.equal(tostring(s:truncate(1)), tostring(s))
check.equal(tostring(s:map(function(sigma) return sigma ^ 2 end)):sub(1, 28), "Schedule of 4 steps: 1.0 0.6")
check.equal(tostring(flux.schedule {1, 0.75, 0.25, 0}:reverse()), "Schedule of 3 steps: 1.0 0.75 0.25 0.0")
check.equal(tostring(s:slice(1, 3) .. s:slice(3, 5)), tostring(s))
check.near(s:shift_mu(math.log(3))[2], s:shift(3)[2], 1e-6)
check.error("slice: takes two places from 1 to 5, the second after the first, got 4 and 2", function() return s:slice(4, 2) end)
check.error_matches("map: schedule: sigmas must fall", function() return s:map(function() return 0.5 end) end)
check.error_matches("no sigmas until a model gives them", function() return flux.schedule(4):truncate(0.5) end)
check.error_matches("truncate: ", function() return s:truncate(0) end)
-- Two halves of a schedule are the whole.
local first = sample {schedule = s:slice(1, 3)}
check.equal(sample {schedule = s:slice(3), noise = first}, sample {schedule = s})
-- A schedule that begins below 1 begins with less noise.
local from, noise = s:slice(2), flux.noise {size = 32, seed = 7}
check.near(dev:steps(fox, {size = 32, seed = 7, schedule = from}).latents, noise * 0.8, 1e-6)

-- Pictures carry what their sampler was told.
local picture = dev:generate(fox, {size = 32, steps = 2, seed = 7, sampler = "euler_ancestral", eta = 0.5, s_noise = 0.9})
assert(picture.text.fluxlua:find '"eta":0.5' and picture.text.fluxlua:find '"sNoise":0.9', picture.text.fluxlua)
