-- Paints a fox.
local model = flux.load()
model:generate("a fox on a light blue background", { seed = 7 }):save "fox.png"
