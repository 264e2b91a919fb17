-- Variations of one picture: its noise, moved a little towards other seeds along the arc between them.
local p = flux.params {
  prompt = "a panda",
  seed   = 4,
  change = { 0.3, min = 0, max = 1, help = "how far towards the other seed" },
}
local model = flux.load()
local prompt, size = model:encode(p.prompt), model.defaults.size
local noise = flux.noise { size = size, seed = p.seed }

local images, labels = { model:generate(prompt, { noise = noise }) }, { "seed " .. p.seed }
for other = 101, 107 do
  local moved = flux.slerp(noise, flux.noise { size = size, seed = other }, p.change)
  images[#images + 1] = model:generate(prompt, { noise = moved })
  labels[#labels + 1] = ("towards %d"):format(other)
end
flux.sheet(images, { columns = 4, labels = labels, title = p.prompt }):save "variations.png"
