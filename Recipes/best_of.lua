-- Paints many seeds, gives up on the dull ones after two steps, and keeps the most colourful picture.
local p = flux.params {
  prompt = "a birthday cake on a light blue background",
  seeds  = { 8, min = 1, max = 1000, help = "how many are tried" },
}
local model = flux.load()
local prompt = model:encode(p.prompt)

local function colour(image)                     -- how far the channels are apart, from 0 to 1
  local rgb = image:tensor()
  return (rgb:max(1) - rgb:min(1)):mean()
end

local best, best_colour, finished = nil, -1, 0
for seed = 1, p.seeds do
  local run = model:steps(prompt, { seed = seed })
  for step in run do
    -- A preview costs next to nothing: no decoder is run.
    if step.index == 2 and colour(step:preview()) < best_colour * 0.97 then
      step:stop()
      run = nil
      break
    end
  end
  if run then
    local image = run:image()
    finished = finished + 1
    if colour(image) > best_colour then best, best_colour = image, colour(image) end
  end
end
flux.log("%d of %d seeds were painted to the end; the best has a colour of %.2f", finished, p.seeds, best_colour)
best:save "best.png"
