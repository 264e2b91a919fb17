-- Repaints the left half of a picture and leaves the right half as it is.
local p = flux.params { from = "a mushroom on a green background", prompt = "a mushroom on a purple background", seed = 11 }
local model = flux.load()
local start = model:generate(p.from, { seed = p.seed })
start:save "start.png"

-- A mask is a picture: light where it is painted.
local mask = flux.mask { size = start.width }:rect(0, 0, start.width / 2, start.height)
mask:save "mask.png"

model:generate(p.prompt, { image = start, mask = mask, strength = 0.9, seed = p.seed }):save "repainted.png"
