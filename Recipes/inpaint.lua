-- Repaints the left half of a picture and leaves the right half as it is.
local p = flux.params { from = "a mushroom on a green background", prompt = "a mushroom on a purple background", seed = 11 }
local model = flux.load()
local start = model:generate(p.from, { seed = p.seed })
start:save "start.png"

-- A mask is a picture: light where it is painted.
local side = start.width
local mask = flux.zeros { 1, side, side }
for y = 1, side do
  for x = 1, side // 2 do mask:set(1, y, x, 1) end
end
mask = flux.image(mask)
mask:save "mask.png"

model:generate(p.prompt, { image = start, mask = mask, strength = 0.9, seed = p.seed }):save "repainted.png"
