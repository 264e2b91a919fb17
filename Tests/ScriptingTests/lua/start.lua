-- Starting from pictures, masks, whose noise a seed means, ways to combine two passes, previews.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox = dev:encode {prompt = "a red fox", max_length = 16}
local function sample(changes)
  local options = {size = 32, steps = 4, seed = 7}
  for key, value in pairs(changes) do options[key] = value end
  return dev:sample(fox, options)
end
local plain = sample {}
local picture = flux.image(flux.linspace(0, 1, 3 * 32 * 32):reshape(3, 32, 32))

-- The weaker, the nearer to the picture.
local latents = dev:encode_image(picture, {sample = true, seed = 7})
local weak, strong = sample {image = picture, strength = 0.25}, sample {image = picture, strength = 0.75}
assert((weak - latents):norm() < (strong - latents):norm())
check.equal(sample {image = picture, strength = 0.6}, sample {image = picture})
-- Strength 1 is text-to-image with the noise that comes after the picture's.
local whole = sample {image = picture, strength = 1}
check.equal(whole, sample {noise = dev:steps(fox, {size = 32, steps = 4, seed = 7, image = picture, strength = 1}).latents})
-- A mask of ones is image-to-image; of zeros, the picture.
local ones, zeros = flux.image(flux.ones {1, 32, 32}), flux.image(flux.zeros {1, 32, 32})
check.near(sample {image = picture, mask = ones, strength = 0.5}, sample {image = picture, strength = 0.5}, 1e-6)
check.near(sample {image = picture, mask = zeros, strength = 0.5}, latents, 1e-6)
-- Half a mask keeps just the other half.
local side = flux.zeros {1, 32, 32}
for y = 1, 32 do for x = 17, 32 do side:set(1, y, x, 1) end end
local made = sample {image = picture, mask = flux.image(side), strength = 0.5}
check.near(made:narrow(3, 1, 2), latents:narrow(3, 1, 2), 1e-6)
check.differ(made:narrow(3, 3, 2), latents:narrow(3, 3, 2))
-- Lists of seeds draw each for itself.
check.equal(sample {image = picture, seed = {7, 8}}[1], sample {image = picture})
-- Larger pictures of the same aspect are resized.
check.equal(#sample {image = flux.image(flux.ones {3, 64, 64}), strength = 0.5}.shape, 3)

-- Whose noise
local kinds = {}
for _, rng in ipairs {"torch", "torch-bf16", "a1111", "cuda:256"} do
  local noise = flux.noise {size = 32, seed = 7, rng = rng}
  check.equal(sample {rng = rng}, sample {noise = noise})
  assert(math.abs(noise:std() - 1) < 0.2)
  kinds[rng] = noise
end
check.differ(kinds.torch, kinds.a1111)
check.near(kinds.torch, kinds["torch-bf16"], 0.02)
check.equal(flux.noise {size = 512, seed = 7, rng = "cuda:H100 SXM"}, flux.noise {size = 512, seed = 7, rng = "a1111"})
check.near(flux.noise {size = 32, seed = 42, rng = "a1111"}:get(1, 1, 1), 0.19401887, 2e-6)

-- Two passes
local function cfg(changes)
  local options = {scale = 3, negative = "a black crow"}
  for key, value in pairs(changes) do options[key] = value end
  return sample {cfg = options}
end
local guided = cfg {}
check.differ(guided, plain)
check.equal(cfg {combine = "plain"}, guided)
for _, name in ipairs {"rescale", "cfg_zero", "apg"} do check.differ(cfg {combine = name}, guided) end
check.near(cfg {combine = function(positive, negative, step) return negative + (positive - negative) * 3 end}, guided, 1e-5)
local steps = {}
cfg {combine = function(positive, negative, step)
  steps[#steps + 1] = step.index
  return positive
end, from = 0.25, to = 0.75}
check.list(steps, {2, 3})
check.equal(cfg {from = 1, to = 1}, plain)

-- Previews
local image = dev:preview(plain)
check.equal(image.width, 32)
local seen = 0
dev:generate(fox, {size = 32, steps = 2, on_step = function(step) if step:preview().height == 32 then seen = seen + 1 end end})
check.equal(seen, 2)
check.equal(#dev:preview(sample {batch = 2}), 2)

-- Padding paints the surroundings of a mask and leaves the rest of a larger picture alone.
local large = flux.image(flux.linspace(0, 1, 3 * 48 * 64):reshape(3, 48, 64))
local spot = flux.zeros {1, 48, 64}
for y = 10, 20 do for x = 30, 44 do spot:set(1, y, x, 1) end end
local function painted(padding) return dev:generate(fox, {size = 32, steps = 2, seed = 7, image = large, mask = flux.image(spot), strength = 1, padding = padding}) end
local made = painted(4)
check.equal(made.width, 64)
check.equal(made.height, 48)
local off = (made:tensor() - large:tensor()):abs()
check.equal((off * (1 - spot)):max(), 0)
assert((off * spot):max() > 0.1)
check.differ(painted(12):tensor(), made:tensor())
check.error("generate: 'padding' is the surroundings of a mask: give 'mask' too", function() dev:generate(fox, {size = 32, image = picture, padding = 4}) end)
check.error("generate: 'padding' is the surroundings of a mask: give 'image' and 'mask' too", function() dev:generate(fox, {size = 32, padding = 4}) end)
check.error("generate: 'padding' must be a whole number from 0 to 16384, got -1", function() dev:generate(fox, {size = 32, image = picture, mask = ones, padding = -1}) end)
