-- Four steps are enough for FLUX.1-schnell: four seeds side by side.
local p = flux.params { prompt = "a snowman on a light blue background", seed = 1 }
local model = flux.load()                                             -- --model black-forest-labs/FLUX.1-schnell

local pictures = {}
for seed = p.seed, p.seed + 3 do
  pictures[#pictures + 1] = model:generate(p.prompt, { steps = 4, seed = seed }):label("seed " .. seed)
end
flux.sheet(pictures, { columns = 4 }):save "quick.png"
