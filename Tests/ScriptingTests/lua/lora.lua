-- Adapters beside the weights: where they are asked for, in which order they come, and what does not fit.
local check = require "_check"
local dev = flux.load "../../Fixtures/tiny-dev"
local fox = dev:encode {prompt = "a red fox", max_length = 16}
local peft, kohya, separate = "../../Fixtures/lora/lora-peft.safetensors", "../../Fixtures/lora/lora-kohya.safetensors", "../../Fixtures/lora/lora-peft-separate.safetensors"
local function sampled(model, options)
  options = options or {}
  options.size, options.steps, options.seed = 32, options.steps or 3, 7
  return model:sample(fox, options)
end

-- By the call, by the model and by load it is the same; the model itself stays as it was.
local plain, with = sampled(dev), sampled(dev, {lora = {[separate] = 0.8}})
check.differ(plain, with)
check.equal(sampled(dev:with_lora {[separate] = 0.8}), with)
check.equal(sampled(flux.load("../../Fixtures/tiny-dev", {lora = {[separate] = 0.8}})), with)
check.equal(sampled(flux.load("../../Fixtures/tiny-dev", {lora = {{separate, 0.8}}})), with)
check.equal(sampled(dev, {lora = {[separate] = {scale = 0.8}}}), with)
check.equal(sampled(dev), plain)
check.equal(sampled(dev, {lora = {}}), plain)
check.equal(sampled(dev, {lora = {[separate] = 0}}), plain)
check.equal(sampled(dev, {lora = {separate}}), sampled(dev, {lora = {[separate] = 1}}))

-- A map comes in the order of its names, a list in its own; the model's come first.
local both = sampled(dev, {lora = {[separate] = 0.5, [kohya] = 0.25}})
check.equal(both, sampled(dev, {lora = {{kohya, 0.25}, {separate, 0.5}}}))
check.equal(both, sampled(dev:with_lora {[kohya] = 0.25}, {lora = {[separate] = 0.5}}))
check.near(both, sampled(dev, {lora = {{separate, 0.5}, {peft, 0.25}}}), 1e-3)

-- A number, a list or a function of the step.
check.equal(sampled(dev, {lora = {[separate] = {0.8, 0.8, 0.8}}}), with)
check.equal(sampled(dev, {lora = {[separate] = function() return 0.8 end}}), with)
local falling = sampled(dev, {lora = {[separate] = {1, 0.5, 0}}})
check.equal(sampled(dev, {lora = {[separate] = function(step) return ({1, 0.5, 0})[step.index] end}}), falling)
check.equal(sampled(dev:with_lora {[separate] = {1, 0.5, 0}}), falling)
check.differ(falling, with)
check.error("sample: lora scale: the function must return a number, got \"x\" (a string)", function() sampled(dev, {lora = {[separate] = function() return "x" end}}) end)

-- In the loop, in a branch, in one call of the transformer.
local run = dev:steps(fox, {size = 32, steps = 3, seed = 7, lora = {[separate] = 0.8}})
run()
local second = run()
local branch = second:branch {lora = {[separate] = 0}}
for _ in branch do end
check.equal(branch.latents, sampled(dev, {lora = {[separate] = {0.8, 0.8, 0}}}))
for _ in run do end
check.equal(run.latents, with)
local noise = flux.noise {size = 32, seed = 1}
check.differ(dev:velocity(noise, 1, fox), dev:with_lora {[separate] = 0.8}:velocity(noise, 1, fox))
check.error("velocity: the scale of '" .. separate .. "' changes from step to step, and here is no step", function() dev:with_lora {[separate] = {1, 2}}:velocity(noise, 1, fox) end)

-- The picture says it.
local image = dev:with_lora {[separate] = {1, 0.5}}:generate(fox, {size = 32, steps = 3})
assert(image.text.fluxlua:find('"adapters":[{"name":"../../Fixtures/lora/lora-peft-separate.safetensors","scales":[1,0.5,0.5],"sha256":"', 1, true), image.text.fluxlua)
assert(image.text.fluxlua:find '"scripted":false')
assert(image.text.parameters:find 'Lora hashes: "lora%-peft%-separate: %x+"')
assert(not dev:generate(fox, {size = 32, steps = 1}).text.fluxlua:find('"adapters":[', 1, true))

-- A saved run knows its adapters.
local function drained(run)
  for _ in run do end
  return run.latents
end
local run = dev:steps(fox, {size = 32, steps = 3, seed = 7, lora = {[separate] = 0.8}})
run()
run:save "lora.safetensors"
check.equal(drained(dev:resume "lora.safetensors"), with)
check.equal(drained(dev:resume("lora.safetensors", {lora = {}})), sampled(dev, {lora = {[separate] = {0.8, 0}}}))
check.error_matches("resume: 'lora.safetensors' was saved with a model that had no LoRA, this one has '.*lora%-kohya.safetensors' %(scale 1.0%); model:with_lora gives it the same$",
  function() dev:with_lora {[kohya] = 1}:resume "lora.safetensors" end)
local run = dev:with_lora {[separate] = 0.8}:steps(fox, {size = 32, steps = 3, seed = 7})
run()
run:save "model.safetensors"
check.equal(drained(dev:with_lora {[separate] = 0.8}:resume "model.safetensors"), with)
check.error_matches("had '.*separate.safetensors' %(scale 0.8%), this one has no LoRA", function() dev:resume "model.safetensors" end)
check.error_matches("had '.*separate.safetensors' %(scale 0.8%), this one has '.*separate.safetensors' %(scale 0.5%)", function() dev:with_lora {[separate] = 0.5}:resume "model.safetensors" end)
local run = dev:steps(fox, {size = 32, steps = 3, seed = 7, lora = {[separate] = function() return 0.8 end}})
run()
run:save "function.safetensors"
check.error("resume: 'lora' was a function when 'function.safetensors' was saved, and functions are not saved: give it again", function() dev:resume "function.safetensors" end)
check.equal(drained(dev:resume("function.safetensors", {lora = {[separate] = 0.8}})), with)

-- Steps and pictures of a sweep that begin alike may still have other adapters.
local sweep = flux.sweep {name = "scales", scale = {0, 0.5, 1}}
for cell in sweep:cells() do cell:save(dev:generate(fox, {size = 32, steps = 2, lora = {[separate] = {0.5, cell.scale}}})) end
for i, scale in ipairs {0, 0.5, 1} do
  assert(sweep:cell(i):picture():psnr(dev:generate(fox, {size = 32, steps = 2, lora = {[separate] = {0.5, scale}}})) == math.huge)
end

-- Merged with the weights it does the same, up to rounding, and nothing stays behind.
local merged = sampled(dev, {lora = {[separate] = {scale = 0.8, merge = true}}})
check.near(merged, with, 1e-3)
check.equal(sampled(dev:with_lora {{separate, 0.8, merge = true}}), merged)
check.near(sampled(dev, {lora = {[separate] = {scale = 0.5, merge = true}, [kohya] = 0.25}}), both, 1e-3)
-- A run that goes on does not decide anew what it began with.
local run = dev:with_lora {{separate, 0.8, merge = true}}:steps(fox, {size = 32, steps = 3, seed = 7})
run()
run:save "merged.safetensors"
check.equal(drained(dev:with_lora {[separate] = 0.8}:resume "merged.safetensors"), merged)
check.equal(sampled(dev), plain)
check.equal(sampled(dev, {lora = {[separate] = {scale = 0, merge = true}}}), plain)
check.error("sample: 'lora' has a scale that changes from step to step, and weights that are merged cannot: leave out 'merge' of '" .. separate .. "', or give one number",
  function() sampled(dev, {lora = {[separate] = {scale = {1, 0}, merge = true}}}) end)

-- Mistakes.
check.error("with_lora: there is no file 'nix.safetensors' beside the recipe, in the output folder, in $FLUXLUA_MODELS or where --allow-read points", function() dev:with_lora {["nix.safetensors"] = 1} end)
check.error("with_lora: '" .. separate .. "' must be a number, a list of them, or a function of the step, got \"x\" (a string)", function() dev:with_lora {[separate] = "x"} end)
check.error("generate: 'lora' must be { [\"file\"] = scale }, or a list of {file, scale}, got 5", function() dev:generate(fox, {lora = 5}) end)
check.error("generate: entry 1 of 'lora' must begin with the name of a file: {file, scale}", function() dev:generate(fox, {lora = {{5}}}) end)
check.error("generate: entry 1 of 'lora' has no 'scael': it is {file, scale, text = …, partial = …, merge = …}", function() dev:generate(fox, {lora = {{separate, scael = 1}}}) end)
check.error("generate: lora: '" .. separate .. "': no option 'scael'; did you mean 'scale'?", function() dev:generate(fox, {lora = {[separate] = {scael = 1}}}) end)
check.error("generate: 'lora' must be { [\"file\"] = scale }, or a list of {file, scale}, not both in one table", function() dev:generate(fox, {lora = {separate, [kohya] = 1}}) end)
check.error_matches("holds no adapter: none of its %d+ tensors is named like half of a LoRA", function() dev:with_lora {"../../Fixtures/variants/ae.safetensors"} end)
check.error_matches("with_lora: .*: '.*' is for a layer of 32 inputs and %d+ outputs, but .* of this model ha", function() flux.load():with_lora {kohya} end)
check.error_matches("this is not a safetensors file", function() dev:with_lora {"../../Fixtures/gguf/flux-tiny-Q8_0.gguf"} end)
