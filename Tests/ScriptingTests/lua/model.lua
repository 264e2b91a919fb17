-- Model: what it says of itself, and its single stages.
local check = require "_check"
local dev, schnell = flux.load "../../Fixtures/tiny-dev", flux.load "../../Fixtures/tiny-schnell"
local embedded = flux.load()

check.equal(dev.kind, "dev")
check.equal(schnell.kind, "schnell")
check.equal(embedded.kind, "dev")
assert(dev.name:find "tiny%-dev$" and #dev.hash == 64 and dev.hash ~= schnell.hash)
check.equal(dev.parameters, 367563)
check.equal(math.type(dev.parameters), "integer")
check.equal(dev.precision, "f32")
check.equal(dev.defaults.steps, 28)
check.equal(dev.defaults.guidance, 3.5)
check.equal(dev.defaults.size, 1024)
check.equal(dev.defaults.max_length, 512)
check.equal(tostring(dev.defaults.schedule), "Schedule of 28 steps, spaced by the model")
check.equal(schnell.defaults.steps, 4)
check.equal(schnell.defaults.guidance, nil)
check.equal(schnell.defaults.max_length, 256)
assert(tostring(dev):find "^Model .*tiny%-dev %(dev, 367 k parameters, f32%)$", tostring(dev))

-- One model for each source and precision, and the same object each time
check.equal(flux.load "../../Fixtures/tiny-dev", dev)
check.equal(({[dev] = 1})[flux.load "../../Fixtures/tiny-dev"], 1)
check.equal(flux.load(), embedded)
local half = flux.load("../../Fixtures/tiny-dev", {precision = "bf16"})
check.differ(half, dev)
check.equal(half.precision, "bf16")
check.differ(half:sample("a fox", {size = 32, steps = 1}), dev:sample("a fox", {size = 32, steps = 1}))
check.equal(flux.load("../../Fixtures/tiny-dev", {precision = "f32"}), dev)

-- Parts from other folders
local parts = flux.load {"../../Fixtures/tiny-dev", vae = "../../Fixtures/tiny-schnell/vae"}
local latents = flux.noise {size = 32, seed = 2}
check.equal(parts:decode(latents):psnr(schnell:decode(latents)), math.huge)
assert(parts:decode(latents):psnr(dev:decode(latents)) < 100)
check.equal(flux.load {"../../Fixtures/tiny-dev", vae = "../../Fixtures/tiny-schnell"}:decode(latents):psnr(schnell:decode(latents)), math.huge)

-- Tokens
local tokens = dev:tokens "a red fox"
check.equal(tokens.clip.pieces[1], "<|startoftext|>")
check.equal(#tokens.clip.ids, #tokens.clip.pieces)
check.equal(#tokens.t5.ids, #tokens.t5.pieces)
check.equal(tokens.t5.ids[#tokens.t5.ids], 1)
check.equal(table.concat(tokens.t5.pieces):gsub("▁", " "):match "^ (.-)</s>", "a red fox")

-- Decoding and encoding are each other's inverse on a real VAE, as near as it gets.
local picture = embedded:generate("a red apple on a white background", {steps = 4, seed = 1})
local there = embedded:encode_image(picture)
check.list(there.shape, {16, picture.height / 8, picture.width / 8})
assert(embedded:decode(there):psnr(picture) > 20, embedded:decode(there):psnr(picture))
local sampled = embedded:encode_image(picture, {sample = true, seed = 1})
check.differ(sampled, there)
check.equal(embedded:encode_image(picture, {sample = true, seed = 1}), sampled)
check.differ(embedded:encode_image(picture, {sample = true, seed = 2}), sampled)
check.equal(embedded:encode_image(picture, {sample = false, seed = 2}), there)
local both = flux.zeros {2, 16, 4, 4}
check.equal(#dev:decode(both), 2)
check.equal(dev:decode(both)[2]:psnr(dev:decode(flux.zeros {16, 4, 4})), math.huge)

-- Tiles: a little off, and never without being asked for where there is memory.
local wide = flux.noise {size = {192, 128}, seed = 3}
local whole, tiled = dev:decode(wide), dev:decode(wide, {tile = 64})
check.equal(dev:decode(wide, {tile = false}):psnr(whole), math.huge)
check.equal(dev:decode(wide, {tile = 192}):psnr(whole), math.huge)
assert(tiled:psnr(whole) > 25 and tiled:psnr(whole) < math.huge, tiled:psnr(whole))
local painted = dev:generate("a fox", {size = {192, 128}, steps = 1, tile = 64})
check.equal(painted:psnr(dev:decode(dev:sample("a fox", {size = {192, 128}, steps = 1}), {tile = 64})), math.huge)
assert(painted.text.fluxlua:find '"tile":64' and not dev:generate("a fox", {size = 64, steps = 1}).text.fluxlua:find '"tile"')
check.equal(flux.load("../../Fixtures/tiny-dev", {memory = "8GB"}).hash, dev.hash)

-- The transformer by itself
local fox = dev:encode {prompt = "a red fox", max_length = 8}
local velocity = dev:velocity(latents, 0.5, fox)
check.list(velocity.shape, {16, 4, 4})
check.equal(dev:velocity(latents, 0.5, fox, {guidance = 3.5}), velocity)
check.differ(dev:velocity(latents, 0.5, fox, {guidance = 1}), velocity)
check.differ(dev:velocity(latents, 0.6, fox), velocity)
check.differ(dev:velocity(latents + 0.1, 0.5, fox), velocity)
check.differ(dev:velocity(latents, 0.5, dev:encode {prompt = "a crow", max_length = 8}), velocity)
check.equal(dev:velocity(latents:expand(2, 16, 4, 4), 0.5, fox)[2], velocity)
check.list(schnell:velocity(latents, 0.5, schnell:encode "a red fox", {guidance = 3}).shape, {16, 4, 4})

check.error("encode: 'prompt' must be a text or a table of texts, got 5", function() dev:encode(5) end)
check.error("encode: no option 'max_lenght'; did you mean 'max_length'?", function() dev:encode {prompt = "x", max_lenght = 5} end)
check.error("encode: 'max_length' must be a whole number from 1 to 512, got 900", function() dev:encode {prompt = "x", max_length = 900} end)
check.error("encode: 'weights' must be true or false, got a table", function() dev:encode {prompt = "x", weights = {}} end)
check.error("tokens: 'text' must be a string, got nothing", function() dev:tokens() end)
check.error("decode: 'latents' must have the shape [16, height/8, width/8], both even, or [n, 16, …], got [16, 3, 4]", function() dev:decode(flux.zeros {16, 3, 4}) end)
check.error("decode: 'latents' hold a number that is infinite or not a number", function() dev:decode(latents / 0) end)
check.error("decode: 'latents' must be a Tensor, got a table", function() dev:decode {} end)
check.error("decode: 'tile' must be a multiple of 16 from 64 to 4096, or false, got 100", function() dev:decode(latents, {tile = 100}) end)
check.error("decode: 'tile' must be a multiple of 16 from 64 to 4096, or false, got true", function() dev:decode(latents, {tile = true}) end)
check.error("load: 'memory' must be a size of at least 1MB, such as \"12GB\", got 12", flux.load, "../../Fixtures/tiny-dev", {memory = 12})
check.error_matches("load: .*tiny%-dev: does not work under a memory limit of 1MB; the smallest that works is %d+MB in %w+$", function() flux.load("../../Fixtures/tiny-dev", {memory = "1MB"}) end)
check.error("encode_image: 'image' is 40x40, but its sides must be multiples of 16", function() dev:encode_image(flux.image(flux.zeros {3, 40, 40})) end)
check.error("encode_image: 'sample' must be true or false, got 1", function() dev:encode_image(picture, {sample = 1}) end)
check.error("velocity: 'sigma' must be a number from 0 to 1, got 1.5", function() dev:velocity(latents, 1.5, fox) end)
check.error("velocity: 'conditioning' must be a Conditioning, got \"a fox\" (a string)", function() dev:velocity(latents, 0.5, "a fox") end)
check.error("velocity: no option 'guidence'; did you mean 'guidance'?", function() dev:velocity(latents, 0.5, fox, {guidence = 1}) end)
check.error("velocity: 'guidance' must be a finite number, got nan", function() dev:velocity(latents, 0.5, fox, {guidance = math.huge - math.huge}) end)
check.error("model: a Model has no 'kinds'; did you mean 'kind'?", function() return dev.kinds end)
check.error("generate: use ':' to call it, as in model:generate(...)", function() dev.generate("a fox") end)

check.error("load: there is no folder or file 'nix' beside the recipe, in the output folder, in $FLUXLUA_MODELS or where --allow-read points", flux.load, "nix")
check.error_matches("^model%.lua:%d+: load: some/model: cannot be read: it is no folder here, nor is a model of that name in .*nothing is ever downloaded%. To fetch it: huggingface%-cli download some/model$", function() flux.load "some/model" end)
check.error("load: there is no folder or file 'm.gguf' beside the recipe, in the output folder, in $FLUXLUA_MODELS or where --allow-read points", flux.load, "m.gguf")
check.error_matches("load: .*: holds no part of FLUX%.1 that is known here, but missing: the transformer, the T5 encoder, the CLIP encoder, the autoencoder", flux.load, "../../Fixtures/pictures")
check.error_matches("load: .*blocks%.safetensors: holds no part of FLUX%.1", flux.load, "../../Fixtures/gguf/blocks.safetensors")
check.error("load: 'source' must be a folder, a file, a name of the hub, or a table of folders and files, got 5", flux.load, 5)
check.error([[load: 'source' names no folder: flux.load("folder"), flux.load { "folder", transformer = "other" }, or flux.load() for the chosen model]], flux.load, {})
check.error_matches("load: the model: the autoencoder %(VAE%) is there, but missing: the transformer, the T5 encoder, the CLIP encoder, the tokenizers", flux.load, {vae = "../../Fixtures/tiny-dev"})
check.error("load: no option 'vea'; did you mean 'vae'?", flux.load, {"../../Fixtures/tiny-dev", vea = "x"})
check.error_matches("load: .*: the T5 encoder gives vectors of 64, but the transformer takes 48; do they belong together%?", flux.load, {"../../Fixtures/tiny-dev", t5 = "../../Fixtures/tiny-schnell"})
check.error([[load: 'precision' must be "auto", "f32", "bf16" or "int8", got "f16" (a string)]], flux.load, nil, {precision = "f16"})
check.error("load: '/etc' lies outside of what this recipe may read; allow it with --allow-read FOLDER", flux.load, "/etc")

-- Single files.
local bfl = flux.load {"../../Fixtures/tiny-dev", transformer = "../../Fixtures/variants/flux1-dev-tiny.safetensors", vae = "../../Fixtures/variants/ae.safetensors",
                       t5 = "../../Fixtures/gguf/t5-tiny-Q8_0.gguf", clip = "../../Fixtures/variants/clip_l.safetensors"}
assert(bfl.kind == "dev" and bfl:generate("a fox", {size = 32, steps = 1}).width == 32)
local found = flux.models()
assert(found[1].name == "embedded" and found[1].kind == "dev" and #found[1].missing == 0 and found[1].size > 1e6)
assert(flux.load(nil, {precision = "int8"}).precision == "int8")
