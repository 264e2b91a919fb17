-- ControlNets, control models, Fill, Kontext's references, Redux: what they change, what goes together, what does not.
local check = require "_check"
local fixtures = "../../Fixtures/"
local dev = flux.load(fixtures .. "tiny-dev")
local fox = dev:encode {prompt = "a red fox", max_length = 16}
local net, union, redux = fixtures .. "controlnet", fixtures .. "controlnet-union", fixtures .. "tiny-redux"
local picture = flux.image(fixtures .. "inputs/image_square.png"):resize(32, 32)
local other = flux.image(fixtures .. "inputs/image_tall.png"):resize(32, 32)
local function sampled(options, model)
  options.size, options.steps, options.seed = options.size or 32, options.steps or 3, options.seed or 7
  return (model or dev):sample(fox, options)
end
local function drained(run)
  for _ in run do end
  return run.latents
end

-- One table or a list of them; scales as numbers, lists and functions; modes by name and number.
local plain, with = sampled {}, sampled {control = {model = net, image = picture}}
check.differ(plain, with)
check.equal(sampled {control = {{model = net, image = picture}}}, with)
check.equal(sampled {control = {}}, plain)
check.equal(sampled {control = {model = net .. "/diffusion_pytorch_model.safetensors", image = picture}}, with)
check.equal(sampled {control = {model = net, image = picture, scale = {1, 1, 1}}}, with)
check.equal(sampled {control = {model = net, image = picture, scale = function(step) return 1 end}}, with)
check.equal(sampled {control = {model = net, image = picture, from = 0.3}}, sampled {control = {model = net, image = picture, scale = {0, 1, 1}}})
check.differ(sampled {control = {model = net, image = other}}, with)
local mode = sampled {control = {model = union, image = picture, mode = "depth"}}
check.equal(sampled {control = {model = union, image = picture, mode = 2}}, mode)
check.differ(sampled {control = {model = union, image = picture, mode = "pose"}}, mode)
check.differ(sampled {control = {{model = union, image = picture, mode = "depth"}, {model = net, image = other}}}, mode)

-- With other things of the loop.
check.differ(sampled {control = {model = net, image = picture}, sampler = "heun", cfg = {scale = 2, negative = "a crow"}}, with)
check.differ(sampled {control = {model = net, image = picture}, image = other, strength = 0.7}, with)
local run = dev:steps(fox, {size = 32, steps = 3, seed = 7, control = {model = net, image = picture}})
run()
local second = run()
check.equal(drained(second:branch()), with)
check.equal(drained(second:branch {control = {}}), sampled {control = {model = net, image = picture, scale = {1, 1, 0}}})
check.equal(drained(run), with)
local noise = flux.noise {size = 32, seed = 1}
check.differ(dev:velocity(noise, 1, fox), dev:velocity(noise, 1, fox, {control = {model = net, image = picture}}))

-- A saved run keeps what it was shown, and knows its networks.
local run = dev:steps(fox, {size = 32, steps = 3, seed = 7, control = {{model = net, image = picture}, {model = union, image = other, mode = "canny", scale = {1, 0.5}}}})
run()
run:save "control.safetensors"
check.equal(drained(dev:resume "control.safetensors"), drained(run))
local image = dev:resume "control.safetensors":image()
assert(image.text.fluxlua:find('"controls":[{"name":"' .. net .. '"', 1, true), image.text.fluxlua)
local run = dev:steps(fox, {size = 32, steps = 3, seed = 7, control = {model = net, image = picture, scale = function() return 1 end}})
run()
run:save "function.safetensors"
check.error("resume: 'control' was a function when 'function.safetensors' was saved, and functions are not saved: give it again", function() dev:resume "function.safetensors" end)
check.equal(drained(dev:resume("function.safetensors", {control = {model = net, image = picture}})), with)
local run = dev:steps(fox, {steps = 2, seed = 7, reference = {picture, other, snap = false}, redux = {model = redux, image = picture}})
run()
run:save "reference.safetensors"
check.equal(drained(dev:resume "reference.safetensors"), drained(run))
local run = dev:steps(fox, {size = 32, steps = 2, seed = 7, redux = {model = redux, image = picture}})
local first = run()
check.equal(drained(first:branch()), sampled {steps = 2, redux = {model = redux, image = picture}})
check.differ(drained(first:branch {prompt = fox, redux = nil, guidance = 1}), drained(first:branch {prompt = fox}))
check.error("branch: 'redux' cannot change in the middle of a run", function() first:branch {redux = {model = redux, image = other}} end)

-- A control model takes one picture by itself.
local own = flux.load {fixtures .. "tiny-dev", transformer = fixtures .. "tiny-control/transformer"}
check.equal(own.kind, "control")
local steered = sampled({control = {image = picture}}, own)
check.differ(sampled({control = {image = other}}, own), steered)
check.differ(sampled({control = {{image = picture}, {model = net, image = picture}}}, own), steered)
local run = own:steps(fox, {size = 32, steps = 3, seed = 7, control = {image = picture}})
run()
run:save "own.safetensors"
check.equal(drained(own:resume "own.safetensors"), steered)
check.error("sample: 'control' is missing, and this model was made to be shown one (Canny or Depth): control = { { image = … } }", function() sampled({}, own) end)
check.error("velocity: 'control' is missing: this is a control model, which sees a picture beside the latents", function() own:velocity(noise, 1, fox) end)
check.differ(own:velocity(noise, 1, fox, {control = {image = picture}}), own:velocity(noise, 1, fox, {control = {image = other}}))
check.error("sample: 'control' has a picture without 'model': this model (dev) takes none by itself; name a ControlNet, or load FLUX.1-Canny-dev or FLUX.1-Depth-dev",
  function() sampled {control = {image = picture}} end)

-- A Fill model.
local fill = flux.load {fixtures .. "tiny-dev", transformer = fixtures .. "tiny-fill/transformer"}
check.equal(fill.kind, "fill")
check.equal(fill.defaults.guidance, 30)
local spot = flux.mask {size = 32}:rect(8, 8, 16, 16)
local filled = sampled({image = picture, mask = spot}, fill)
check.equal(sampled({image = picture, mask = spot, strength = 1}, fill), filled)
check.differ(sampled({image = picture, mask = spot:invert()}, fill), filled)
local run = fill:steps(fox, {size = 32, steps = 3, seed = 7, image = picture, mask = spot})
run()
run:save "fill.safetensors"
check.equal(drained(fill:resume "fill.safetensors"), filled)
check.error("sample: 'image' is missing: this is a Fill model, which paints where a mask is light on a picture; give both 'image' and 'mask'", function() sampled({}, fill) end)
check.error("sample: 'mask' is missing: this is a Fill model, which paints where a mask is light on a picture; give both 'image' and 'mask'", function() sampled({image = picture}, fill) end)
check.error("sample: 'reference' is for Kontext and its like; this is a fill model, which takes a picture in another way",
  function() sampled({image = picture, mask = spot, reference = picture}, fill) end)

-- Manners of inpainting.
local function painted(options)
  options.size, options.steps, options.seed, options.image, options.mask, options.strength = 32, 2, 7, picture, spot, 1
  return dev:generate(fox, options)
end
local changed = (painted {overlay = true}:tensor() - picture:tensor()):abs()
local light = spot:tensor()
check.equal((changed * (1 - light)):max(), 0)
assert((changed * light):max() > 0.05)
local soft = (painted {overlay = true, mask_grow = 4, mask_blur = 1}:tensor() - picture:tensor()):abs()
local reach = spot:grow(4):blur(1):tensor():map(function(x) return x > 0 and 0 or 1 end)
check.equal((soft * reach):max(), 0)
check.differ(painted {mask_grow = 8}:tensor(), painted {}:tensor())
check.error("generate: 'overlay' cannot be false with 'padding', which puts what was painted back into the picture", function() painted {overlay = false, padding = 4} end)
check.error("generate: 'mask_grow' is for a mask: give 'image' and 'mask' too", function() dev:generate(fox, {size = 32, mask_grow = 4}) end)
check.error("generate: 'overlay' is for a mask: give 'mask' too", function() dev:generate(fox, {size = 32, image = picture, overlay = true}) end)

-- References.
local small = sampled {reference = {picture, snap = false}}
check.differ(small, plain)
check.differ(sampled {reference = {picture, other, snap = false}}, small)
check.list(dev:generate(fox, {steps = 1, reference = {other:resize(48, 32), snap = false}}):tensor().shape, {3, 32, 48})
check.error("sample: 'reference' must be an Image, or a list of them with snap = true or false, got 5", function() sampled {reference = 5} end)
check.error("sample: entry 1 of 'reference' must be an Image, got 5", function() sampled {reference = {5}} end)
check.error("sample: 'reference' has no 'snaps': it is an Image, or a list of them with snap = true or false", function() sampled {reference = {picture, snaps = false}} end)

-- Redux.
local seen = sampled {redux = {model = redux, image = picture}}
check.differ(seen, plain)
check.equal(sampled {redux = {model = redux, image = {picture}}}, seen)
check.equal(sampled {redux = {model = redux, image = {{image = picture, weight = 1}}}}, seen)
check.differ(sampled {redux = {model = redux, image = picture, strength = 0.5}}, seen)
check.differ(sampled {redux = {model = redux, image = {picture, other}}}, seen)
check.error("sample: redux: 'model' is missing: the folder of FLUX.1 Redux, with image_encoder and image_embedder", function() sampled {redux = {image = picture}} end)
check.error("sample: redux: 'image' must be a picture, or a list of them, got 5", function() sampled {redux = {model = redux, image = 5}} end)

-- Maps.
check.equal(picture:canny().channels, 1)
check.differ(picture:canny {low = 300, high = 900}:tensor(), picture:canny():tensor())
check.equal(picture:tile(4).width, 32)
check.equal(picture:depth {invert = true, stretch = false}:tensor(), picture:grey():invert():tensor())
local pose = flux.pose {size = {64, 48}, stick = 3, people = {{neck = {32, 16}, nose = {32, 8}}}}
check.equal(pose.width, 64)
check.equal(table.concat({pose:pixel(33, 17)}, " "), "255 85 0")
local listed = {}
for i = 1, 18 do listed[i] = false end
listed[1], listed[2] = {32, 8}, {32, 16}
check.equal(flux.pose {size = {64, 48}, stick = 3, people = {listed}}:tensor(), pose:tensor())
check.error("pose: entry 1 of 'people' has no joint 'hed'", function() flux.pose {size = 64, people = {{hed = {1, 2}}}} end)
check.error("pose: entry 1 of 'people' has a joint 'neck' that is no point {x, y}, but 5", function() flux.pose {size = 64, people = {{neck = 5}}} end)
check.error("canny: 'low' must not be above 'high'", function() picture:canny {low = 9, high = 3} end)

-- Mistakes.
check.error("sample: there is no folder or file 'nix' beside the recipe, in the output folder, in $FLUXLUA_MODELS or where --allow-read points", function() sampled {control = {model = "nix", image = picture}} end)
check.error("sample: control: 'image' is missing: the picture that steers, of the aspect of the size: edges, a depth map, a pose", function() sampled {control = {model = net}} end)
check.error("sample: control: no option 'scael'; did you mean 'scale'?", function() sampled {control = {model = net, image = picture, scael = 1}} end)
check.error("sample: control: 'from' (0.5) must not be above 'to' (0.2)", function() sampled {control = {model = net, image = picture, from = 0.5, to = 0.2}} end)
check.error([[sample: control: 'mode' must be one of "canny", "tile", "depth", "blur", "pose", "gray", "lq", or a number from 0, got "dept" (a string)]],
  function() sampled {control = {model = union, image = picture, mode = "dept"}} end)
check.error("sample: 'control' has a 'mode', but '" .. net .. "' knows one kind of pictures only: leave it out", function() sampled {control = {model = net, image = picture, mode = 1}} end)
check.error("sample: 'control' is 32x16, but the size is 32x32: crop it, or give a size of the same aspect", function() sampled {control = {model = net, image = picture:resize(32, 16)}} end)
check.error("sample: control scale: the function must return a number, got \"x\" (a string)", function() sampled {control = {model = net, image = picture, scale = function() return "x" end}} end)
check.error_matches("is a ControlNet for a model whose blocks are 32 wide, but this model's are %d+; is it for another model", function()
  flux.load():sample("a", {size = 32, steps = 1, control = {model = net, image = picture}})
end)
check.error_matches("is a LoRA, and no ControlNet: it belongs in 'lora'$", function() sampled {control = {model = fixtures .. "lora/lora-peft.safetensors", image = picture}} end)

-- Steps of a sweep that begin alike may still be steered otherwise.
local sweep = flux.sweep {name = "controls", scale = {0, 0.5, 1}}
for cell in sweep:cells() do cell:save(dev:generate(fox, {size = 32, steps = 2, control = {model = net, image = picture, scale = {0.5, cell.scale}}})) end
for i, scale in ipairs {0, 0.5, 1} do
  assert(sweep:cell(i):picture():psnr(dev:generate(fox, {size = 32, steps = 2, control = {model = net, image = picture, scale = {0.5, scale}}})) == math.huge)
end

-- A step cache beside them: a threshold of 0 spares nothing, to the byte; a huge one all but the first evaluation; a saved run goes on to the same bytes.
for name, options in pairs {
  control = {size = 32, control = {model = net, image = picture}},
  union = {size = 32, control = {{model = union, image = other, mode = "canny"}, {model = net, image = picture, scale = {1, 0.5}}}},
  reference = {size = 32, reference = {picture, other, snap = false}},
} do
  options.steps, options.seed = 4, 7
  local plain = dev:sample(fox, options)
  options.cache = {threshold = 0}
  check.equal(dev:sample(fox, options), plain)
  options.cache = {threshold = 1e6}
  local whole = dev:steps(fox, options)
  local made = drained(whole)
  check.differ(made, plain)
  check.equal(whole.spared, 3 * 4)
  local run = dev:steps(fox, options)
  run()
  run()
  run:save(name .. "-cached.safetensors")
  check.equal(drained(dev:resume(name .. "-cached.safetensors")), made)
end
