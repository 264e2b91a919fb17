-- Schedule: the sigmas that are visited.
local check = require "_check"
local dev, schnell = flux.load "../../Fixtures/tiny-dev", flux.load "../../Fixtures/tiny-schnell"

local s = flux.schedule {1, 0.75, 0.5, 0}
check.equal(#s, 4)
check.equal(s.steps, 3)
check.equal(s[1], 1.0)
check.equal(s[4], 0.0)
check.equal(s[5], nil)
check.equal(tostring(s), "Schedule of 3 steps: 1.0 0.75 0.5 0.0")
local seen = {}
for i, sigma in ipairs(s) do seen[i] = sigma end
check.list(seen, {1.0, 0.75, 0.5, 0.0})

-- A count waits for a model.
local counted = flux.schedule(4)
check.equal(#counted, 5)
check.equal(counted.steps, 4)
check.equal(tostring(counted), "Schedule of 4 steps, spaced by the model")
check.equal(tostring(flux.schedule(4, "flux")), "Schedule of 4 steps, spaced by the model")
local waits = "schedule: a schedule of 4 steps has no sigmas until a model gives them: use :shift_for(model, size), or :shift(1) for none"
check.error(waits, function() return counted[1] end)
check.error(waits, function() for _ in ipairs(counted) do end end)

-- Shifts: s·σ / (1 + (s − 1)·σ)
check.equal(tostring(counted:shift(1)), "Schedule of 4 steps: 1.0 0.75 0.5 0.25 0.0")
check.equal(tostring(counted:shift(3)), "Schedule of 4 steps: 1.0 0.9 0.75 0.5 0.0")
for i, sigma in ipairs(s:shift(3)) do check.near(sigma, 3 * s[i] / (1 + 2 * s[i]), 1e-7) end
check.equal(tostring(s), "Schedule of 3 steps: 1.0 0.75 0.5 0.0")
-- dev's depends on the size, by μ from 0.5 (256 tokens) to 1.15 (4096).
local mu = 0.5 + (1024 - 256) / (4096 - 256) * (1.15 - 0.5)
for i, sigma in ipairs(counted:shift_for(dev, 512)) do
  local even = (5 - i) / 4
  check.near(sigma, even == 0 and 0 or math.exp(mu) / (math.exp(mu) + 1 / even - 1), 1e-6)
end
assert(counted:shift_for(dev, 1024)[2] > counted:shift_for(dev, {512, 256})[2])
check.equal(tostring(counted:shift_for(dev)), tostring(counted:shift_for(dev, dev.defaults.size)))
check.equal(tostring(counted:shift_for(schnell, 512)), tostring(counted:shift(1)))

-- A function of u, from 0 to 1
check.equal(tostring(flux.schedule(4, function(u) return 1 - u ^ 2 end)), "Schedule of 4 steps: 1.0 0.9375 0.75 0.4375 0.0")
check.equal(#flux.schedule(3, function(u) return (1 - u) * 0.1 / 0.1 end), 4)

check.error("schedule: 'n' must be a whole number from 1 to 1000, or a list of sigmas, got nothing", flux.schedule)
check.error("schedule: sigmas must fall, but sigma 3 (0.7) is not below sigma 2 (0.5)", flux.schedule, {1, 0.5, 0.7, 0})
check.error("schedule: sigmas must fall, but sigma 2 (1.0) is not below sigma 1 (1.0)", flux.schedule, {1, 1, 0})
check.error("schedule: the last sigma must be 0, got 0.5; add a 0 at the end", flux.schedule, {1, 0.5})
check.error("schedule: sigma 1 must be from 0 to 1, got 2.0", flux.schedule, {2, 0})
check.error("schedule: sigma 2 must be from 0 to 1, got -0.5", flux.schedule, {1, -0.5})
check.error("schedule: sigma 1 must be from 0 to 1, got nan", flux.schedule, {math.huge - math.huge, 0})
check.error("schedule: needs at least two sigmas, got 1", flux.schedule, {1})
check.error("schedule: needs at least two sigmas, got 0", flux.schedule, {})
check.error([[schedule: entry 2 of 'n' must be a number, got "a" (a string)]], flux.schedule, {1, "a", 0})
local kinds = "schedule: 'kind' must be the name of a schedule (flux, simple, normal, sgm_uniform, karras, exponential, beta, linear_quadratic, kl_optimal, ddim_uniform) or a function of u, got "
check.error(kinds .. [["flx" (a string); did you mean "flux"?]], flux.schedule, 4, "flx")
check.error(kinds .. "3", flux.schedule, 4, 3)
check.error("schedule: a list of sigmas is a schedule already: 'kind' must be left out", flux.schedule, {1, 0}, "flux")
check.error("schedule: kind: the function must return a number, got nil", flux.schedule, 4, function() end)
check.error("schedule: sigmas must fall, but sigma 2 (0.25) is not below sigma 1 (0.0)", flux.schedule, 4, function(u) return u end)
check.error_matches("^schedule%.lua:%d+: mine$", flux.schedule, 4, function() error "mine" end)
check.error("shift: 'factor' must be a number above 0, got 0", function() s:shift(0) end)
check.error([[shift: 'factor' must be a number above 0, got "a" (a string)]], function() s:shift "a" end)
check.error("shift_for: 'model' must be a Model, got 3", function() s:shift_for(3) end)
check.error("shift_for: 'size' must be a multiple of 16, got 500; the nearest are 496 and 512", function() s:shift_for(dev, 500) end)
check.error("schedule: a Schedule has no 'stpes'; did you mean 'steps'?", function() return s.stpes end)
check.error("schedule: a Schedule has no entries to set", function() s[1] = 0.5 end)
