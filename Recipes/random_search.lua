-- A random search: seeds, guidances, shifts and steps are drawn, every picture is scored, and the best one is kept.
local p = flux.params {
  prompt  = "a birthday cake on a light blue background",
  samples = { 16, min = 1, max = 10000, help = "how many are tried; with --keep more are added" },
}
local model = flux.load()
local prompt = model:encode(p.prompt)

local function colour(image)                     -- how far the channels are apart, from 0 to 1
  local rgb = image:tensor()
  return (rgb:max(1) - rgb:min(1)):mean()
end

local sweep = flux.sweep {
  seed = flux.uniform(1, 9999, 1), guidance = flux.uniform(1, 6, 0.1), shift = flux.uniform(1, 4, 0.1), steps = flux.choice { 6, 8, 10 },
  samples = p.samples,
}
sweep:each(function(cell)
  local image = model:generate(prompt, { seed = cell.seed, guidance = cell.guidance, shift = cell.shift, steps = cell.steps })
  cell:save(image, { extra = { colour = colour(image) } })
end)

local best, score = sweep:best(function(cell, made) return made.extra.colour end)
flux.log("the best of %d: %s (%.3f)", #sweep:done(), best.label, score)
best:picture():save "best.png"
sweep:sheet { label = function(cell, made) return ("%.3f%s"):format(made.extra.colour, cell.id == best.id and ", the best" or "") end }:save "sheet.png"
