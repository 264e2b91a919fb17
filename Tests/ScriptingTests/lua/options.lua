-- generate, sample and steps: every option has its effect, and every mistake its message.
local check = require "_check"
local dev, schnell = flux.load "../../Fixtures/tiny-dev", flux.load "../../Fixtures/tiny-schnell"

-- Short ones, because most of the work is text otherwise
local fox, crow = dev:encode {prompt = "a red fox", max_length = 8}, dev:encode {prompt = "a black crow", max_length = 8}
local none = {}

-- Latents of two small steps, with these options changed.
local function sample(changes, prompt, model)
  local options = {size = 32, steps = 2, seed = 7}
  for name, value in pairs(changes) do options[name] = value end
  for name, value in pairs(options) do if value == none then options[name] = nil end end
  return (model or dev):sample(prompt or fox, options)
end
local plain = sample {}
check.equal(sample {}, plain)
check.list(plain.shape, {16, 4, 4})

-- size
check.list(sample {size = 64}.shape, {16, 8, 8})
check.list(sample {size = {64, 32}}.shape, {16, 4, 8})
local image = dev:generate(fox, {size = {64, 32}, steps = 1})
check.equal(image.width, 64)
check.equal(image.height, 32)
check.equal(image:psnr(dev:decode(dev:sample(fox, {size = {64, 32}, steps = 1}))), math.huge)

-- prompt and seed
check.differ(sample({}, crow), plain)
check.differ(sample {seed = 8}, plain)
check.equal(sample {seed = none}, sample {seed = 0})
check.equal(sample {seed = 7.0}, plain)

-- steps, schedule, shift
check.differ(sample {steps = 3}, plain)
check.equal(sample {steps = none, schedule = flux.schedule(2)}, plain)
check.equal(sample {steps = none, schedule = flux.schedule(2):shift_for(dev, 32)}, plain)
local given = sample {steps = none, schedule = {1, 0.5, 0}}
check.differ(given, plain)
check.equal(sample {shift = "auto"}, plain)
check.equal(sample {shift = false}, given)
check.equal(sample {shift = 1}, given)
check.equal(sample {shift = 3}, sample {steps = none, schedule = {1, 0.75, 0}})
check.equal(sample {steps = none, schedule = {1, 0.5, 0}, shift = 3}, sample {shift = 3})
check.equal(sample {steps = none, schedule = {1, 0.5, 0}, shift = "auto"}, given)
local count = 0
dev:sample(fox, {size = 32, on_step = function(step) count = step.count; return false end})
check.equal(count, 28)

-- sampler
check.equal(sample {sampler = "euler"}, plain)
check.differ(sample {sampler = "heun"}, plain)

-- guidance
check.equal(sample {guidance = 3.5}, plain)
check.differ(sample {guidance = 1}, plain)
check.equal(sample {guidance = {3.5}}, plain)
check.equal(sample {guidance = function() return 3.5 end}, plain)
check.differ(sample {guidance = {3.5, 1}}, plain)
check.equal(sample {guidance = {3.5, 1}}, sample {guidance = function(step) return step.index == 1 and 3.5 or 1 end})
check.equal(sample {steps = 3, guidance = {2, 5}}, sample {steps = 3, guidance = {2, 5, 5}})
check.equal(sample({guidance = 1}, "a fox", schnell), sample({guidance = 9}, "a fox", schnell))
check.equal(sample({before_step = function(step) step.guidance = 9 end}, "a fox", schnell), sample({}, "a fox", schnell))

-- cfg
check.equal(sample {cfg = {scale = 1}}, plain)
local nothing = dev:encode ""
local far = sample {cfg = {scale = 4}}
check.differ(far, plain)
check.equal(sample {cfg = {scale = 4, negative = ""}}, far)
check.equal(sample {cfg = {scale = 4, negative = nothing}}, far)
check.differ(sample {cfg = {scale = 4, negative = "blurry"}}, far)
check.equal(sample {cfg = {scale = {4}}}, far)
check.equal(sample {cfg = {scale = function() return 4 end}}, far)
check.differ(sample {cfg = {scale = {4, 1}}}, far)
check.equal(sample {cfg = {scale = 4, negative = fox}}:sub(plain):abs():max() < 1e-4, true)
dev:sample(fox, {size = 32, steps = 1, cfg = {scale = 4, negative = "blurry"}, on_step = function(step)
  local x = flux.noise {size = 32, seed = 0}
  local wanted, unwanted = dev:velocity(x, 1, step.conditioning), dev:velocity(x, 1, dev:encode "blurry")
  check.near(step.velocity, unwanted + 4 * (wanted - unwanted), 1e-5)
end})

-- noise
check.equal(sample {noise = flux.noise {size = 32, seed = 7}}, plain)
check.equal(sample {noise = flux.noise {size = 32, seed = 7}, seed = 99}, plain)
check.differ(sample {noise = flux.noise {size = 32, seed = 8}}, plain)
check.equal(sample {noise = function(of) return flux.noise {seed = of.seed, size = of.size} end}, plain)
local told = {}
sample {seed = {3, 4}, noise = function(of) told[of.index] = of.seed .. " " .. of.size[1] .. "x" .. of.size[2]; return flux.noise {seed = of.seed, size = of.size} end}
check.list(told, {"3 32x32", "4 32x32"})
check.equal(flux.noise {like = plain, seed = 7}, flux.noise {size = 32, seed = 7})
check.equal(flux.noise {size = 32, seed = 7, rng = "torch"}, flux.noise {size = 32, seed = 7})
check.equal(flux.noise {size = 32}, flux.noise {size = 32, seed = 0})

-- batch: one generator draws on, as diffusers does; a list of seeds gives one each; a list of prompts one each.
local both = sample {batch = 2}
check.list(both.shape, {2, 16, 4, 4})
check.equal(both[1], plain)
check.differ(both[2], plain)
check.equal(sample {batch = 2, noise = flux.noise {size = 32, seed = 7, batch = 2}}, both)
local listed = sample {seed = {7, 8}}
check.equal(listed[1], plain)
check.equal(listed[2], sample {seed = 8})
check.equal(sample {seed = {7, 8}, batch = 2}, listed)
local prompts = sample({seed = {7, 7}}, {fox, crow})
check.equal(prompts[1], plain)
check.equal(prompts[2], sample({}, crow))
check.equal(sample({}, {fox, "a black crow"})[1], plain)
local images = dev:generate(fox, {size = 32, steps = 1, seed = {7, 8}})
check.equal(#images, 2)
check.equal(images[2]:psnr(dev:generate(fox, {size = 32, steps = 1, seed = 8})), math.huge)
check.equal(#sample {batch = 1}.shape, 3)

-- Mistakes: one sentence each, at the line of the call
local function wrong(message, changes, prompt) check.error("sample: " .. message, sample, changes, prompt) end
wrong("no option 'guidence'; did you mean 'guidance'?", {guidence = 3})
wrong("no option 'colour'", {colour = 3})
wrong("options have names, not positions: got [1]", {3})
wrong("'size' must be a multiple of 16, got 500; the nearest are 496 and 512", {size = 500})
wrong("'size' must be a multiple of 16, got 40; the nearest are 32 and 48", {size = {32, 40}})
wrong([['steps' must be a whole number from 1 to 1000, got "2" (a string); remove the quotes]], {steps = "2"})
wrong("'steps' must be a whole number from 1 to 1000, got 0", {steps = 0})
wrong("'steps' and 'schedule' both say how many steps there are; give one of them", {schedule = {1, 0}})
wrong("'schedule' must be a Schedule or a list of sigmas that falls to 0, got 3", {steps = none, schedule = 3})
wrong("schedule: sigmas must fall, but sigma 3 (0.7) is not below sigma 2 (0.5)", {steps = none, schedule = {1, 0.5, 0.7, 0}})
wrong([['shift' must be "auto", a factor above 0, or false, got 0]], {shift = 0})
local samplers = "'sampler' must be a function, or one of euler, heun, dpm_2, euler_ancestral, dpmpp_2m, dpmpp_2m_sde, dpmpp_sde, lcm, uni_pc, deis, ipndm, res_multistep, gradient_estimation, lms, er_sde, got "
wrong(samplers .. [["huen" (a string); did you mean "heun"?]], {sampler = "huen"})
wrong(samplers .. "3", {sampler = 3})
wrong([['guidance' must be a number, a list of them, or a function of the step, got "x" (a string)]], {guidance = "x"})
wrong("'guidance' must be a finite number, got nan", {guidance = math.huge - math.huge})
wrong("'guidance' must be a list of at least 1, got 0", {guidance = {}})
wrong("entry 2 of 'guidance' must be a number, got true", {guidance = {1, true}})
wrong("guidance: the function must return a number, got nil", {guidance = function() end})
wrong("'cfg' must be a table of options, got 3", {cfg = 3})
wrong("cfg: 'scale' is missing: how far away from the negative; 1 is not at all", {cfg = {}})
wrong("cfg: no option 'scael'; did you mean 'scale'?", {cfg = {scale = 2, scael = 3}})
wrong("cfg: 'from' must be a number from 0 to 1, got 2", {cfg = {scale = 2, from = 2}})
wrong("cfg: 'from' (0.5) must not be above 'to' (0.2)", {cfg = {scale = 2, from = 0.5, to = 0.2}})
wrong([[cfg: 'combine' must be one of "plain", "rescale", "cfg_zero", "apg", or a function, got "apq" (a string)]], {cfg = {scale = 2, combine = "apq"}})
wrong("cfg.combine: the function must return a Tensor, got nil", {cfg = {scale = 2, combine = function() end}})
wrong("cfg.combine: the function must return a Tensor of shape [16, 4, 4], got [3]", {cfg = {scale = 2, combine = function() return flux.ones(3) end}})
wrong([[cfg.scale: the function must return a number, got "a" (a string)]], {cfg = {scale = function() return "a" end}})
wrong("'negative' lists 2 for a batch of 1; give one for each picture, or one", {cfg = {scale = 2, negative = {"a", "b"}}})
wrong("'noise' must have the shape [16, 4, 4] for a size of 32x32, got [3]", {noise = flux.ones(3)})
wrong("'noise' must be a Tensor or a function, got 3", {noise = 3})
wrong("noise: the function must return a Tensor, got nil", {noise = function() end})
wrong("noise: the function must return a Tensor of shape [16, 4, 4], got [3]", {noise = function() return flux.ones(3) end})
wrong("'seed' must be a whole number, or a list of them, got 1.5", {seed = 1.5})
wrong([[entry 2 of 'seed' must be a whole number, got "a" (a string)]], {seed = {1, "a"}})
wrong("'seed' lists 2 seeds for a batch of 3; give one for each picture, or one number", {seed = {1, 2}, batch = 3})
wrong("'batch' must be a whole number from 1 to 1024, got 0", {batch = 0})
wrong("'prompt' lists 2 for a batch of 3; give one for each picture, or one", {batch = 3}, {"a", "b"})
wrong("'prompt' must be a text, a table of texts, a Conditioning, or a list of them, got 3", {}, 3)
wrong("entry 1 of 'prompt' must be a string or a Conditioning, got true", {}, {true})
wrong("'image' must be an Image, got 1", {image = 1})
wrong("'cache' must be a table of options, got 1", {cache = 1})
wrong("'control' must be { model =, image =, … }, or a list of them, got 1", {control = 1})
wrong("'eta' has no meaning for euler; it is for euler_ancestral, dpmpp_2m_sde, dpmpp_sde, er_sde", {eta = 1})
wrong("'s_noise' has no meaning for heun; it is for euler_ancestral, dpmpp_2m_sde, dpmpp_sde, lcm, er_sde", {s_noise = 1, sampler = "heun"})
wrong("'mask' says where to paint on a picture: give 'image' too", {mask = flux.image(flux.ones {1, 32, 32})})
wrong("'strength' is of a picture to start from: give 'image' too", {strength = 0.5})
wrong("'image' is 32x64, but the size is 32x32: crop it, or give a size of the same aspect", {image = flux.image(flux.ones {3, 64, 32})})
wrong("'before_step' must be a function, got 3", {before_step = 3})
wrong([[3 things are wrong:
  'batch' must be a whole number from 1 to 1024, got 0
  'steps' must be a whole number from 1 to 1000, got 0
  no option 'stpes'; did you mean 'steps'?]], {steps = 0, batch = 0, stpes = 1})
check.error("noise: 'size' or 'like' must say what shape the noise has", flux.noise, {})
check.error("noise: 'size' must be a multiple of 16, got 500; the nearest are 496 and 512", flux.noise, {size = 500})
check.error_matches([[noise: 'rng' must be "torch", "torch%-bf16", "a1111", "cuda:<resident threads>" or one of "cuda:T4", .*, got "cuda" %(a string%)]], flux.noise, {size = 32, rng = "cuda"})
check.error("generate: 'options' must be a table of options, got \"b\" (a string)", function() dev:generate("a", "b") end)
check.error("steps: no option 'stepss'; did you mean 'steps'?", function() dev:steps("a", {stepss = 1}) end)

-- Start noise that is no number
wrong("'noise' holds a number that is infinite or not a number", {noise = flux.full({16, 4, 4}, 0 / 0)})
