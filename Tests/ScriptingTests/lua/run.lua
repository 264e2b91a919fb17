-- Run: the loop in the recipe's own hand.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox, crow = dev:encode {prompt = "a red fox", max_length = 8}, dev:encode {prompt = "a black crow", max_length = 8}
local options = {size = 32, steps = 3, seed = 7}
local image, latents = dev:generate(fox, options), dev:sample(fox, options)

-- As an iterator it makes the same picture, byte for byte.
local run, count = dev:steps(fox, options), 0
check.equal(tostring(run), "Run at step 0 of 3, sigma 1.0")
check.equal(run.latents, flux.noise {size = 32, seed = 7})
for step in run do
  count = count + 1
  check.equal(step.index, count)
  check.equal(step.latents, run.latents)
  assert(step.velocity and step.denoised)
end
check.equal(count, 3)
check.equal(run.latents, latents)
check.equal(run:image():psnr(image), math.huge)
check.equal(run:image().text.fluxlua, image.text.fluxlua)
check.equal(run(), nil)

-- Called by hand, and left early
local run = dev:steps(fox, options)
check.equal(run().index, 1)
check.equal(run().index, 2)
check.equal(run:image():psnr(dev:generate(fox, {size = 32, steps = 3, seed = 7, on_step = function(step) if step.index == 2 then return false end end})), math.huge)
check.equal(run().index, 3)
check.equal(run.latents, latents)
for step in dev:steps(fox, options) do if step.index == 2 then break end end

-- Latents changed on the way: by assignment, in place, and through the run
local function bent(change)
  local run = dev:steps(fox, options)
  for step in run do if step.index == 2 then change(step, run) end end
  return run.latents
end
local half = dev:sample(fox, {size = 32, steps = 3, seed = 7, on_step = function(step) if step.index == 2 then return step.latents / 2 end end})
check.differ(half, latents)
check.equal(bent(function(step) step.latents = step.latents / 2 end), half)
check.equal(bent(function(step) step.latents:div_(2) end), half)
check.equal(bent(function(step, run) run.latents = run.latents / 2 end), half)
check.equal(bent(function(step, run) run:image(); local _ = run.latents; step.latents = step.latents / 2; run:image() end), half)
check.equal(bent(function(step, run) step.latents:div_(4); run.latents = run.latents * 2 end), half)
check.equal(bent(function(step) step:stop() end),
            dev:sample(fox, {size = 32, steps = 3, seed = 7, on_step = function(step) if step.index == 2 then return false end end}))

-- Hooks work in it too, and a batch has lists.
local seen = {}
for step in dev:steps(fox, {size = 32, steps = 2, before_step = function(step) seen[#seen + 1] = "before " .. step.index end,
                                on_step = function(step) seen[#seen + 1] = "on " .. step.index end}) do
  seen[#seen + 1] = "loop " .. step.index
end
check.list(seen, {"before 1", "on 1", "loop 1", "before 2", "on 2", "loop 2"})
local run = dev:steps(fox, {size = 32, steps = 1, batch = 2})
run()
check.equal(#run:image(), 2)
check.list(run.latents.shape, {2, 16, 4, 4})

-- Two runs, step by step in turn, do not disturb each other.
local one, other = dev:steps(fox, options), dev:steps(crow, options)
for _ = 1, 3 do one(); other() end
check.equal(one.latents, latents)
check.equal(other.latents, dev:sample(crow, options))

-- A picture inside a picture's hook
local inner
check.equal(dev:sample(fox, {size = 32, steps = 3, seed = 7, on_step = function() inner = dev:sample(crow, options) end}), latents)
check.equal(inner, other.latents)

-- Mistakes
local kept
local run = dev:steps(fox, options)
for step in run do kept = step; if step.index == 2 then break end end
run()
check.error("decode: step 2 of 3 is over, and its methods with it", function() kept:decode() end)
check.error("step.latents: step 2 of 3 is over", function() kept.latents = latents end)
check.error("step.next: 'next' can only be set before the step is made: use before_step", function() for step in dev:steps(fox, options) do step.next = 0.1 end end)
check.error("step.latents: 'latents' must keep the shape [16, 4, 4], got [2]", function() for step in dev:steps(fox, options) do step.latents = flux.ones(2) end end)
check.error("run: step.latents: 256 of the 256 latents at step 1 of 3 are infinite or not a number; look for a division by 0, or for numbers that grow from step to step",
            function() for step in dev:steps(fox, options) do step.latents = step.latents / 0 end end)
check.error("run.latents: 'latents' must keep the shape [16, 4, 4], got [3]", function() dev:steps(fox, options).latents = flux.ones(3) end)
check.error("run.latents: 'latents' hold numbers that are infinite or not a number", function() dev:steps(fox, options).latents = latents / 0 end)
local inside
local busy = "this run is in the middle of a step, and cannot be called or changed from within it"
for _, hook in ipairs {"before_step", "on_step", "guidance"} do
  inside = dev:steps(fox, {size = 32, steps = 2, [hook] = function()
    local _ = inside.latents, inside:image(), tostring(inside)
    check.error("run: " .. busy, function() inside() end)
    check.error("run.latents: " .. busy, function() inside.latents = latents end)
    if hook == "guidance" then return 3.5 end
  end})
  for _ in inside do end
  check.equal(inside.latents, dev:sample(fox, {size = 32, steps = 2}))
end
check.error("run: a Run has no 'step'; there is image, latents, save, spared", function() return run.step end)

-- After an error in a hook the step can be tried again.
local fail = true
local run = dev:steps(fox, {size = 32, steps = 3, seed = 7, before_step = function(step) if step.index == 2 and fail then error "not yet" end end})
run()
check.error("not yet", run)
fail = false
check.equal(run().index, 2)
check.equal(run().index, 3)
check.equal(run.latents, latents)
