-- The embedded model: laws that pictures must keep.
local check = require "_check"
local model = flux.load()
local prompt = "a red apple on a white background"
local options = {steps = 4, seed = 3}
local function with(changes)
  local all = {steps = 4, seed = 3}
  for name, value in pairs(changes) do all[name] = value end
  return all
end
local function same(a, b) check.equal(a:psnr(b), math.huge) end

local image = model:generate(prompt, options)
check.equal(image.width, model.defaults.size)
assert(image:tensor():std() > 0.05, "the picture is empty")
same(model:generate(prompt, options), image)
same(model:generate(prompt, with {on_step = function(step) step:decode() end}), image)
same(model:generate(prompt, with {noise = flux.noise {size = model.defaults.size, seed = 3}}), image)
same(model:generate(prompt, with {cfg = {scale = 1}}), image)
same(model:generate(prompt, with {batch = 2})[1], image)
same(model:generate(prompt, with {seed = {5, 3}})[2], image)
same(model:generate(prompt, with {guidance = function() return model.defaults.guidance end}), image)
local run = model:steps(prompt, options)
for _ in run do end
same(run:image(), image)
assert(model:generate(prompt, with {seed = 4}):psnr(image) < 40)
assert(model:generate("a blue ball on a green background", options):psnr(image) < 30)

-- What the picture carries
local record = image.text.fluxlua
assert(record:find('"prompt":"' .. prompt .. '"', 1, true) and record:find('"seed":3', 1, true) and record:find('"scripted":false', 1, true), record)
assert(record:find('"recipe":{', 1, true) and record:find('embedded.lua', 1, true))
assert(image.text.parameters:find("Steps: 4", 1, true), image.text.parameters)
assert(model:generate(prompt, with {on_step = function(step) return step.latents * 0.9 end}).text.fluxlua:find('"scripted":true', 1, true))
assert(model:generate(prompt, with {on_step = function() end}).text.fluxlua:find('"scripted":false', 1, true))
image:save "apple.png"
check.equal(flux.image("apple.png").text.fluxlua, record)
