-- Step: what may be read and written before, during, after and too late.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox, crow = dev:encode {prompt = "a red fox", max_length = 8}, dev:encode {prompt = "a black crow", max_length = 8}
local function sample(changes)
  local options = {size = 32, steps = 3, seed = 7}
  for name, value in pairs(changes) do options[name] = value end
  return dev:sample(fox, options)
end
local plain = sample {}
local noise = flux.noise {size = 32, seed = 7}
local sigmas = flux.schedule(3):shift_for(dev, 32)

-- Before the step
local seen = 0
check.equal(sample {before_step = function(step)
  seen = seen + 1
  check.equal(step.index, seen)
  check.equal(step.count, 3)
  check.equal(step.sigma, sigmas[seen])
  check.equal(step.next, sigmas[seen + 1])
  check.near(step.width, step.next - step.sigma, 1e-7)
  check.equal(step.seed, 7)
  check.equal(step.guidance, 3.5)
  check.equal(step.velocity, nil)
  check.equal(step.denoised, nil)
  check.equal(step.conditioning.sequence, fox.sequence)
  check.list(step.latents.shape, {16, 4, 4})
  if seen == 1 then check.equal(step.latents, noise) end
  assert(step.elapsed >= 0)
  check.near(tonumber(tostring(step):match "^Step %d of 3, sigma ([%d.]+) to"), step.sigma, 1e-6)
end}, plain)
check.equal(seen, 3)

-- After it: the velocity is that of its beginning, and leads where the step went.
local before
check.equal(sample {before_step = function(step) before = step.latents:clone() end, on_step = function(step)
  check.equal(step.velocity, dev:velocity(before, step.sigma, step.conditioning, {guidance = step.guidance}))
  check.near(step.denoised, before - step.sigma * step.velocity, 1e-6)
  check.near(step.latents, before + step.width * step.velocity, 1e-6)
  if step.index == step.count then
    check.equal(step.next, 0.0)
    check.near(step.denoised, step.latents, 1e-5)
  end
end}, plain)

-- Looking on changes nothing.
check.equal(sample {on_step = function(step) local _ = step.latents + 1; step:decode() end}, plain)
check.equal(sample {before_step = function(step) local _ = step.latents, step.conditioning, step.guidance end}, plain)

-- Latents replaced by returning, by assignment and by changing them in place are the same.
for _, hook in ipairs {"before_step", "on_step"} do
  local function on(index, change)
    return sample {[hook] = function(step) if step.index == index then return change(step) end end}
  end
  local returned = on(2, function(step) return step.latents * 0.5 end)
  check.differ(returned, plain)
  check.equal(on(2, function(step) step.latents = step.latents * 0.5 end), returned)
  check.equal(on(2, function(step) step.latents:mul_(0.5) end), returned)
  check.equal(on(2, function(step) local x = step.latents; x:mul_(0.25); x:mul_(2) end), returned)
  check.equal(on(2, function(step) step.latents = step.latents * 0.25; step.latents:mul_(2) end), returned)
  check.equal(on(2, function(step) step.latents:fill_(9); return step.latents * 0 + step.latents:clone():fill_(1) end),
              on(2, function(step) return flux.ones {16, 4, 4} end))
  check.differ(on(1, function(step) return step.latents * 0.5 end), returned)
end
check.equal(sample {on_step = function(step) if step.index == 1 then return step.latents * 0.5 end end},
            sample {before_step = function(step) if step.index == 2 then return step.latents * 0.5 end end})

-- The conditioning can be switched on the way.
local switched = sample {before_step = function(step) if step.index == 3 then step.conditioning = crow end end}
check.differ(switched, plain)
check.equal(sample {before_step = function(step) step.conditioning = {step.index == 3 and crow or fox} end}, switched)
check.equal(sample {before_step = function(step) step.conditioning = crow end}, dev:sample(crow, {size = 32, steps = 3, seed = 7}))

-- Where a step goes can be changed: the next one starts there.
local path = {}
local bent = sample {before_step = function(step) if step.index == 1 then step.next = 0.6 end path[step.index] = step.sigma end}
check.near(path[2], 0.6, 1e-7)
check.equal(path[3], sigmas[3])
check.equal(bent, dev:sample(fox, {size = 32, seed = 7, schedule = {1, 0.6, sigmas[3], 0}}))
local made = 0
check.equal(sample {before_step = function(step) made = step.index; if made == 2 then step.next = 0 end end},
            dev:sample(fox, {size = 32, seed = 7, schedule = {1, sigmas[2], 0}}))
check.equal(made, 2)

-- Guidance, before the step
check.equal(sample {before_step = function(step) step.guidance = 2 end}, sample {guidance = 2})
check.equal(sample {guidance = 5, before_step = function(step) check.equal(step.guidance, 5.0); step.guidance = 3.5 end}, plain)

-- Stopping
local function steps_of(changes)
  local made = 0
  local first = changes.on_step
  changes.on_step = function(step) made = step.index; return first and first(step) end
  return sample(changes), made
end
local stopped, made = steps_of {on_step = function(step) if step.index == 2 then return false end end}
check.equal(made, 2)
check.differ(stopped, plain)
local again, made = steps_of {on_step = function(step) if step.index == 2 then step:stop() end end}
check.equal(made, 2)
check.equal(again, stopped)
local again, made = steps_of {before_step = function(step) if step.index == 2 then return false end end}
check.equal(made, 2)
check.equal(again, stopped)

-- Memory, decode, batch
sample {on_step = function(step)
  step.memory.count = (step.memory.count or 0) + 1
  check.equal(step.memory.count, step.index)
  check.equal(step:decode():psnr(dev:decode(step.latents)), math.huge)
end}
sample {on_step = function(step) check.equal(step.memory.count, nil) end}
sample {batch = 2, on_step = function(step)
  check.list(step.latents.shape, {2, 16, 4, 4})
  check.equal(#step:decode(), 2)
  check.equal(step.seed, 7)
end}
sample {seed = {7, 8}, on_step = function(step) check.list(step.seed, {7, 8}) end}
check.equal(sample {seed = {7, 7}, before_step = function(step) step.conditioning = {fox, crow} end}[2], dev:sample(crow, {size = 32, steps = 3, seed = 7}))

-- Too late
local kept, latents
sample {on_step = function(step) kept = step; latents = step.latents end}
check.equal(kept.index, 3)
check.equal(kept.sigma, sigmas[3])
check.equal(kept.latents, latents)
check.near(kept.denoised, latents, 1e-5)
latents:mul_(0)
check.differ(kept.latents:norm(), 0.0)
check.error("decode: step 3 of 3 is over, and its methods with it", function() kept:decode() end)
check.error("stop: step 3 of 3 is over, and its methods with it", function() kept:stop() end)
check.error("step.memory: the loop is over, and its memory with it", function() return kept.memory end)
check.error("step.latents: step 3 of 3 is over", function() kept.latents = latents end)
check.error("step.next: step 3 of 3 is over", function() kept.next = 0.1 end)

-- Mistakes
local function wrong(message, changes) check.error(message, sample, changes) end
local function before(f) return {before_step = f} end
local function after(f) return {on_step = f} end
wrong("step.next: 'next' can only be set before the step is made: use before_step", after(function(step) step.next = 0 end))
wrong("step.guidance: 'guidance' can only be set before the step is made: use before_step", after(function(step) step.guidance = 0 end))
wrong("step.conditioning: 'conditioning' can only be set before the step is made: use before_step", after(function(step) step.conditioning = fox end))
wrong("step.guidance: 'guidance' can only be set before the step is made: use before_step", {guidance = function(step) step.guidance = 3 return 3 end})
wrong("step.latents: 'latents' cannot be set here: a function of a step only answers", {guidance = function(step) step.latents = noise return 3 end})
wrong("step.next: must be at least 0 and less than sigma (1.0), got 1.0", before(function(step) step.next = 1 end))
wrong("step.next: must be a number from 0 to 1, got -1", before(function(step) step.next = -1 end))
wrong([[step.next: must be a number from 0 to 1, got "x" (a string)]], before(function(step) step.next = "x" end))
wrong([[step.guidance: must be a number, got "x" (a string)]], before(function(step) step.guidance = "x" end))
wrong("step.conditioning: must be a Conditioning or a list of at least 1, got 3", before(function(step) step.conditioning = 3 end))
wrong("step.conditioning: 'conditioning' lists 2 for a batch of 1; give one for each picture, or one", before(function(step) step.conditioning = {fox, fox} end))
wrong("step.latents: 'latents' must keep the shape [16, 4, 4], got [3]", before(function(step) step.latents = flux.ones(3) end))
wrong("step.latents: must be a Tensor, got nil", before(function(step) step.latents = nil end))
wrong("step: 'sigma' of a Step cannot be set", before(function(step) step.sigma = 1 end))
wrong("step: a Step has no 'latens' to set; did you mean 'latents'?", before(function(step) step.latens = 1 end))
wrong("step: a Step has no 'sgima'; did you mean 'sigma'?", before(function(step) return step.sgima end))
wrong("branch: a step can be branched once it is made: use on_step, or the loop of :steps", before(function(step) step:branch() end))
wrong("sample: before_step: the function must return nil, false or a Tensor, got 3", before(function() return 3 end))
wrong([[sample: on_step: the function must return nil, false or a Tensor, got "x" (a string)]], after(function() return "x" end))
wrong("sample: on_step: the function must return nil, false or a Tensor, got true", after(function() return true end))
wrong("sample: on_step: the function must return latents of the shape [16, 4, 4], got [2]", after(function() return flux.ones(2) end))
local way_out = " are infinite or not a number; look for a division by 0, or for numbers that grow from step to step"
wrong("sample: on_step: 256 of the 256 latents at step 1 of 3" .. way_out, after(function(step) return step.latents / 0 end))
wrong("sample: on_step: 1 of the 256 latents at step 1 of 3" .. way_out, after(function(step) step.latents:set(1, 1, 1, 0 / 0) end))
wrong("sample: before_step: 256 of the 256 latents at step 1 of 3" .. way_out, before(function(step) step.latents = step.latents / 0 end))

-- An error inside a hook keeps its own line, and afterwards everything still works.
local ok, message = pcall(sample, {on_step = function(step)
  local _ = step.latents + nil
end})
check.equal(message:match "^step%.lua:%d+: (.*)", "add: a Tensor and nil do not go together")
check.equal(sample {}, plain)
