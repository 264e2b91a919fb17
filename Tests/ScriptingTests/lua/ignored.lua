-- What would go unnoticed if it were ignored: options of sheets, pictures, noise and models; and which numbers are whole.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox = dev:encode {prompt = "a red fox", max_length = 8}
local ramp = flux.image(flux.linspace(0, 1, 3 * 24 * 36):reshape(3, 24, 36))
local function width(options) return flux.sheet({ramp, ramp, ramp}, options).width end
local function height(options) return flux.sheet({ramp, ramp, ramp}, options).height end

-- Sheets
check.equal(width {columns = 3, gap = 0}, 3 * 36)
check.equal(width {columns = 3, gap = 10}, 3 * 36 + 4 * 10)
check.equal(width {columns = 1, gap = 0}, 36)
check.equal(height {columns = 1, gap = 0}, 3 * 24)
assert(height {columns = 3, title = "a title"} > height {columns = 3})
assert(height {columns = 3, labels = {"a", "b", "c"}} > height {columns = 3})
check.list({flux.sheet({ramp}, {background = "#102030"}):pixel(1, 1)}, {16, 32, 48})
check.list({flux.sheet({ramp}):pixel(1, 1)}, {255, 255, 255})
check.differ(flux.sheet({ramp}, {title = "one"}):hash(), flux.sheet({ramp}, {title = "two"}):hash())
check.differ(flux.sheet({ramp}, {labels = {"one"}}):hash(), flux.sheet({ramp}, {labels = {"two"}}):hash())

-- Pictures
local seen = {}
for _, filter in ipairs {"lanczos", "bicubic", "area", "nearest"} do
  local hash = ramp:resize(17, 11, filter):hash()
  assert(not seen[hash], filter)
  seen[hash] = true
end
check.equal(ramp:resize(17, 11):hash(), ramp:resize(17, 11, "lanczos"):hash())
check.differ(ramp:label "one":hash(), ramp:label "two":hash())
check.differ(ramp:blur(1):hash(), ramp:blur(2):hash())
check.equal(ramp:blur(0):psnr(ramp), math.huge)
local piece = ramp:crop(4, 5, 6, 7)
check.equal(piece.width, 6)
check.equal(piece.height, 7)
check.list({piece:pixel(1, 1)}, {ramp:pixel(4, 5)})
check.list({piece:pixel(6, 7)}, {ramp:pixel(9, 11)})
local white = flux.image {size = 16, fill = "white"}
local half = flux.mask {size = 16}:rect(0, 0, 8, 16)
local pasted = ramp:paste(white, 1, 1, half)
check.list({pasted:pixel(8, 16)}, {255, 255, 255})
check.list({pasted:pixel(9, 16)}, {ramp:pixel(9, 16)})
check.list({ramp:paste(white, -7, 1):pixel(8, 1)}, {255, 255, 255})
check.list({ramp:paste(white, -7, 1):pixel(9, 1)}, {ramp:pixel(9, 1)})
check.list({flux.mask {size = 16}:rect(2, 3, 4, 5, 0.2):pixel(3, 4)}, {51})
check.list({flux.mask {size = 16}:rect(2, 3, 4, 5):pixel(7, 4)}, {0})
check.list({flux.mask {size = 16}:rect(2, 3, 4, 5):pixel(3, 9)}, {0})
check.list({white:ellipse(0, 0, 16, 16, "#ff0000"):pixel(8, 8)}, {255, 0, 0})
check.list({flux.mask {size = 16, value = 0.2}:pixel(1, 1)}, {51})
check.equal(ramp:grey():tensor().shape[1], 1)
check.equal(ramp:flip "horizontal":flip "horizontal":psnr(ramp), math.huge)

-- Noise
local noise = flux.noise {size = {64, 32}, seed = 3}
check.list(noise.shape, {16, 4, 8})
check.differ(noise, flux.noise {size = {64, 32}, seed = 4})
check.equal(flux.noise {like = noise, seed = 3}, noise)
check.list(flux.noise {like = flux.ones {2, 3}, seed = 3}.shape, {2, 3})
local batch = flux.noise {size = 32, batch = 2, seed = 3, rng = "a1111"}
check.list(batch.shape, {2, 16, 4, 4})
check.equal(flux.noise {like = batch, seed = 3, rng = "a1111"}, batch)
check.equal(batch[2], flux.noise {size = 32, seed = 4, rng = "a1111"})

-- Models
local latents = flux.noise {size = 32, seed = 1}
check.differ(dev:velocity(latents, 0.5, fox), dev:velocity(latents, 0.6, fox))
check.differ(dev:velocity(latents, 0.5, fox, {guidance = 1}), dev:velocity(latents, 0.5, fox, {guidance = 5}))
check.equal(dev:velocity(latents, 0.5, fox, {guidance = dev.defaults.guidance}), dev:velocity(latents, 0.5, fox))
local square = ramp:resize(32, 32)
check.differ(dev:encode_image(square), dev:encode_image(square, {sample = true}))
check.differ(dev:encode_image(square, {sample = true, seed = 1}), dev:encode_image(square, {sample = true, seed = 2}))
check.equal(dev:encode_image(square, {sample = false, seed = 5}), dev:encode_image(square))
check.equal(dev:decode(latents):psnr(dev:decode(latents, {})), math.huge)
assert(#dev:tokens "a red fox".t5.ids > 1 and dev:tokens "a red fox".t5.ids ~= dev:tokens "x".t5.ids)

-- Whole numbers are integers, the rest are floats.
local function kind(value, expected) check.equal(math.type(value), expected) end
local run = dev:steps(fox, {size = 32, steps = 2, seed = 7})
local step = run()
kind(step.index, "integer")
kind(step.count, "integer")
kind(step.seed, "integer")
for _, field in ipairs {"sigma", "next", "width", "guidance", "elapsed"} do kind(step[field], "float") end
kind(fox.tokens, "integer")
kind(#noise, "integer")
kind(noise.shape[1], "integer")
kind(noise:get(1, 1, 1), "float")
kind(noise:sum(), "float")
kind(ramp.width, "integer")
kind(ramp.channels, "integer")
kind(ramp:pixel(1, 1), "integer")
kind(#flux.schedule(4), "integer")
kind(flux.schedule(4).steps, "integer")
kind(flux.schedule {1, 0}[1], "float")
kind(dev.parameters, "integer")
for _, field in ipairs {"steps", "size", "max_length"} do kind(dev.defaults[field], "integer") end
kind(dev.defaults.guidance, "float")
for _, field in ipairs {"cores", "memory", "threads"} do kind(flux.host[field], "integer") end
kind(flux.elapsed(), "float")
check.equal(("%d of %d"):format(step.index, step.count), "1 of 2")
check.equal(step.index .. "", "1")
-- Whole floats are taken where whole numbers are.
check.equal(dev:sample(fox, {size = 32.0, steps = 4 / 2, seed = 7.0}), dev:sample(fox, {size = 32, steps = 2, seed = 7}))
check.equal(noise[2.0], noise[2])
check.equal(flux.schedule {1, 0.5, 0}[4 / 2], 0.5)
